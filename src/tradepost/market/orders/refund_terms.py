"""Refund rules of a service: which refunds the buyer can get, and why not (business-rules §4.7, operations.md §4). Pure
functions.

A renewal that has not begun can be cancelled. A whole service can be refunded within some days without a reason, or as
negotiated with the seller. Pay-per-use services can end at any time without a refund. Moments are half-open: a request
at the exact end is too late. Amounts are whole minor units of one currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.product_types.charging import Charging
from tradepost.market.product_types.contract import RefundRight


class RefundWay(StrEnum):
    CANCEL_RENEWAL = "cancel_renewal"
    """Full refund of the latest period, which has not begun. It does not count toward any limit."""
    NO_REASON = "no_reason"
    """Full refund of the service, which ends."""
    UNUSED = "unused"
    """Refund of the remaining paid time; the service ends."""
    END = "end"
    """End of a pay-per-use service without a refund; usage until then is charged."""
    NEGOTIATED = "negotiated"
    """Refund of the amount that the seller approves; the service then ends."""


class RefusalReason(StrEnum):
    """Reason why the whole service cannot be refunded."""

    NOT_OPEN = "not_open"
    ENDED = "ended"
    UNDER_WAY = "under_way"
    """A paid order about the service is being processed."""
    ASKED = "asked"
    """A refund request is already open."""
    USAGE = "usage"
    PACKAGE = "package"
    TRIAL = "trial"
    NOT_REFUNDABLE = "not_refundable"
    EXPIRED = "expired"
    RENEWAL_BEGUN = "renewal_begun"
    CHANGED = "changed"
    """The latest renewal changed the edition or quantity and is already in effect (decision 0043)."""
    INVOICED = "invoiced"
    """An invoice covers the payment; it must be returned first (§6.2)."""
    TOO_LATE = "too_late"
    TOO_OFTEN = "too_often"
    ON_SERVER = "on_server"
    """A pay-per-use image ends with the server that runs it (§5)."""
    BOUND = "bound"
    """A server uses the period image (§5); replace its disk or release it first."""


class RefundRules(Struct, frozen=True, kw_only=True):
    """Limits of refunds. ``no_reason_days``: days of 24 hours from delivery. ``no_reason_per_year``: refunds of one
    buyer per calendar year."""

    no_reason_days: int
    no_reason_per_year: int
    negotiable_days: int
    """Days from delivery in which a refund can be negotiated."""


class PaidPart(Struct, frozen=True, kw_only=True):
    """Payment for one period, or for the whole service if it has no periods. Cancelled periods are left out."""

    key: int
    """Key of the period; zero without one."""
    line: str
    """Number of the order line that paid for it."""
    paid_minor: int
    starts_at: datetime
    ends_at: datetime | None = None
    trial: bool = False
    change: bool = False
    """Fee of a change for part of the period."""
    earned: bool = True
    """Whether the seller has earned the money."""
    invoiced: bool = False
    """Whether a requested or issued invoice covers it."""
    other: bool = False
    """Whether this payment changed the edition or quantity with immediate effect (decision 0043)."""


class RefundableService(Struct, frozen=True, kw_only=True):
    """A service for the refund rules. ``parts`` are sorted by their start."""

    opened: bool
    living: bool
    charging: Charging
    returns: RefundRight
    expires_at: datetime | None
    currency: str
    parts: tuple[PaidPart, ...]
    under_way: bool = False
    """Whether a paid order about it is being processed."""
    stalled_minor: int | None = None
    """Payment for an order about it that stopped at its seller; such an order does not prevent an unsubscription
    (operations.md §4). None without one."""
    telling: bool = False
    """Whether the seller has not been notified yet of a cancelled renewal. The service may end meanwhile, but no other
    renewal is cancelled."""
    asked: bool = False
    on_server: bool = False
    """Whether it runs on a server of the operator's cloud."""
    bound: bool = False
    """Whether something else uses it, such as a server that uses a period image."""
    no_reason_used: int = 0
    """Refunds without a reason by its buyer, over all services in the present calendar year."""


