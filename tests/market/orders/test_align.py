"""Aligning the ends of services to one day of the month: the days paid for and their price (business-rules §4.5, operations.md §4)."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import sampling
from tradepost.market.base.money import Money
from tradepost.market.orders.align import DAYS, MONTH_END, align, aligned_end, with_alignment
from tradepost.market.orders.pricing import Tariff, calculate_price, read_stored
from tradepost.market.subscriptions.paid_time import period_end

ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Auckland")
MONTH = Money.of("99.00", "CNY")


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_example_of_the_design() -> None:
    """operations.md §4, unified date: 99.00, E, day 1: 04-08 → 05-01, 23/30 = 75.90; total 174.90."""
    renewed = period_end(at("2027-03-08 10:30"), "month", 1)
    aligned = align(renewed, 1, month=MONTH)
    assert aligned is not None
    assert (aligned.until, aligned.days, aligned.of_days) == (at("2027-05-01 10:30"), 23, 30)
    assert Money(aligned.extra_minor, "CNY") == Money.of("75.90", "CNY")
    priced = with_alignment(calculate_price(Tariff(currency="CNY", unit_minor=9900), quantity=1, periods=1), aligned)
    assert priced.total == Money.of("174.90", "CNY")
    assert [(line.amount_minor, line.days, line.of_days) for line in priced.lines] == [(9900, 0, 0), (7590, 23, 30)]


@pytest.mark.parametrize(
    ("end", "day", "until", "days", "of_days"),
    [
        ("2027-04-01 10:30", 1, None, 0, 0),  # already on that day
        ("2027-04-02 10:30", 1, "2027-05-01 10:30", 29, 30),
        ("2027-04-08 10:30", 15, "2027-04-15 10:30", 7, 30),
        ("2027-01-30 10:30", 28, "2027-02-28 10:30", 29, 29),
        ("2028-01-30 10:30", 28, "2028-02-28 10:30", 29, 30),
        ("2027-02-28 10:30", 31, None, 0, 0),  # the last day of February is the end of the month
        ("2028-02-28 10:30", 31, "2028-02-29 10:30", 1, 29),
        ("2027-04-30 23:59", 31, None, 0, 0),
        ("2027-12-08 00:00", 1, "2028-01-01 00:00", 24, 31),
        ("2027-01-31 10:30", 28, "2027-02-28 10:30", 28, 28),
    ],
)
def test_aligned_end_and_days(end: str, day: int, until: str | None, days: int, of_days: int) -> None:
    """business-rules §4.5: 1–28 or month end."""
    aligned = align(at(end), day, month=MONTH)
    assert (aligned and (aligned.until, aligned.days, aligned.of_days)) == (until and (at(until), days, of_days))


def test_half_a_minor_unit_is_rounded_up() -> None:
    """operations.md §4: half up. 1 of 30 days of 0.15 is half a fen."""
    alignments = [align(at("2027-04-30 10:00"), 1, month=Money(minor, "CNY")) for minor in (14, 15, 16)]
    assert [alignment and alignment.extra_minor for alignment in alignments] == [0, 1, 1]


@pytest.mark.parametrize("day", [0, 29, 30, 32, -1])
def test_day_that_some_months_lack_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match="every month has"):
        aligned_end(at("2027-04-08 10:30"), day)


def test_lines_stored_before_partial_months_can_be_read() -> None:
    [line] = read_stored([{"units": 1, "unit_minor": 5, "periods": 1, "amount_minor": 5, "above": 0, "upto": None}])
    assert (line.days, line.of_days) == (0, 0)


@pytest.mark.slow
@settings(max_examples=sampling.size(3000, least=100), deadline=None)
@given(
    on=st.dates(date(2024, 1, 1), date(2040, 12, 31)),
    clock=st.times().map(lambda t: t.replace(tzinfo=None)),
    day=st.sampled_from(DAYS),
    zone=st.sampled_from(ZONES),
    month=st.integers(0, 10**12),
)
def test_aligned_end_falls_on_the_day_within_a_month_at_a_proportional_price(
    on: date, clock: time, day: int, zone: str, month: int
) -> None:
    """For every month, leap year and zone: the end is never earlier, the price never negative nor above that of a month."""
    with override_settings(TIME_ZONE=zone):
        end = datetime.combine(on, clock, ZoneInfo(zone)).astimezone(UTC)
        aligned = align(end, day, month=Money(month, "CNY"))
        next_end = period_end(end, "month", 1)
    until = aligned.until if aligned else end
    local = until.astimezone(ZoneInfo(zone))
    last = calendar.monthrange(local.year, local.month)[1]
    assert local.day == (last if day == MONTH_END else day)
    assert end <= until <= next_end
    if aligned:
        assert 0 <= aligned.extra_minor <= month
        assert 0 < aligned.days <= aligned.of_days
        exact = month * aligned.days / aligned.of_days
        assert abs(aligned.extra_minor - exact) <= max(0.5, exact * 1e-9)
