"""Geometry of the charts: numbers become rectangles here, a template draws them as SVG without any script or style."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.production.operator_queries import Hour

WIDTH = 240
HEIGHT = 100
GAP = 2
SERIES = ("done", "pending", "refused", "fault")
"""From the bottom up: what went well is the ground on which trouble stands out."""


class Piece(Struct, frozen=True):
    series: str
    y: float
    height: float


class Bar(Struct, frozen=True):
    hour: Hour
    x: float
    width: float
    pieces: Sequence[Piece]


class Chart(Struct, frozen=True):
    bars: Sequence[Bar]
    top: int
    """The value at the upper edge."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def empty(self) -> bool:
        return not any(bar.hour.all for bar in self.bars)

    @property
    def ticks(self) -> list[datetime]:
        """The moments under the chart: first, the quarters, last."""
        hours = [bar.hour.at for bar in self.bars]
        return [*hours[:: max(len(hours) // 4, 1)][:4], hours[-1]] if hours else []


def stacked(hours: Sequence[Hour]) -> Chart:
    top = round_up(max((hour.all for hour in hours), default=0))
    step = WIDTH / max(len(hours), 1)
    return Chart(
        [Bar(hour, round(n * step, 2), round(step - GAP, 2), _pieces(hour, top)) for n, hour in enumerate(hours)], top
    )


def _pieces(hour: Hour, top: int) -> list[Piece]:
    pieces, y = [], float(HEIGHT)
    for series in SERIES:
        if count := getattr(hour, series):
            height = HEIGHT * count / top
            y -= height
            pieces.append(Piece(series, round(y, 2), round(height, 2)))
    return pieces


def round_up(value: int) -> int:
    """The next number of the row 1, 2, 5, 10, 20, 50 …, so that the scale is one that people read at a glance."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if value <= step * scale:
                return step * scale
        scale *= 10