class RefundableLine(Struct, frozen=True, kw_only=True):
    """Refundable part of one order line."""

    line: str
    paid_minor: int
    """Payment that was not refunded yet."""
    back_minor: int
    unearned_minor: int = 0
    """Part of ``back_minor`` that the seller has not earned."""


class RefundTerms(Struct, frozen=True, kw_only=True):
    """One possible refund at the present moment."""

    way: RefundWay
    lines: tuple[RefundableLine, ...]
    """For a negotiated refund: lines of periods that have begun, with the maximum amounts."""
    currency: str
    periods: tuple[int, ...] = ()
    """Keys of the periods to cancel because they have not begun."""
    until: datetime | None = None
    """New end of the paid time; None if the service ends at once."""
    before: datetime | None = None
    """Deadline of this refund, exclusive."""
    stalled_minor: int | None = None
    """Additional refund for an order that stopped at the seller and is refunded with the service."""

    @property
    def stalled(self) -> Money | None:
        return None if self.stalled_minor is None else Money(self.stalled_minor, self.currency)

    @property
    def back(self) -> Money:
        return Money(sum(line.back_minor for line in self.lines), self.currency)


class RefundOptions(Struct, frozen=True, kw_only=True):
    """Possible refunds, of which the buyer chooses one. ``why``: why the whole service cannot be refunded; None if it
    can. ``since``: moment that the reason depends on, if any."""

    ways: tuple[RefundTerms, ...] = ()
    why: RefusalReason | None = None
    since: datetime | None = None

    def way(self, way: str) -> RefundTerms | None:
        return next((terms for terms in self.ways if terms.way == way), None)


def refund_options(service: RefundableService, rules: RefundRules, *, now: datetime) -> RefundOptions:
    if not service.living or service.under_way:
        return RefundOptions(why=_closed_reason(service))
    latest_renewal = _latest_renewal(service, now)
    is_blocked = latest_renewal is not None and service.stalled_minor is not None
    if service.telling or is_blocked:
        latest_renewal = None
    whole_refund = _whole_refund(service, rules, now)
    all_terms = tuple(
        terms
        for terms in (
            latest_renewal,
            _end_terms(service),
            whole_refund if isinstance(whole_refund, RefundTerms) else None,
        )
        if terms is not None
    )
    if isinstance(whole_refund, RefundTerms):
        return RefundOptions(ways=all_terms)
    reason, since = whole_refund
    if is_blocked:
        return RefundOptions(ways=all_terms, why=RefusalReason.UNDER_WAY)  # that order was to begin when this one ends
    if latest_renewal is None and (change_part := _effective_change(service, now)) is not None:
        reason, since = RefusalReason.CHANGED, change_part.starts_at
    return RefundOptions(ways=all_terms, why=reason, since=since)


def _closed_reason(service: RefundableService) -> RefusalReason:
    if not service.opened:
        return RefusalReason.NOT_OPEN
    return RefusalReason.UNDER_WAY if service.living else RefusalReason.ENDED


def _latest_renewal(service: RefundableService, now: datetime) -> RefundTerms | None:
    """Return the refund of the latest period if it has not begun, with its change fees.

    A renewal that changed the service with immediate effect is not refundable; otherwise the higher edition would have
    been free.
    """
    latest_part = _period_not_begun(service, now)
    if latest_part is None or latest_part.other:
        return None
    cancelled_parts = [part for part in service.parts if part.starts_at >= latest_part.starts_at]
    if any(part.invoiced for part in cancelled_parts):
        return None
    return RefundTerms(
        way=RefundWay.CANCEL_RENEWAL,
        lines=full_refund_lines(cancelled_parts),
        currency=service.currency,
        periods=tuple(part.key for part in cancelled_parts),
        until=latest_part.starts_at,
        before=latest_part.starts_at,
    )


