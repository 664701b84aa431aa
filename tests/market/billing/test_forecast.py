"""What a month of usage will cost when it is over: as it went lately (design pages.md, Usage; computed by hand)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.billing.forecast import Forecast, Seen, forecast, window
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
        # Since the service began, where that is shorter.
        (8, 10, 10.04, (8, 10)),
        # A silent seller: what was not reported for a day was not used.
        (0, 2, 10, (2, 9)),
        # A report that is ahead of the clock by the allowed skew does not stretch it.
        (0, 10.5, 10, (3, 10)),
        # Less than a day is too little to go by, and so is nothing at all.
        (9.5, 10, 10.04, None),
        (9.5, None, 10, None),
        # Of a month that is over nothing is left to foretell.
        (0, 30, 30, None),
    ],
)
def test_which_time_the_pace_is_of(began: float, reported: float | None, now: float, expected) -> None:
    def at(days: float) -> datetime:
        return BEGAN + days * DAY

    found = window(
        began_at=at(began), reported_until=None if reported is None else at(reported), month_ends=ENDS, now=at(now)
    )
    assert (None if found is None else (found.pace_begins, found.known_until)) == (
        None if expected is None else (at(expected[0]), at(expected[1]))
    )


def foretold(rate: Rate, *, adds_up: bool = True, **seen: object) -> Forecast | None:
    """On day 10 of 30, from the week before."""
    over = window(began_at=BEGAN, reported_until=BEGAN + 10 * DAY, month_ends=ENDS, now=BEGAN + 10 * DAY)
    assert over is not None
    return forecast(rate, Seen(**seen), over, adds_up_over_month=adds_up)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "used", "expected"),
    [
        # 900 until now, 100 a day for 20 days more: 2,900 at 0.10.
        (LINEAR, (900, 700), (2900, 29000, 100)),
        # Nothing lately: what was used is what it will be.
        (LINEAR, (900, 0), (900, 9000, 0)),
        # 50 + 20 × 2 = 90 stays in the first band; 61 + 40 = 101 is all in the second (tier), or one unit of it (step).
        (TIER, (50, 14), (90, 900, 2)),
        (TIER, (61, 14), (101, 505, 2)),
        (STEP, (61, 14), (101, 1005, 2)),
    ],
)
def test_the_price_of_all_that_is_expected(rate: Rate, used: tuple[int, int], expected: tuple[int, int, int]) -> None:
    """``used``: this month, and in the week; ``expected``: quantity, coins, quantity a day."""
    found = foretold(rate, this_month=units(used[0]), lately=units(used[1]))
    assert found is not None
    assert (found.quantity, found.amount.minor, found.a_day) == (units(expected[0]), expected[1], units(expected[2]))


def test_what_does_not_add_up_over_the_month_goes_by_its_mean_price() -> None:
    """Bands of each day, or of each record: 40 units cost 3.00 until now, so 900 cost 67.50."""
    found = foretold(
        TIER, adds_up=False, this_month=units(300), lately=units(210), priced_quantity=units(40), priced=Decimal(3)
    )
    assert found is not None
    assert (found.quantity, found.amount.minor) == (units(900), 6750)
    assert foretold(TIER, adds_up=False, this_month=units(300), lately=units(210)) is None


@given(used=st.integers(0, 10**12), lately=st.integers(0, 10**12), days=st.floats(1, 29.9))
def test_it_is_never_less_than_what_was_used_and_the_end_is_exact(used: int, lately: int, days: float) -> None:
    now = BEGAN + timedelta(seconds=int(days * 86400))
    over = window(began_at=BEGAN, reported_until=now, month_ends=ENDS, now=now)
    assert over is not None
    found = forecast(LINEAR, Seen(this_month=used, lately=lately), over, adds_up_over_month=True)
    assert found is not None
    assert found.quantity >= used
    last = window(
        began_at=BEGAN, reported_until=ENDS - timedelta(seconds=1), month_ends=ENDS, now=ENDS - timedelta(seconds=1)
    )
    assert last is not None
    near = forecast(LINEAR, Seen(this_month=used, lately=lately), last, adds_up_over_month=True)
    assert near is not None
    assert near.quantity - used <= lately // (7 * 86400) + 1
