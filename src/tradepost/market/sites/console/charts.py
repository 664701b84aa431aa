"""Geometry of the charts: rectangles that a template draws as SVG, without scripts or styles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.payments.day_totals import DayFigure
from tradepost.market.payments.models import Transfer
from tradepost.market.production.operator_queries import Hour

WIDTH = 240
HEIGHT = 100
GAP = 2
SERIES = ("done", "pending", "refused", "fault")
"""Series from the bottom up: successes first, so that problems stand out above them."""


class BarSegment(Struct, frozen=True):
    series: str
    y: float
    height: float


class Bar(Struct, frozen=True):
    hour: Hour
    x: float
    width: float
    pieces: Sequence[BarSegment]


class Chart(Struct, frozen=True):
    bars: Sequence[Bar]
    top: int
    """Value at the upper edge."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def empty(self) -> bool:
        return not any(bar.hour.all for bar in self.bars)

    @property
    def ticks(self) -> list[datetime]:
        """Return the times below the chart: first, quarters, last."""
        hours = [bar.hour.at for bar in self.bars]
        return [*hours[:: max(len(hours) // 4, 1)][:4], hours[-1]] if hours else []


def hourly_chart(hours: Sequence[Hour]) -> Chart:
    top = round_up(max((hour.all for hour in hours), default=0))
    step = WIDTH / max(len(hours), 1)
    return Chart(
        [Bar(hour, round(n * step, 2), round(step - GAP, 2), _segments(hour, top)) for n, hour in enumerate(hours)], top
    )


def _segments(hour: Hour, top: int) -> list[BarSegment]:
    pieces, y_position = [], float(HEIGHT)
    for series in SERIES:
        if count := getattr(hour, series):
            height = HEIGHT * count / top
            y_position -= height
            pieces.append(BarSegment(series, round(y_position, 2), round(height, 2)))
    return pieces


class DayBar(Struct, frozen=True):
    """Amounts paid and refunded on a day, in major units like ``top``."""

    day: date
    orders: int
    paid: Money
    refunded: Money
    x: float
    width: float
    paid_height: float
    refunded_height: float

    @property
    def paid_y(self) -> float:
        return HEIGHT - self.paid_height

    @property
    def refunded_y(self) -> float:
        return HEIGHT - self.refunded_height


class DayChart(Struct, frozen=True):
    bars: Sequence[DayBar]
    top: Money
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def empty(self) -> bool:
        return not any(bar.paid.minor or bar.refunded.minor for bar in self.bars)

    @property
    def ticks(self) -> list[date]:
        return [self.bars[0].day, self.bars[len(self.bars) // 2].day, self.bars[-1].day]


PAID = frozenset({Transfer.Reason.PAYMENT, Transfer.Reason.COLLECTED})
REFUNDED = frozenset({Transfer.Reason.REFUND, Transfer.Reason.CREDITED})


def daily_chart(first: date, last: date, booked: Sequence[DayFigure], *, currency: str) -> DayChart:
    """Return payments and refunds by day in one currency, including days without any."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    figures = [figure for figure in booked if figure.amount.currency == currency]

    def total(day: date, kinds: Collection[str]) -> int:
        return sum(figure.amount.minor for figure in figures if figure.day == day and figure.kind in kinds)

    top = round_up(max((max(total(day, PAID), total(day, REFUNDED)) for day in days), default=0))
    step = WIDTH / len(days)
    bars = [
        DayBar(
            day,
            sum(figure.transfers for figure in figures if figure.day == day and figure.kind == Transfer.Reason.PAYMENT),
            Money(total(day, PAID), currency), Money(total(day, REFUNDED), currency), round(n * step, 2), round(step - GAP, 2),
            round(HEIGHT * total(day, PAID) / top, 2), round(HEIGHT * total(day, REFUNDED) / top, 2),
        )
        for n, day in enumerate(days)
    ]  # fmt: skip
    return DayChart(bars, Money(top, currency))


def round_up(value: int) -> int:
    """Round up to 1, 2, 5, 10, 20, 50 …, for a readable scale."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if value <= step * scale:
                return step * scale
        scale *= 10