def _period_not_begun(service: RefundableService, now: datetime) -> PaidPart | None:
    bases = [part for part in service.parts if not part.change]
    return bases[-1] if len(bases) > 1 and bases[-1].starts_at > now else None  # the first period has no predecessor


def _effective_change(service: RefundableService, now: datetime) -> PaidPart | None:
    latest_part = _period_not_begun(service, now)
    return latest_part if latest_part is not None and latest_part.other else None


def _end_terms(service: RefundableService) -> RefundTerms | None:
    """Return the end of a pay-per-use service, which is possible at any time without a refund."""
    if not service.charging.postpaid or service.on_server or service.asked:
        return None
    return RefundTerms(way=RefundWay.END, lines=(), currency=service.currency, stalled_minor=service.stalled_minor)


def _whole_refund(
    service: RefundableService, rules: RefundRules, now: datetime
) -> RefundTerms | tuple[RefusalReason, datetime | None]:
    if service.asked:
        return RefusalReason.ASKED, None
    if service.charging.postpaid or service.charging.quota:
        usage = RefusalReason.ON_SERVER if service.on_server else RefusalReason.USAGE
        return usage if service.charging.postpaid else RefusalReason.PACKAGE, None
    paid_parts = [part for part in service.parts if not part.trial]
    bases = [part for part in paid_parts if not part.change]
    if not bases or bases[0].starts_at > now:
        return RefusalReason.TRIAL, None
    if service.returns is RefundRight.NEVER:
        return RefusalReason.NOT_REFUNDABLE, None
    if service.expires_at is not None and service.expires_at <= now:
        return RefusalReason.EXPIRED, service.expires_at
    if service.bound:
        return RefusalReason.BOUND, None
    if service.returns is RefundRight.UNUSED:
        return _all_or_unused(service, bases, paid_parts, rules, now)
    if begun_parts := [part for part in bases[1:] if part.starts_at <= now]:
        return RefusalReason.RENEWAL_BEGUN, begun_parts[0].starts_at
    no_reason = service.returns is RefundRight.NO_REASON
    deadline = bases[0].starts_at + timedelta(days=rules.no_reason_days if no_reason else rules.negotiable_days)
    if now >= deadline:
        return RefusalReason.TOO_LATE, deadline
    if no_reason and service.no_reason_used >= rules.no_reason_per_year:
        return RefusalReason.TOO_OFTEN, None
    if any(part.invoiced for part in paid_parts):
        return RefusalReason.INVOICED, None
    return RefundTerms(
        way=RefundWay.NO_REASON if no_reason else RefundWay.NEGOTIATED,
        lines=full_refund_lines(paid_parts if no_reason else [part for part in paid_parts if part.starts_at <= now]),
        currency=service.currency,
        periods=tuple(part.key for part in paid_parts if part.starts_at > now),
        before=deadline,
        stalled_minor=service.stalled_minor,
    )


def _all_or_unused(
    service: RefundableService,
    bases: Sequence[PaidPart],
    paid_parts: Sequence[PaidPart],
    rules: RefundRules,
    now: datetime,
) -> RefundTerms | tuple[RefusalReason, datetime | None]:
    """§4.7, images: full refund within the days and the yearly limit, otherwise refund of the remaining time."""
    deadline = bases[0].starts_at + timedelta(days=rules.no_reason_days)
    is_full = now < deadline and service.no_reason_used < rules.no_reason_per_year
    lines = full_refund_lines(paid_parts) if is_full else _remaining_lines(paid_parts, now=now)
    refunded_lines = {line.line for line in lines if line.back_minor}
    if any(part.invoiced and part.line in refunded_lines for part in paid_parts):
        return RefusalReason.INVOICED, None
    return RefundTerms(
        way=RefundWay.NO_REASON if is_full else RefundWay.UNUSED,
        lines=lines,
        currency=service.currency,
        periods=tuple(part.key for part in paid_parts if part.starts_at > now),
        before=deadline if is_full else service.expires_at,
        stalled_minor=service.stalled_minor,
    )


