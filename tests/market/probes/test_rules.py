"""The rules of probes without a database: every computed example of shelf §4, and saas-v2 §6."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.configured import configured
from tradepost.market.probes import days
from tradepost.market.probes.failed_orders import is_interface_fault, month_of
from tradepost.market.probes.outcome import (
    AttemptOutcome,
    Verdict,
    case_verdict,
    is_void,
    product_verdict,
    worst_verdict,
)
from tradepost.market.probes.timetable import CASE_INTERVAL, Window, is_last_of_day, next_slot, slot_on, start_delay
from tradepost.market.production.plan import Probing, next_probe

ZONE = ZoneInfo("Asia/Shanghai")
TWO_HOURS = timedelta(hours=2)
P, F, U = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
LETTERS = {"P": P, "F": F, "U": U}
MORNING = Window("am", time(9), time(11))
AFTERNOON = Window("pm", time(15), time(17))


def test_place_of_a_case_in_its_slot() -> None:
    """Shelf §4: address 7, n = 5, 2026-11-25 am: + 30:24."""
    at = start_delay(date(2026, 11, 25), "am", 7, cases=5, window=TWO_HOURS)
    assert timedelta(minutes=30, seconds=24) <= at < timedelta(minutes=30, seconds=25)


def test_ten_thousand_cases_are_spread_evenly_over_two_hours() -> None:
    """Shelf §4: 1.4/s on average, busiest second 6–10."""
    per_second = [0] * 7200
    for address in range(1, 2001):
        first = start_delay(date(2026, 11, 25), "am", address, cases=5, window=TWO_HOURS)
        for n in range(5):
            per_second[int((first + n * CASE_INTERVAL).total_seconds())] += 1
    assert sum(per_second) == 10_000, "each fits its slot"
    assert 6 <= max(per_second) <= 10


def test_case_that_does_not_fit_the_rest_of_a_slot_is_tried_at_its_beginning() -> None:
    assert start_delay(date(2026, 11, 25), "am", 7, cases=5, window=timedelta(seconds=3)) == timedelta()


@pytest.mark.parametrize(
    ("verdicts", "streak"),
    [("", 0), ("F", 1), ("FF", 2), ("FFP", 0), ("FFU", 2), ("FFUFFF", 5), ("U", 0), ("FPF", 1), ("FFFFUUUF", 5)],
)
def test_unknown_days_do_not_break_a_failing_streak(verdicts: str, streak: int) -> None:
    """Shelf §4: F + 1, P 0, U keeps: FFUFFF → 5 on day six."""
    assert days.streak_of(LETTERS[letter] for letter in verdicts) == streak


@pytest.mark.parametrize(
    ("day", "streak", "on"),
    [(2, 1, 6), (3, 2, 6), (6, 5, 6), (2, 0, None)],
)
def test_freeze_forecast_counts_from_the_first_failing_day(day: int, streak: int, on: int | None) -> None:
    """Shelf §4: day + (5 − n): n = 1 on 2 Nov → 6 Nov."""
    forecast = days.forecast(date(2026, 11, day), streak, freeze_days=5)
    assert forecast == (date(2026, 11, on) if on else None)
    assert days.forecast(date(2026, 11, day), streak, freeze_days=0) is None, "where days are not counted"


@pytest.mark.parametrize(
    ("addresses", "unreached", "void"),
    [(100, 30, False), (100, 31, True), (20, 7, True), (20, 6, False), (19, 19, False), (0, 0, False)],
)
def test_slot_is_void_when_too_many_addresses_are_unreachable(addresses: int, unreached: int, void: bool) -> None:
    """Shelf §4: > 30 % over ≥ 20 addresses: 30/100 no, 31/100 yes."""
    assert is_void(asked=addresses, unreached=unreached, percent=30, least=20) is void


@pytest.mark.parametrize(
    ("tries", "paused", "verdict"),
    [
        ([AttemptOutcome.PASSED], False, P),
        ([AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.PASSED], False, P),
        ([AttemptOutcome.OURS, AttemptOutcome.PASSED], False, P),
        ([AttemptOutcome.FAILED] * 3, False, F),
        ([AttemptOutcome.FAILED] * 2, False, U),
        ([AttemptOutcome.FAILED], True, F),
        ([AttemptOutcome.FAILED, AttemptOutcome.OURS, AttemptOutcome.FAILED], False, U),
        ([AttemptOutcome.OURS] * 3, True, U),
        ([], True, U),
    ],
)
def test_case_fails_only_by_certain_faults_of_the_seller(
    tries: list[AttemptOutcome], paused: bool, verdict: Verdict
) -> None:
    """Shelf §4: the seller's fault fails; INTERNAL, LOST unknown. §6: held at an open breaker it goes at the slot's
    end.
    """
    assert case_verdict(tries, required_attempts=3, paused=paused) is verdict


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [("P", P), ("PPP", P), ("PFU", F), ("PU", U), ("FF", F), ("", U)],
)
def test_day_fails_by_any_failing_slot_else_is_unknown_by_any_unknown(verdicts: str, verdict: Verdict) -> None:
    """saas-v2 §6 (a day fails if any of its probes fails); shelf §4."""
    assert worst_verdict(LETTERS[letter] for letter in verdicts) is verdict


def test_product_is_judged_by_its_required_cases_and_a_deleted_case_is_unknown() -> None:
    """Shelf §8: a product fails by the cases it needs."""
    assert product_verdict({"new", "query"}, {"new": P, "query": P, "upgrade": F}) is P
    assert product_verdict({"new", "query"}, {"new": P, "query": F}) is F
    assert product_verdict({"new", "query"}, {"new": P}) is U
    assert product_verdict(set(), {"new": F}) is U


NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def test_probe_is_tried_three_times_ten_minutes_apart_within_its_slot() -> None:
    plan, end = Probing(3, timedelta(minutes=10)), NOON + timedelta(minutes=20)
    at = NOON
    for tries in (1, 2):
        due = next_probe(plan, passed=False, tries=tries, now=at, give_up_at=end)
        assert due == at + timedelta(minutes=10)
        at = due
    assert next_probe(plan, passed=False, tries=3, now=at, give_up_at=end) is None
    assert next_probe(plan, passed=True, tries=1, now=NOON, give_up_at=end) is None
    assert next_probe(plan, passed=False, tries=1, now=end, give_up_at=end) is None, "not beyond the slot"


@pytest.mark.parametrize(("places", "probes"), [(512, 51), (16, 1), (5, 1)])
def test_probes_take_at_most_a_tenth_of_the_places_and_at_least_one(places: int, probes: int) -> None:
    """Shelf §6: probes take ≤ 10 % of capacity."""
    assert Probing().places(places) == probes


def test_slots_of_a_day_are_in_the_markets_time_zone() -> None:
    slot = slot_on(date(2026, 11, 25), MORNING, ZONE)
    assert slot.opens == datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert slot.last_try(tries=3, gap=timedelta(minutes=10)) == datetime(2026, 11, 25, 3, 20, tzinfo=UTC)
    assert next_slot(slot.opens, MORNING, ZONE).date == date(2026, 11, 26), "one that opens now is under way"
    assert next_slot(slot.opens - timedelta(seconds=1), MORNING, ZONE) == slot
    assert [is_last_of_day(half.half, [MORNING, AFTERNOON]) for half in (MORNING, AFTERNOON)] == [False, True]
    opens = [next_slot(slot.opens + timedelta(days=n), MORNING, ZONE).opens for n in range(30)]
    assert {b - a for a, b in pairwise(opens)} == {timedelta(days=1)}


@pytest.mark.parametrize("text", ["11:00-09:00", "09:00-10:00,10:30-11:00", "nine to five", "09:00"])
def test_invalid_slot_settings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"slot|isoformat|time"):
        configured(probe_slots=text)


def test_slots_are_distinguished_by_noon_and_may_be_empty() -> None:
    assert configured(probe_slots="15:00-17:00, 09:00-11:00").probes.probe_windows == (
        ("am", time(9), time(11)), ("pm", time(15), time(17)),
    )  # fmt: skip
    assert configured(probe_slots="").probes.probe_windows == ()


@pytest.mark.parametrize(
    ("at", "month"),
    [("2026-10-31T15:59:59+00:00", date(2026, 10, 1)), ("2026-10-31T16:00:00+00:00", date(2026, 11, 1))],
)
def test_month_begins_in_the_markets_time_zone(at: str, month: date) -> None:
    """Shelf §4: 10-31T15:59:59Z is October, 16:00Z November."""
    assert month_of(datetime.fromisoformat(at), ZONE) == month


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        ("timeout", True), ("body_sign_wrong", True), ("000005", True), ("000001", True), ("000103", False),
        ("000106", False), ("lost", False), ("internal", False), ("no_key", False), ("", False), ("pending", False),
    ],
)  # fmt: skip
def test_order_fails_by_its_interface_and_not_by_a_business_reason(verdict: str, counts: bool) -> None:
    """saas-v2 §3.10: orders failed through interface faults; §4: 0001xx refuse for reasons of the buyer or the stock."""
    assert is_interface_fault(verdict) is counts
