"""Refunds of each kind of service: every row of operations.md §4 "Refund: held" and of business-rules §4.7, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.values import replace
from tradepost.market.orders.refund_terms import (
    PaidPart,
    RefundableLine,
    RefundableService,
    RefundRules,
    RefundWay,
    RefusalReason,
    calendar_year,
    negotiated_lines,
    refund_options,
    split_refund,
)
from tradepost.market.product_types.charging import charging_of
from tradepost.market.product_types.contract import RefundRight

DELIVERED = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
END, NEXT, LATER = (datetime(2027, month, 1, 10, 0, tzinfo=UTC) for month in (4, 5, 6))
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
RULES = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
BOUGHT = PaidPart(key=1, line="CS1-000001", paid_minor=10_000, starts_at=DELIVERED, ends_at=END)
RENEWED = PaidPart(key=2, line="CS2-000001", paid_minor=9_000, starts_at=END, ends_at=NEXT, earned=False)
RENEWED_TWICE = PaidPart(key=3, line="CS3-000001", paid_minor=8_000, starts_at=NEXT, ends_at=LATER, earned=False)
CHANGED = PaidPart(key=4, line="CS4-000001", paid_minor=500, starts_at=DELIVERED + DAY, ends_at=END, change=True)
CHANGED_NEXT = replace(CHANGED, key=5, paid_minor=600, starts_at=END, ends_at=NEXT, earned=False)
TRIAL = PaidPart(key=6, line="CS0-000001", paid_minor=0, starts_at=DELIVERED, ends_at=END, trial=True)
CHANGED_RENEWAL = replace(RENEWED, other=True)
AFTER_TRIAL = replace(RENEWED, key=7)


def service_with(
    *parts: PaidPart, returns: RefundRight = RefundRight.NO_REASON, mode: str = "PERIOD", **changes: Any
) -> RefundableService:
    ends = [part.ends_at for part in parts if part.ends_at is not None]
    shape: dict[str, Any] = {"expires_at": max(ends, default=None), "opened": True, "living": True} | changes
    return RefundableService(charging=charging_of(mode), returns=returns, currency="CNY", parts=parts, **shape)


def open_ways(service: RefundableService, now: datetime) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Return each available way: the total refund and the periods that it cancels."""
    return {str(way.way): (way.back.minor, way.periods) for way in refund_options(service, RULES, now=now).ways}


