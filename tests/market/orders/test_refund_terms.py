"""What is paid back: every row of operations.md §4 "Refund: held" and of business-rules §4.7, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.values import replace
from tradepost.market.orders.refund_terms import (
    HeldService,
    LineBack,
    Part,
    Rules,
    Way,
    Why,
    agreed,
    calendar_year,
    offered,
    shared,
)
from tradepost.market.product_types.charging import charging
from tradepost.market.product_types.contract import Returns

DELIVERED = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
END, NEXT, LATER = (datetime(2027, month, 1, 10, 0, tzinfo=UTC) for month in (4, 5, 6))
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
RULES = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
BOUGHT = Part(key=1, line="CS1-000001", paid_minor=10_000, starts_at=DELIVERED, ends_at=END)
RENEWED = Part(key=2, line="CS2-000001", paid_minor=9_000, starts_at=END, ends_at=NEXT, earned=False)
AGAIN = Part(key=3, line="CS3-000001", paid_minor=8_000, starts_at=NEXT, ends_at=LATER, earned=False)
CHANGED = Part(key=4, line="CS4-000001", paid_minor=500, starts_at=DELIVERED + DAY, ends_at=END, change=True)
CHANGED_NEXT = replace(CHANGED, key=5, paid_minor=600, starts_at=END, ends_at=NEXT, earned=False)
TRIED = Part(key=6, line="CS0-000001", paid_minor=0, starts_at=DELIVERED, ends_at=END, trial=True)
OTHER = replace(RENEWED, other=True)
AFTER_TRIAL = replace(RENEWED, key=7)


def held(*parts: Part, returns: Returns = Returns.NO_REASON, mode: str = "PERIOD", **more: Any) -> HeldService:
    ends = [part.ends_at for part in parts if part.ends_at is not None]
    shape: dict[str, Any] = {"expires_at": max(ends, default=None), "opened": True, "living": True} | more
    return HeldService(charging=charging(mode), returns=returns, currency="CNY", parts=parts, **shape)


def ways(service: HeldService, now: datetime) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Each way that is open: what is paid back in all, and which periods are taken back."""
    return {str(one.way): (one.back.minor, one.periods) for one in offered(service, RULES, now=now).ways}


@pytest.mark.parametrize(
    ("service", "now", "open_ways", "why"),
    [
        # unsupervised SaaS PERIOD, now < delivered + 5 × 24 h
        (held(BOUGHT), DELIVERED, {"no_reason": (10_000, ())}, None),
        (held(BOUGHT), DELIVERED + 5 * DAY - TICK, {"no_reason": (10_000, ())}, None),
        (held(BOUGHT), DELIVERED + 5 * DAY, {}, Why.TOO_LATE),
        # in the five days and with a renewal not yet begun the buyer chooses (§7)
        (
            held(BOUGHT, RENEWED), DELIVERED + DAY,
            {"cancel_renewal": (9_000, (2,)), "no_reason": (19_000, (2,))}, None,
        ),
        # the latest period alone is taken back, with what a change cost for it
        (
            held(BOUGHT, CHANGED, RENEWED, CHANGED_NEXT), DELIVERED + 2 * DAY,
            {"cancel_renewal": (9_600, (2, 5)), "no_reason": (20_100, (2, 5))}, None,
        ),
        (held(BOUGHT, RENEWED, AGAIN), DELIVERED + 9 * DAY, {"cancel_renewal": (8_000, (3,))}, Why.TOO_LATE),
        # begun renewal, expired, half-open
        (held(BOUGHT, RENEWED), END - TICK, {"cancel_renewal": (9_000, (2,))}, Why.TOO_LATE),
        (held(BOUGHT, RENEWED), END, {}, Why.RENEWAL_BEGUN),
        (held(BOUGHT), END, {}, Why.EXPIRED),
        (held(BOUGHT), END - TICK, {}, Why.TOO_LATE),
        # a renewal that changed what is held is effective at once (decision 0043)
        (held(BOUGHT, OTHER), DELIVERED + DAY, {"no_reason": (19_000, (2,))}, None),
        (held(BOUGHT, OTHER), DELIVERED + 9 * DAY, {}, Why.CHANGED),
        (held(BOUGHT, OTHER, AGAIN), DELIVERED + 9 * DAY, {"cancel_renewal": (8_000, (3,))}, Why.TOO_LATE),
        # trial; what it is turned into is a period like any other
        (held(TRIED), DELIVERED + DAY, {}, Why.TRIAL),
        (held(TRIED, AFTER_TRIAL), DELIVERED + DAY, {"cancel_renewal": (9_000, (7,))}, Why.TRIAL),
        (held(TRIED, AFTER_TRIAL), END, {"no_reason": (9_000, ())}, None),
        (held(TRIED, AFTER_TRIAL), END + 5 * DAY, {}, Why.TOO_LATE),
        # usage, package, sold once
        (held(mode="ON_DEMAND", returns=Returns.NEVER), DELIVERED, {"end": (0, ())}, Why.USAGE),
        (held(mode="ON_DEMAND", returns=Returns.NEVER, on_server=True), DELIVERED, {}, Why.ON_SERVER),
        (held(mode="ON_DEMAND", returns=Returns.NEVER, asked=True), DELIVERED, {}, Why.ASKED),
        (held(BOUGHT, mode="ON_DEMAND_PKG", returns=Returns.NEVER), DELIVERED, {}, Why.PACKAGE),
        (held(BOUGHT, mode="ONE_TIME", returns=Returns.NEVER), DELIVERED, {}, Why.NOT_REFUNDABLE),
        # negotiated: what has begun; what has not is taken back on top
        (held(BOUGHT, returns=Returns.NEGOTIATED), DELIVERED + 9 * DAY, {"negotiated": (10_000, ())}, None),
        (
            held(BOUGHT, RENEWED, returns=Returns.NEGOTIATED), DELIVERED + 9 * DAY,
            {"cancel_renewal": (9_000, (2,)), "negotiated": (10_000, (2,))}, None,
        ),
        (held(BOUGHT, returns=Returns.NEGOTIATED), DELIVERED + 30 * DAY, {}, Why.TOO_LATE),
        (held(BOUGHT, returns=Returns.NEGOTIATED, asked=True), DELIVERED, {}, Why.ASKED),
        # the count: one limit for all kinds of no-reason refunds (§7)
        (held(BOUGHT, no_reason_used=9), DELIVERED, {"no_reason": (10_000, ())}, None),
        (held(BOUGHT, no_reason_used=10), DELIVERED, {}, Why.TOO_OFTEN),
        (held(BOUGHT, RENEWED, no_reason_used=10), DELIVERED, {"cancel_renewal": (9_000, (2,))}, Why.TOO_OFTEN),
        # not living, or at work
        (held(opened=False, living=False), DELIVERED, {}, Why.NOT_OPEN),
        (held(BOUGHT, living=False), DELIVERED, {}, Why.ENDED),
        (held(BOUGHT, RENEWED, under_way=True), DELIVERED, {}, Why.UNDER_WAY),
        # price 0: the same path
        (held(replace(BOUGHT, paid_minor=0)), DELIVERED, {"no_reason": (0, ())}, None),
    ],
)  # fmt: skip
def test_what_is_held_decides_what_is_paid_back(
    service: HeldService, now: datetime, open_ways: dict[str, Any], why: Why | None
) -> None:
    assert ways(service, now) == open_ways
    assert offered(service, RULES, now=now).why == why


