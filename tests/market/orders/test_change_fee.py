"""The fee of a change in use: every row of the design's table (operations §4), and properties that hold for any terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import sampling
from tests.market.golden import golden, problems
from tradepost.market.base.values import replace
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.orders.change_fee import (
    PaidTime,
    Rate,
    StepChange,
    Terms,
    as_stored,
    effective_from,
    fee_of,
    matching_rate,
    read_stored,
    recompute,
)
from tradepost.market.subscriptions.paid_time import period_end, prolonged
from tradepost.market.subscriptions.time_left import time_left

ZONE = ZoneInfo("Asia/Shanghai")
MAX_EXAMPLES = 2_000 if sampling.SOAK else 60
TIER = ((10, 5000), (None, 4000))
property_settings = settings(max_examples=MAX_EXAMPLES, deadline=None)


def at(text: str) -> datetime:
    """Return the UTC moment of a local time in the market's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def rate(unit: str, yuan: int, model: PriceModel = PriceModel.LINEAR, bands: Any = ()) -> Rate:
    return Rate(unit=unit, price_minor=yuan * 100, model=model, bands=bands)


def terms(
    now: str, *bought: tuple[str, str, str], held: Sequence[Rate], target: Sequence[Rate], **changes: Any
) -> Terms:  # fmt: skip
    """``bought``: unit, start and end of each period."""
    periods = tuple(
        PaidTime(line_number=f"L{n}", unit=unit, starts_at=at(start), ends_at=at(end))
        for n, (unit, start, end) in enumerate(bought)
    )
    begun = periods[0].starts_at
    since = effective_from(at(now), begun, ZONE)
    return Terms(
        currency="CNY", zone="Asia/Shanghai", begun=begun, counts_from=since, held=tuple(held), target=tuple(target),
        periods=tuple(period for period in periods if period.ends_at > since), **changes,
    )  # fmt: skip


MARCH = ("month", "2027-03-01 10:00", "2027-04-01 10:00")
TO_10_MARCH = ("month", "2027-02-10 10:00", "2027-03-10 10:00")
TO_20_FEBRUARY = ("month", "2027-01-20 10:00", "2027-02-20 10:00")
ONE_YEAR = ("year", "2026-06-24 10:00", "2027-06-24 10:00")
HALF = ("month", "2027-03-01 10:00", "2027-04-01 10:00")
AT_HALF = "2027-03-16 21:30"
"""From 22:00 on: 15.5 of 31 days."""
SEATS = {"quantity_before": 10, "quantity_after": 11, "adds": True}
FIVE_MORE = {"quantity_before": 10, "quantity_after": 15, "adds": True}