def _remaining_lines(parts: Sequence[PaidPart], *, now: datetime) -> tuple[RefundableLine, ...]:
    """Refund each part less the share of the elapsed time; that share is rounded down to the minor unit."""

    def left(part: PaidPart) -> int:
        if part.ends_at is None or now <= part.starts_at:
            return part.paid_minor
        duration = part.ends_at - part.starts_at
        elapsed_time = min(now, part.ends_at) - part.starts_at
        return part.paid_minor - part.paid_minor * (elapsed_time // _INSTANT) // (duration // _INSTANT)

    return tuple(
        RefundableLine(
            line=line,
            paid_minor=sum(part.paid_minor for part in line_parts),
            back_minor=sum(left(part) for part in line_parts),
            unearned_minor=sum(left(part) for part in line_parts if not part.earned),
        )
        for line in dict.fromkeys(part.line for part in parts)
        for line_parts in [[part for part in parts if part.line == line]]
    )


_INSTANT = timedelta(microseconds=1)


def full_refund_lines(parts: Sequence[PaidPart]) -> tuple[RefundableLine, ...]:
    """Return the full refund of these parts by order line, in order."""
    return tuple(
        RefundableLine(
            line=line,
            paid_minor=sum(part.paid_minor for part in line_parts),
            back_minor=sum(part.paid_minor for part in line_parts),
            unearned_minor=sum(part.paid_minor for part in line_parts if not part.earned),
        )
        for line in dict.fromkeys(part.line for part in parts)
        for line_parts in [[part for part in parts if part.line == line]]
    )


def split_refund(amount_minor: int, lines: Sequence[RefundableLine]) -> tuple[RefundableLine, ...]:
    """Split the amount over the lines in proportion to their payments (largest remainder). Raises ``ValueError`` for a
    negative amount or more than was paid."""
    paid_minor = sum(line.paid_minor for line in lines)
    if not 0 <= amount_minor <= paid_minor:
        raise ValueError(f"{amount_minor} of {paid_minor}")
    if paid_minor == 0:
        return tuple(lines)
    parts = Money(amount_minor, "CNY").split(tuple(line.paid_minor for line in lines))
    return tuple(
        RefundableLine(line=line.line, paid_minor=line.paid_minor, back_minor=part.minor,
                 unearned_minor=min(line.unearned_minor, part.minor))
        for line, part in zip(lines, parts, strict=True)
    )  # fmt: skip


def negotiated_lines(parts: Sequence[PaidPart], amount_minor: int, *, now: datetime) -> tuple[RefundableLine, ...]:
    """Return the lines of a negotiated refund: the agreed amount for periods that have begun, and full refunds of the
    others.

    Raises ``ValueError`` if the amount exceeds the payments for periods that have begun.
    """
    paid_parts = [part for part in parts if not part.trial]
    begun_lines = split_refund(amount_minor, full_refund_lines([part for part in paid_parts if part.starts_at <= now]))
    not_begun = full_refund_lines([part for part in paid_parts if part.starts_at > now])
    return tuple(
        RefundableLine(
            line=line,
            paid_minor=sum(refunded_line.paid_minor for refunded_line in same_line),
            back_minor=sum(refunded_line.back_minor for refunded_line in same_line),
            unearned_minor=sum(refunded_line.unearned_minor for refunded_line in same_line),
        )
        for line in dict.fromkeys(refunded_line.line for refunded_line in (*begun_lines, *not_begun))
        for same_line in [[refunded_line for refunded_line in (*begun_lines, *not_begun) if refunded_line.line == line]]
    )


def calendar_year(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the calendar year of a moment in the market's time zone, half-open."""
    year = now.astimezone(zone).year
    return datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