def test_five_days_over_the_end_of_a_year() -> None:
    """operations.md §4: delivered 2027-12-30 23:00: refused from 2028-01-04 23:00; counts in the year of the request."""
    zone = ZoneInfo("Asia/Shanghai")
    delivered = datetime(2027, 12, 30, 23, 0, tzinfo=zone)
    service = held(replace(BOUGHT, starts_at=delivered, ends_at=delivered + 31 * DAY))
    last = datetime(2028, 1, 4, 23, 0, tzinfo=zone)
    assert ways(service, last - TICK) == {"no_reason": (10_000, ())}
    assert offered(service, RULES, now=last).why == Why.TOO_LATE
    assert calendar_year(last, zone) == (datetime(2028, 1, 1, tzinfo=zone), datetime(2029, 1, 1, tzinfo=zone))
    assert calendar_year(datetime(2027, 12, 31, 16, 0, tzinfo=UTC), zone)[0].year == 2028, "New Year there"


def lines_of(*paid: int) -> tuple[LineBack, ...]:
    return tuple(LineBack(line=f"CS{n}-000001", paid_minor=one, back_minor=one) for n, one in enumerate(paid))


def test_a_part_is_shared_by_largest_remainder() -> None:
    """operations.md §4: 500.00 over 1200.00 + 445.42 + 99.00 → 343.95 + 127.67 + 28.38."""
    parts = shared(50_000, lines_of(120_000, 44_542, 9_900))
    assert [part.back_minor for part in parts] == [34_395, 12_767, 2_838]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.data())
def test_shares_add_up_and_never_exceed_what_was_paid(paid: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(paid)))
    parts = shared(amount, lines_of(*paid))
    assert all(0 <= part.back_minor <= part.paid_minor for part in parts)
    assert sum(part.back_minor for part in parts) == amount
    assert shared(sum(paid), lines_of(*paid)) == lines_of(*paid), "the whole of it is each line in full"


@pytest.mark.parametrize("amount", [-1, 20_001])
def test_more_than_was_paid_is_no_share(amount: int) -> None:
    with pytest.raises(ValueError, match="of 20000"):
        shared(amount, lines_of(10_000, 10_000))


def test_what_is_taken_back_says_until_when_it_then_lasts() -> None:
    cancel = offered(held(BOUGHT, RENEWED), RULES, now=DELIVERED + DAY).way(Way.CANCEL_RENEWAL)
    assert cancel is not None
    assert (cancel.until, cancel.before) == (END, END)
    [line] = cancel.lines
    assert (line.back_minor, line.unearned_minor) == (9_000, 9_000)


parts_of_lines = st.lists(
    st.tuples(st.sampled_from(["CS1", "CS2", "CS3"]), st.integers(0, 10**7), st.booleans()), min_size=1, max_size=8
)


@given(parts_of_lines, st.data())
def test_what_was_agreed_on_and_what_has_not_begun_add_up(
    drawn: list[tuple[str, int, bool]], data: st.DataObject
) -> None:
    """No line gives more than was paid for it, and the whole returns each fen."""
    parts = [
        Part(key=n, line=line, paid_minor=minor, starts_at=DELIVERED + (DAY if later else -DAY), earned=not later)
        for n, (line, minor, later) in enumerate(drawn)
    ]
    begun = sum(part.paid_minor for part in parts if part.starts_at <= DELIVERED)
    rest = sum(part.paid_minor for part in parts) - begun
    amount = data.draw(st.integers(0, begun))
    backs = agreed(parts, amount, now=DELIVERED)
    assert sum(back.back_minor for back in backs) == amount + rest
    assert all(back.unearned_minor <= back.back_minor <= back.paid_minor for back in backs)
    assert sum(back.unearned_minor for back in backs) == rest
    if amount == begun:
        assert all(back.back_minor == back.paid_minor for back in backs)
    with pytest.raises(ValueError, match="of"):
        agreed(parts, begun + 1, now=DELIVERED)