@pytest.mark.parametrize(
    ("case", "minor"),
    [
        # monthly 120→240, bought 2027-03-01 10:00, now 03-16 09:20 (16/31)
        (terms("2027-03-16 09:20", MARCH, held=[rate("month", 120)], target=[rate("month", 240)]), 61_93),
        # changed 03-01 10:05 (counts from 03-02 00:00)
        (terms("2027-03-01 10:05", MARCH, held=[rate("month", 120)], target=[rate("month", 240)]), 117_74),
        # year 1200 to 2027-06-24 10:00, now 03-16 09:20 (100 days); target 240/month, 2400/year
        (
            terms("2027-03-16 09:20", ONE_YEAR, held=[rate("year", 1200)], target=[rate("month", 240), rate("year", 2400)]),
            459_80,
        ),
        # no monthly price
        (terms("2027-03-16 09:20", ONE_YEAR, held=[rate("year", 1200)], target=[rate("year", 2400)]), 328_76),
        # month 120 from 2027-03-01 10:00, renewed for a year 1200; now 03-16 21:30; 240/2400
        (
            terms(
                AT_HALF, MARCH, ("year", "2027-04-01 10:00", "2028-04-01 10:00"),
                held=[rate("month", 120), rate("year", 1200)], target=[rate("month", 240), rate("year", 2400)],
            ),
            1241_91,
        ),
        # month to 03-10 10:00, now 03-01 09:20 (9/28): 120→130; 10→11 users at 50
        (terms("2027-03-01 09:20", TO_10_MARCH, held=[rate("month", 120)], target=[rate("month", 130)]), 3_21),
        (terms("2027-03-01 09:20", TO_10_MARCH, held=[rate("month", 50)], target=[rate("month", 50)], **SEATS), 16_07),
        # month to 02-20 10:00, now 02-05 09:20 (15/31): equal prices; 10→11 users at 50
        (terms("2027-02-05 09:20", TO_20_FEBRUARY, held=[rate("month", 120)], target=[rate("month", 120)]), 0),
        (terms("2027-02-05 09:20", TO_20_FEBRUARY, held=[rate("month", 50)], target=[rate("month", 50)], **SEATS), 24_19),
        # 10→15 users, 15.5/31 days: linear 50
        (terms(AT_HALF, HALF, held=[rate("month", 50)], target=[rate("month", 50)], **FIVE_MORE), 125_00),
        # tier 50, from 11: 40 (only the added users)
        (
            terms(
                AT_HALF, HALF, held=[rate("month", 50, PriceModel.TIER, TIER)],
                target=[rate("month", 50, PriceModel.TIER, TIER)], **FIVE_MORE,
            ),
            100_00,
        ),
        # step, graduated as sold: F(15) − F(10)
        (
            terms(
                AT_HALF, HALF, held=[rate("month", 50, PriceModel.STEP, TIER)],
                target=[rate("month", 50, PriceModel.STEP, TIER)], **FIVE_MORE,
            ),
            100_00,
        ),
        # literal reading of §17.2 (setting step_change = band_total)
        (
            terms(
                AT_HALF, HALF, held=[rate("month", 50, PriceModel.STEP, TIER)],
                target=[rate("month", 50, PriceModel.STEP, TIER)], step_change=StepChange.BAND_TOTAL, **FIVE_MORE,
            ),
            50_00,
        ),
        # literal reading: a step change can be negative (10→11: 440 < 500) and is refused at the order
        (
            terms(
                AT_HALF, HALF, held=[rate("month", 50, PriceModel.STEP, TIER)],
                target=[rate("month", 50, PriceModel.STEP, TIER)], step_change=StepChange.BAND_TOTAL, **SEATS,
            ),
            -30_00,
        ),
    ],
)  # fmt: skip
def test_examples_of_the_design(case: Terms, minor: int) -> None:
    """operations §4, computed there from saas-v2 §8.3 and business-rules §17.1–2."""
    fee = fee_of(case)
    assert fee.minor == minor
    assert recompute(json.loads(json.dumps(as_stored(case)))) == fee, "the stored terms are enough to recompute the fee"


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2027-03-16 09:20", "2027-03-16 10:00"),
        ("2027-03-16 09:00", "2027-03-16 09:00"),
        ("2027-03-16 23:30", "2027-03-17 00:00"),
        ("2027-03-01 10:00", "2027-03-02 00:00"),
        ("2027-03-01 23:59", "2027-03-02 00:00"),
        ("2027-03-02 00:00", "2027-03-02 00:00"),
    ],
)
def test_change_counts_from_the_next_full_hour_or_midnight_on_the_first_day(now: str, since: str) -> None:
    """saas-v2 §8.3."""
    assert effective_from(at(now), at("2027-03-01 10:00"), ZONE) == at(since)
    assert effective_from(at("2027-03-16 09:00") + timedelta(microseconds=1), at("2027-03-01 10:00"), ZONE) == at(
        "2027-03-16 10:00"
    )


def test_first_day_follows_the_markets_calendar() -> None:
    """Bought at 23:30 in Shanghai, which is the afternoon in UTC."""
    bought = at("2027-03-01 23:30")
    assert effective_from(bought + timedelta(minutes=40), bought, ZONE) == at("2027-03-02 01:00")


@pytest.mark.parametrize(
    ("units", "remaining", "unit"),
    [
        (("month", "year"), ("2027-03-16 22:00", "2028-03-16 22:00"), "year"),
        (("month", "year"), ("2027-03-16 22:00", "2028-03-16 21:59"), "month"),
        (("year",), ("2027-03-16 22:00", "2027-04-01 10:00"), "year"),
        (("month",), ("2027-03-16 22:00", "2030-04-01 10:00"), "month"),
        (("day", "year"), ("2027-03-16 22:00", "2027-03-20 10:00"), "day"),
        (("day", "month", "year"), ("2027-03-16 22:00", "2027-03-20 10:00"), "month"),
    ],
)
def test_new_price_is_matched_by_the_remaining_time(
    units: tuple[str, ...], remaining: tuple[str, str], unit: str
) -> None:
    """business-rules §17.1: yearly if and only if a year or more is left, else monthly, else what exists."""
    assert matching_rate([rate(unit, 1) for unit in units], at(remaining[0]), at(remaining[1]), ZONE).unit == unit


