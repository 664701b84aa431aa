"""Geometry of small bar charts for an SVG. The template draws them, the stylesheet sets the colours."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

WIDTH, HEIGHT, GAP = 560, 120, 6
MIN_HEIGHT = 2
"""Minimum height of a bar, so that an empty day remains visible."""


class Bar[Label](Struct, frozen=True):
    label: Label
    value: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


class Chart[Label](Struct, frozen=True):
    bars: tuple[Bar[Label], ...]
    width: int
    height: int
    most: int


def bars[Label](values: Sequence[tuple[Label, int]]) -> Chart[Label]:
    """Return bars of equal width, with heights proportional to the largest value."""
    max_value = max((value for _, value in values), default=0)
    step = WIDTH // max(len(values), 1)
    drawn_bars = []
    for position, (label, value) in enumerate(values):
        height = max(MIN_HEIGHT, HEIGHT * value // max_value) if max_value else MIN_HEIGHT
        drawn_bars.append(Bar(label, value, position * step + GAP // 2, HEIGHT - height, step - GAP, height))
    return Chart(tuple(drawn_bars), WIDTH, HEIGHT, max_value)