@pytest.mark.parametrize(
    ("service", "now", "options", "reason"),
    [
        # unsupervised SaaS PERIOD, now < delivered + 5 × 24 h
        (service_with(BOUGHT), DELIVERED, {"no_reason": (10_000, ())}, None),
        (service_with(BOUGHT), DELIVERED + 5 * DAY - TICK, {"no_reason": (10_000, ())}, None),
        (service_with(BOUGHT), DELIVERED + 5 * DAY, {}, RefusalReason.TOO_LATE),
        # within five days and with a renewal not yet started, the buyer chooses (§7)
        (
            service_with(BOUGHT, RENEWED), DELIVERED + DAY,
            {"cancel_renewal": (9_000, (2,)), "no_reason": (19_000, (2,))}, None,
        ),
        # only the latest period is refunded, with the fee of a change for it
        (
            service_with(BOUGHT, CHANGED, RENEWED, CHANGED_NEXT), DELIVERED + 2 * DAY,
            {"cancel_renewal": (9_600, (2, 5)), "no_reason": (20_100, (2, 5))}, None,
        ),
        (service_with(BOUGHT, RENEWED, RENEWED_TWICE), DELIVERED + 9 * DAY, {"cancel_renewal": (8_000, (3,))}, RefusalReason.TOO_LATE),
        # begun renewal, expired, half-open
        (service_with(BOUGHT, RENEWED), END - TICK, {"cancel_renewal": (9_000, (2,))}, RefusalReason.TOO_LATE),
        (service_with(BOUGHT, RENEWED), END, {}, RefusalReason.RENEWAL_BEGUN),
        (service_with(BOUGHT), END, {}, RefusalReason.EXPIRED),
        (service_with(BOUGHT), END - TICK, {}, RefusalReason.TOO_LATE),
        # a renewal that changed the service is effective at once (decision 0043)
        (service_with(BOUGHT, CHANGED_RENEWAL), DELIVERED + DAY, {"no_reason": (19_000, (2,))}, None),
        (service_with(BOUGHT, CHANGED_RENEWAL), DELIVERED + 9 * DAY, {}, RefusalReason.CHANGED),
        (service_with(BOUGHT, CHANGED_RENEWAL, RENEWED_TWICE), DELIVERED + 9 * DAY, {"cancel_renewal": (8_000, (3,))}, RefusalReason.TOO_LATE),
        # trial; after its conversion it is a normal period
        (service_with(TRIAL), DELIVERED + DAY, {}, RefusalReason.TRIAL),
        (service_with(TRIAL, AFTER_TRIAL), DELIVERED + DAY, {"cancel_renewal": (9_000, (7,))}, RefusalReason.TRIAL),
        (service_with(TRIAL, AFTER_TRIAL), END, {"no_reason": (9_000, ())}, None),
        (service_with(TRIAL, AFTER_TRIAL), END + 5 * DAY, {}, RefusalReason.TOO_LATE),
        # usage, package, sold once
        (service_with(mode="ON_DEMAND", returns=RefundRight.NEVER), DELIVERED, {"end": (0, ())}, RefusalReason.USAGE),
        (service_with(mode="ON_DEMAND", returns=RefundRight.NEVER, on_server=True), DELIVERED, {}, RefusalReason.ON_SERVER),
        (service_with(mode="ON_DEMAND", returns=RefundRight.NEVER, asked=True), DELIVERED, {}, RefusalReason.ASKED),
        (service_with(BOUGHT, mode="ON_DEMAND_PKG", returns=RefundRight.NEVER), DELIVERED, {}, RefusalReason.PACKAGE),
        (service_with(BOUGHT, mode="ONE_TIME", returns=RefundRight.NEVER), DELIVERED, {}, RefusalReason.NOT_REFUNDABLE),
        # negotiated: periods that have started; those that have not are refunded in addition
        (service_with(BOUGHT, returns=RefundRight.NEGOTIATED), DELIVERED + 9 * DAY, {"negotiated": (10_000, ())}, None),
        (
            service_with(BOUGHT, RENEWED, returns=RefundRight.NEGOTIATED), DELIVERED + 9 * DAY,
            {"cancel_renewal": (9_000, (2,)), "negotiated": (10_000, (2,))}, None,
        ),
        (service_with(BOUGHT, returns=RefundRight.NEGOTIATED), DELIVERED + 30 * DAY, {}, RefusalReason.TOO_LATE),
        (service_with(BOUGHT, returns=RefundRight.NEGOTIATED, asked=True), DELIVERED, {}, RefusalReason.ASKED),
        # the count: one limit for all kinds of no-reason refunds (§7)
        (service_with(BOUGHT, no_reason_used=9), DELIVERED, {"no_reason": (10_000, ())}, None),
        (service_with(BOUGHT, no_reason_used=10), DELIVERED, {}, RefusalReason.TOO_OFTEN),
        (service_with(BOUGHT, RENEWED, no_reason_used=10), DELIVERED, {"cancel_renewal": (9_000, (2,))}, RefusalReason.TOO_OFTEN),
        # not active, or with an operation in progress
        (service_with(opened=False, living=False), DELIVERED, {}, RefusalReason.NOT_OPEN),
        (service_with(BOUGHT, living=False), DELIVERED, {}, RefusalReason.ENDED),
        (service_with(BOUGHT, RENEWED, under_way=True), DELIVERED, {}, RefusalReason.UNDER_WAY),
        # price 0: the same path
        (service_with(replace(BOUGHT, paid_minor=0)), DELIVERED, {"no_reason": (0, ())}, None),
    ],
)  # fmt: skip
def test_refund_options_of_each_service(
    service: RefundableService, now: datetime, options: dict[str, Any], reason: RefusalReason | None
) -> None:
    assert open_ways(service, now) == options
    assert refund_options(service, RULES, now=now).why == reason