def test_change_without_remaining_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing is left of the paid time"):
        fee_of(
            replace(terms("2027-03-16 09:20", MARCH, held=[rate("month", 1)], target=[rate("month", 2)]), periods=())
        )


def test_explanation_adds_up_to_the_fee() -> None:
    fee = fee_of(
        terms(
            AT_HALF, MARCH, ("year", "2027-04-01 10:00", "2028-04-01 10:00"),
            held=[rate("month", 120), rate("year", 1200)], target=[rate("month", 240), rate("year", 2400)],
        )
    )  # fmt: skip
    assert [(line.new, line.unit, line.minor) for line in fee.lines] == [
        (True, "year", 2501_92), (False, "month", -60_00), (False, "year", -1200_00),
    ]  # fmt: skip
    assert (fee.discount_minor, fee.rounding_minor) == (0, -1)
    assert [(part.of.line_number, part.minor) for part in fee.parts] == [("L0", 41_92), ("L1", 1199_99)], (
        "in proportion"
    )


def test_discount_applies_to_the_difference() -> None:
    """business-rules §17.3: (new − old) × discount."""
    case = terms("2027-03-16 09:20", MARCH, held=[rate("month", 120)], target=[rate("month", 240)], discount=(8, 10))
    fee = fee_of(case)
    assert (fee.minor, fee.discount_minor) == (49_54, -12_39)
    assert sum(line.minor for line in fee.lines) + fee.discount_minor + fee.rounding_minor == fee.minor


def test_terms_of_every_version_are_read() -> None:
    assert problems("Terms", Terms, golden("change_terms"), read_stored) == []


# --- for any terms ----------------------------------------------------------------------------------------------------

ZONES = ("Asia/Shanghai", "Europe/Berlin", "UTC")


@st.composite
def histories(draw: Any, *, same_unit: bool = False) -> Terms:
    """A service bought and renewed by day, month or year, changed at some moment of its paid time."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 4 * 366 * 86_400)))
    unit = draw(st.sampled_from(("month", "year", "day")))
    periods: list[PaidTime] = []
    start, held_unit = begun, unit
    for n in range(draw(st.integers(1, 4))):
        if n and not same_unit:
            held_unit = draw(st.sampled_from(("month", "year")))
        number = draw(st.integers(1, 3))
        end = period_end(start, held_unit, number, zone=zone)
        if n and held_unit != "day":
            end = _prolonged(begun, start, held_unit, number, zone)
        periods.append(PaidTime(line_number=f"L{n}", unit=held_unit, starts_at=start, ends_at=end))
        start = end
    seconds = int((start - begun).total_seconds())
    since = effective_from(begun + timedelta(seconds=draw(st.integers(0, seconds))), begun, zone)
    if since >= start:
        since = start - timedelta(minutes=1)
    units = {period.unit for period in periods}
    target_units = units if same_unit else units | {"month"}
    return Terms(
        currency="CNY", zone=str(zone), begun=begun, counts_from=since,
        periods=tuple(period for period in periods if period.ends_at > since),
        held=tuple(draw(rates(unit)) for unit in sorted(units)),
        target=tuple(draw(rates(unit)) for unit in sorted(target_units)),
    )  # fmt: skip


def _prolonged(begun: datetime, start: datetime, unit: str, number: int, zone: ZoneInfo) -> datetime:
    """``paid_time.prolonged`` in a zone other than the market's."""
    if str(zone) == "Asia/Shanghai":
        return prolonged(begun, start, unit, number)
    return period_end(start, unit, number, zone=zone)


@st.composite
def rates(draw: Any, unit: str) -> Rate:
    model = draw(st.sampled_from(PriceModel))
    each = draw(st.integers(0, 10**7))
    if model is PriceModel.LINEAR:
        return Rate(unit=unit, price_minor=each)
    bands = ((5, each), (20, draw(st.integers(0, each or 1))), (None, draw(st.integers(0, each or 1))))
    return Rate(unit=unit, model=model, bands=bands)


def reversed_change(case: Terms) -> Terms:
    return replace(case, held=case.target, target=case.held)


