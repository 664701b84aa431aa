"""Small bar charts as numbers for an SVG: the template draws them, the stylesheet colours them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

WIDTH, HEIGHT, GAP = 560, 120, 6
LOWEST = 2
"""A day without orders keeps a line one can see."""


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
    """Bars of equal width whose heights are in proportion to the largest value."""
    most = max((value for _, value in values), default=0)
    step = WIDTH // max(len(values), 1)
    drawn = []
    for position, (label, value) in enumerate(values):
        height = max(LOWEST, HEIGHT * value // most) if most else LOWEST
        drawn.append(Bar(label, value, position * step + GAP // 2, HEIGHT - height, step - GAP, height))
    return Chart(tuple(drawn), WIDTH, HEIGHT, most)