def test_five_days_across_the_end_of_a_year() -> None:
    """operations.md §4: delivered 2027-12-30 23:00: refused from 2028-01-04 23:00; counts in the year of the request."""
    zone = ZoneInfo("Asia/Shanghai")
    delivered = datetime(2027, 12, 30, 23, 0, tzinfo=zone)
    service = service_with(replace(BOUGHT, starts_at=delivered, ends_at=delivered + 31 * DAY))
    last = datetime(2028, 1, 4, 23, 0, tzinfo=zone)
    assert open_ways(service, last - TICK) == {"no_reason": (10_000, ())}
    assert refund_options(service, RULES, now=last).why == RefusalReason.TOO_LATE
    assert calendar_year(last, zone) == (datetime(2028, 1, 1, tzinfo=zone), datetime(2029, 1, 1, tzinfo=zone))
    assert calendar_year(datetime(2027, 12, 31, 16, 0, tzinfo=UTC), zone)[0].year == 2028, (
        "already the new year in the market's zone"
    )


def lines_of(*paid: int) -> tuple[RefundableLine, ...]:
    return tuple(
        RefundableLine(line=f"CS{n}-000001", paid_minor=minor, back_minor=minor) for n, minor in enumerate(paid)
    )


def test_partial_refund_is_split_by_largest_remainder() -> None:
    """operations.md §4: 500.00 over 1200.00 + 445.42 + 99.00 → 343.95 + 127.67 + 28.38."""
    parts = split_refund(50_000, lines_of(120_000, 44_542, 9_900))
    assert [part.back_minor for part in parts] == [34_395, 12_767, 2_838]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.data())
def test_shares_add_up_and_never_exceed_the_payment(paid: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(paid)))
    parts = split_refund(amount, lines_of(*paid))
    assert all(0 <= part.back_minor <= part.paid_minor for part in parts)
    assert sum(part.back_minor for part in parts) == amount
    assert split_refund(sum(paid), lines_of(*paid)) == lines_of(*paid), "a full refund returns each line in full"


@pytest.mark.parametrize("amount", [-1, 20_001])
def test_refund_above_the_payment_is_an_error(amount: int) -> None:
    with pytest.raises(ValueError, match="of 20000"):
        split_refund(amount, lines_of(10_000, 10_000))


def test_cancelled_renewal_names_the_new_end() -> None:
    cancel = refund_options(service_with(BOUGHT, RENEWED), RULES, now=DELIVERED + DAY).way(RefundWay.CANCEL_RENEWAL)
    assert cancel is not None
    assert (cancel.until, cancel.before) == (END, END)
    [line] = cancel.lines
    assert (line.back_minor, line.unearned_minor) == (9_000, 9_000)


parts_of_lines = st.lists(
    st.tuples(st.sampled_from(["CS1", "CS2", "CS3"]), st.integers(0, 10**7), st.booleans()), min_size=1, max_size=8
)


@given(parts_of_lines, st.data())
def test_negotiated_amount_and_periods_not_started_add_up(
    drawn: list[tuple[str, int, bool]], data: st.DataObject
) -> None:
    """No line is refunded more than was paid for it, and a full refund returns every minor unit."""
    parts = [
        PaidPart(key=n, line=line, paid_minor=minor, starts_at=DELIVERED + (DAY if later else -DAY), earned=not later)
        for n, (line, minor, later) in enumerate(drawn)
    ]
    begun = sum(part.paid_minor for part in parts if part.starts_at <= DELIVERED)
    rest = sum(part.paid_minor for part in parts) - begun
    amount = data.draw(st.integers(0, begun))
    backs = negotiated_lines(parts, amount, now=DELIVERED)
    assert sum(back.back_minor for back in backs) == amount + rest
    assert all(back.unearned_minor <= back.back_minor <= back.paid_minor for back in backs)
    assert sum(back.unearned_minor for back in backs) == rest
    if amount == begun:
        assert all(back.back_minor == back.paid_minor for back in backs)
    with pytest.raises(ValueError, match="of"):
        negotiated_lines(parts, begun + 1, now=DELIVERED)