@pytest.mark.slow
@given(histories(), st.integers(1, 60))
@property_settings
def test_parts_and_lines_add_up_and_the_fee_is_rounded_down_once(case: Terms, quantity: int) -> None:
    case = replace(case, quantity_before=quantity, quantity_after=quantity)
    fee = fee_of(case)
    assert 0 <= fee.exact - fee.minor < 1
    assert sum(part.minor for part in fee.parts) == max(fee.minor, 0)
    assert all(part.minor >= 0 for part in fee.parts)
    assert sum(line.minor for line in fee.lines) + fee.discount_minor + fee.rounding_minor == fee.minor
    assert [part.of for part in fee.parts] == list(case.periods)
    assert recompute(json.loads(json.dumps(as_stored(case)))) == fee


@given(histories(same_unit=True), st.integers(1, 60))
@property_settings
def test_equal_prices_cost_nothing(case: Terms, quantity: int) -> None:
    """operations §4: old and new use the same grid."""
    case = replace(case, target=case.held, quantity_before=quantity, quantity_after=quantity)
    assert fee_of(case).exact == 0


@given(histories(same_unit=True), st.integers(1, 60))
@property_settings
def test_change_and_its_reversal_never_profit_the_buyer(case: Terms, quantity: int) -> None:
    """Issue 11: fee(a→b) + fee(b→a). A negative fee is refused, so of two directions with different prices only one is possible.
    A fee below one minor unit is never negative.
    """
    case = replace(case, quantity_before=quantity, quantity_after=quantity)
    forward, back = fee_of(case), fee_of(reversed_change(case))
    assert forward.exact + back.exact == 0
    charged = [fee.minor for fee in (forward, back) if fee.minor >= 0]
    assert sum(charged) >= 0
    assert len(charged) == 1 or forward.exact == back.exact == 0


@given(histories(same_unit=True), st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
@property_settings
def test_more_units_never_cost_less(case: Terms, quantity: int, added: int, further: int) -> None:
    """Holds for linear prices and graduated steps. With tiers, a cheaper band can make more units cost less, as at the purchase
    (business-rules §3.3).
    """
    without_tiers = tuple(rate for rate in case.held if rate.model is not PriceModel.TIER)
    if not without_tiers:
        return
    case = replace(case, held=without_tiers, target=without_tiers, adds=True, quantity_before=quantity)
    fewer = fee_of(replace(case, quantity_after=quantity + added))
    more = fee_of(replace(case, quantity_after=quantity + added + further))
    assert 0 <= fewer.minor <= more.minor


@given(histories(same_unit=True), st.integers(1, 40), st.integers(1, 20))
@property_settings
def test_with_tiers_only_the_added_quantity_is_paid(case: Terms, quantity: int, added: int) -> None:
    """business-rules §17.2: the price of the band at the new total × the added quantity."""
    tier = Rate(unit=case.held[0].unit, model=PriceModel.TIER, bands=((10, 5000), (None, 4000)))
    case = replace(
        case, held=(tier,), target=(tier,), adds=True, quantity_before=quantity, quantity_after=quantity + added
    )
    fee, each = fee_of(case), 5000 if quantity + added <= 10 else 4000
    assert fee.exact == sum((line.time for line in fee.lines), Fraction(0)) * each * added
    assert len(fee.lines) == 1


@given(histories(), st.integers(1, 99))
@property_settings
def test_remaining_time_is_measured_in_one_unit(case: Terms, percent: int) -> None:
    """A whole period equals the number of units bought, and time between two moments is counted once."""
    zone, period = ZoneInfo(case.zone), case.periods[-1]
    between = period.starts_at + (period.ends_at - period.starts_at) * percent / 100

    def remaining(since: datetime) -> Fraction:
        return time_left(period.unit, since, period.ends_at, began_at=case.begun, zone=zone)

    assert remaining(period.ends_at) == 0
    assert remaining(period.starts_at).denominator == 1, "whole units were bought"
    assert 0 < remaining(between) < remaining(period.starts_at)


def test_grid_returns_to_the_day_after_a_shorter_month() -> None:
    """Started on 31 January: each month of the grid has its own length, 28 days in February and 31 in March."""
    begun = at("2027-01-31 10:00")
    end = prolonged(begun, prolonged(begun, period_end(begun, "month", 1), "month", 1), "month", 1)
    assert end == at("2027-04-30 10:00")

    def remaining(since: str) -> Fraction:
        return time_left("month", at(since), end, began_at=begun, zone=ZONE)

    assert remaining("2027-01-31 10:00") == 3
    assert remaining("2027-03-31 10:00") == 1
    assert remaining("2027-02-28 10:00") == 2
    assert remaining("2027-02-14 10:00") == 2 + Fraction(1, 2)
