"""Forecast of a month's usage cost from the recent pace (design pages.md, Usage; computed by hand)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.billing.forecast import Forecast, KnownUsage, forecast, window
from tradepost.market.billing.rate import Rate
from tradepost.market.catalog.price_models import PriceModel

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
ENDS = BEGAN + timedelta(days=30)
DAY = timedelta(days=1)
LINEAR = Rate(model=PriceModel.LINEAR, currency="CNY", price=Decimal("0.10"))
TIER = Rate(model=PriceModel.TIER, currency="CNY", bands=[(Decimal(100), Decimal("0.10")), (None, Decimal("0.05"))])
STEP = Rate(model=PriceModel.STEP, currency="CNY", bands=[(Decimal(100), Decimal("0.10")), (None, Decimal("0.05"))])


def units(value: float) -> int:
    return int(value * 10_000)


@pytest.mark.parametrize(
    ("began", "reported", "now", "expected"),
    [
        # The last seven days until the latest report.
        (0, 10, 10.04, (3, 10)),
        # Since the service began, if that is shorter.
        (8, 10, 10.04, (8, 10)),
        # A silent seller: usage not reported for a day counts as zero.
        (0, 2, 10, (2, 9)),
        # A report ahead of the clock by the allowed skew does not extend it.
        (0, 10.5, 10, (3, 10)),
        # Less than a day of usage is not enough for a forecast.
        (9.5, 10, 10.04, None),
        (9.5, None, 10, None),
        # A past month has no forecast.
        (0, 30, 30, None),
    ],
)
def test_pace_is_measured_over_the_recent_window(began: float, reported: float | None, now: float, expected) -> None:
    def at(days: float) -> datetime:
        return BEGAN + days * DAY

    recent_window = window(
        began_at=at(began), reported_until=None if reported is None else at(reported), month_ends=ENDS, now=at(now)
    )
    assert (None if recent_window is None else (recent_window.pace_begins, recent_window.known_until)) == (
        None if expected is None else (at(expected[0]), at(expected[1]))
    )


def forecast_on_day_10(rate: Rate, *, adds_up: bool = True, **seen: object) -> Forecast | None:
    """The forecast on day 10 of 30, from the week before."""
    recent_window = window(began_at=BEGAN, reported_until=BEGAN + 10 * DAY, month_ends=ENDS, now=BEGAN + 10 * DAY)
    assert recent_window is not None
    return forecast(rate, KnownUsage(**seen), recent_window, adds_up_over_month=adds_up)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "used", "expected"),
    [
        # 900 until now and 100 a day for 20 more days: 2,900 at 0.10.
        (LINEAR, (900, 700), (2900, 29000, 100)),
        # No recent usage: the total stays.
        (LINEAR, (900, 0), (900, 9000, 0)),
        # 50 + 20 × 2 = 90 stays in the first band; of 61 + 40 = 101, all (tier) or one unit (step) is in the second.
        (TIER, (50, 14), (90, 900, 2)),
        (TIER, (61, 14), (101, 505, 2)),
        (STEP, (61, 14), (101, 1005, 2)),
    ],
)
def test_price_follows_the_expected_quantity(rate: Rate, used: tuple[int, int], expected: tuple[int, int, int]) -> None:
    """``used``: in the month and in the week; ``expected``: quantity, minor units, quantity a day."""
    result = forecast_on_day_10(rate, this_month=units(used[0]), lately=units(used[1]))
    assert result is not None
    assert (result.quantity, result.amount.minor, result.a_day) == (units(expected[0]), expected[1], units(expected[2]))


def test_other_price_models_use_the_mean_price() -> None:
    """For bands per day or per record: 40 units cost 3.00 until now, so 900 cost 67.50."""
    result = forecast_on_day_10(
        TIER, adds_up=False, this_month=units(300), lately=units(210), priced_quantity=units(40), priced=Decimal(3)
    )
    assert result is not None
    assert (result.quantity, result.amount.minor) == (units(900), 6750)
    assert forecast_on_day_10(TIER, adds_up=False, this_month=units(300), lately=units(210)) is None


@given(used=st.integers(0, 10**12), lately=st.integers(0, 10**12), days=st.floats(1, 29.9))
def test_forecast_is_at_least_the_usage_and_exact_at_the_end(used: int, lately: int, days: float) -> None:
    now = BEGAN + timedelta(seconds=int(days * 86400))
    recent_window = window(began_at=BEGAN, reported_until=now, month_ends=ENDS, now=now)
    assert recent_window is not None
    result = forecast(LINEAR, KnownUsage(this_month=used, lately=lately), recent_window, adds_up_over_month=True)
    assert result is not None
    assert result.quantity >= used
    last = window(
        began_at=BEGAN, reported_until=ENDS - timedelta(seconds=1), month_ends=ENDS, now=ENDS - timedelta(seconds=1)
    )
    assert last is not None
    near = forecast(LINEAR, KnownUsage(this_month=used, lately=lately), last, adds_up_over_month=True)
    assert near is not None
    assert near.quantity - used <= lately // (7 * 86400) + 1
