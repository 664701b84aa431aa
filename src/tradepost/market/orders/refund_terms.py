"""What of a service its buyer can have paid back, and why not: pure rules (business-rules §4.7, operations.md §4).

A renewal whose time has not begun is taken back; the whole service within a few days, without a reason; or what buyer and
seller agree on. What is billed by usage ends at any time, without a refund. Moments are half-open: what is asked for at the very end of a time is too late. Amounts are whole
minor units of one currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.product_types.charging import Charging
from tradepost.market.product_types.contract import Returns


class Way(StrEnum):
    CANCEL_RENEWAL = "cancel_renewal"
    """The latest period has not begun: it is paid back in full, and counts among nothing."""
    NO_REASON = "no_reason"
    """All that was paid for the service, which ends."""
    UNUSED = "unused"
    """What is left of the paid time; the service ends."""
    END = "end"
    """A pay-per-use service ends: nothing is paid back, and usage until then is charged."""
    NEGOTIATED = "negotiated"
    """What the seller agrees to; the service ends then."""


class Why(StrEnum):
    """Why the whole service is not paid back."""

    NOT_OPEN = "not_open"
    ENDED = "ended"
    UNDER_WAY = "under_way"
    """An order about it is being worked on."""
    ASKED = "asked"
    """The seller is asked already."""
    USAGE = "usage"
    PACKAGE = "package"
    TRIAL = "trial"
    NOT_REFUNDABLE = "not_refundable"
    EXPIRED = "expired"
    RENEWAL_BEGUN = "renewal_begun"
    CHANGED = "changed"
    """The latest renewal made another edition or quantity hold, which it does already (decision 0043)."""
    INVOICED = "invoiced"
    """An invoice stands over it: it is taken back first (§6.2)."""
    TOO_LATE = "too_late"
    TOO_OFTEN = "too_often"
    ON_SERVER = "on_server"
    """A pay-per-use image ends with the server that runs it (§5)."""
    BOUND = "bound"
    """A period image that a server uses (§5): its disk is changed first, or it is released."""


class Rules(Struct, frozen=True, kw_only=True):
    """``no_reason_days``: of 24 hours each from the delivery on. ``no_reason_per_year``: of one buyer in a calendar year."""

    no_reason_days: int
    no_reason_per_year: int
    negotiable_days: int
    """From the delivery on, as the others: so long may a seller be asked."""


class Part(Struct, frozen=True, kw_only=True):
    """What was paid for one stretch of time, or for all of it where it has no end. What was cancelled is not among them."""

    key: int
    """Of the period; zero where there is none."""
    line: str
    """Number of the order line that paid it."""
    paid_minor: int
    starts_at: datetime
    ends_at: datetime | None = None
    trial: bool = False
    change: bool = False
    """What a change in use cost for a part of the time."""
    earned: bool = True
    """Its money is the seller's already."""
    invoiced: bool = False
    """It stands on an invoice that was asked for or issued."""
    other: bool = False
    """By what paid for it another edition or quantity is held than before, from then on and not from its beginning
    (decision 0043)."""


class HeldService(Struct, frozen=True, kw_only=True):
    """A service as its buyer holds it. ``parts``: in the order of their beginnings."""

    opened: bool
    living: bool
    charging: Charging
    returns: Returns
    expires_at: datetime | None
    currency: str
    parts: tuple[Part, ...]
    under_way: bool = False
    """A paid order about it is being worked on."""
    stalled_minor: int | None = None
    """What was paid for an order about it that stopped at its seller: it is not worked on, and holds nobody up who leaves
    (operations.md §4). None where there is none."""
    telling: bool = False
    """A renewal was taken back, and the seller is not told yet: the service may end meanwhile, and no other is taken back."""
    asked: bool = False
    on_server: bool = False
    """It runs on a server of the operator's cloud."""
    bound: bool = False
    """Something else uses it: a server a period image."""
    no_reason_used: int = 0
    """By its buyer, of all services, in the calendar year of now."""


class LineBack(Struct, frozen=True, kw_only=True):
    """What of one order line is paid back."""

    line: str
    paid_minor: int
    """For what has not been paid back yet."""
    back_minor: int
    unearned_minor: int = 0
    """Of ``back_minor``: what is still held, and never became the seller's."""


class Terms(Struct, frozen=True, kw_only=True):
    """One way, as it would be now."""

    way: Way
    lines: tuple[LineBack, ...]
    """Negotiated: what has begun, at most all of it."""
    currency: str
    periods: tuple[int, ...] = ()
    """Keys of the periods that are taken back, since they have not begun."""
    until: datetime | None = None
    """Where the paid time ends then; None where the service ends at once."""
    before: datetime | None = None
    """Until when this way is open, exclusive."""
    stalled_minor: int | None = None
    """On top: what was paid for an order that stopped at the seller. It is given up with the service."""

    @property
    def stalled(self) -> Money | None:
        return None if self.stalled_minor is None else Money(self.stalled_minor, self.currency)

    @property
    def back(self) -> Money:
        return Money(sum(line.back_minor for line in self.lines), self.currency)


class Offered(Struct, frozen=True, kw_only=True):
    """``ways``: open now, of which the buyer chooses one. ``why``: why the whole service is not paid back; None when it
    may be. ``since``: the moment that decided it, where one did."""

    ways: tuple[Terms, ...] = ()
    why: Why | None = None
    since: datetime | None = None

    def way(self, way: str) -> Terms | None:
        return next((one for one in self.ways if one.way == way), None)


def offered(held: HeldService, rules: Rules, *, now: datetime) -> Offered:
    if not held.living or held.under_way:
        return Offered(why=_standing(held))
    latest = _latest_renewal(held, now)
    blocked = latest is not None and held.stalled_minor is not None
    if held.telling or blocked:
        latest = None
    whole = _whole(held, rules, now)
    ways = tuple(one for one in (latest, _end(held), whole if isinstance(whole, Terms) else None) if one is not None)
    if isinstance(whole, Terms):
        return Offered(ways=ways)
    why, since = whole
    if blocked:
        return Offered(ways=ways, why=Why.UNDER_WAY)  # it was ordered to begin when that one ends
    if latest is None and (changed := _changed(held, now)) is not None:
        why, since = Why.CHANGED, changed.starts_at
    return Offered(ways=ways, why=why, since=since)


def _standing(held: HeldService) -> Why:
    if not held.opened:
        return Why.NOT_OPEN
    return Why.UNDER_WAY if held.living else Why.ENDED


def _latest_renewal(held: HeldService, now: datetime) -> Terms | None:
    """The latest period, when it has not begun, with what a change in use cost for it. One that is effective already, since
    it changed what is held, is not taken back: who went up would have had more until then, for nothing."""
    latest = _not_begun(held, now)
    if latest is None or latest.other:
        return None
    taken = [part for part in held.parts if part.starts_at >= latest.starts_at]
    if any(part.invoiced for part in taken):
        return None
    return Terms(
        way=Way.CANCEL_RENEWAL,
        lines=by_line(taken),
        currency=held.currency,
        periods=tuple(part.key for part in taken),
        until=latest.starts_at,
        before=latest.starts_at,
    )


def _not_begun(held: HeldService, now: datetime) -> Part | None:
    bases = [part for part in held.parts if not part.change]
    return bases[-1] if len(bases) > 1 and bases[-1].starts_at > now else None  # nothing was before the first


def _changed(held: HeldService, now: datetime) -> Part | None:
    latest = _not_begun(held, now)
    return latest if latest is not None and latest.other else None


def _end(held: HeldService) -> Terms | None:
    """What is billed by usage can be ended at any time: an end costs nothing and gives nothing back."""
    if not held.charging.postpaid or held.on_server or held.asked:
        return None
    return Terms(way=Way.END, lines=(), currency=held.currency, stalled_minor=held.stalled_minor)


def _whole(held: HeldService, rules: Rules, now: datetime) -> Terms | tuple[Why, datetime | None]:
    if held.asked:
        return Why.ASKED, None
    if held.charging.postpaid or held.charging.quota:
        usage = Why.ON_SERVER if held.on_server else Why.USAGE
        return usage if held.charging.postpaid else Why.PACKAGE, None
    paid = [part for part in held.parts if not part.trial]
    bases = [part for part in paid if not part.change]
    if not bases or bases[0].starts_at > now:
        return Why.TRIAL, None
    if held.returns is Returns.NEVER:
        return Why.NOT_REFUNDABLE, None
    if held.expires_at is not None and held.expires_at <= now:
        return Why.EXPIRED, held.expires_at
    if held.bound:
        return Why.BOUND, None
    if held.returns is Returns.UNUSED:
        return _all_or_unused(held, bases, paid, rules, now)
    if begun := [part for part in bases[1:] if part.starts_at <= now]:
        return Why.RENEWAL_BEGUN, begun[0].starts_at
    no_reason = held.returns is Returns.NO_REASON
    before = bases[0].starts_at + timedelta(days=rules.no_reason_days if no_reason else rules.negotiable_days)
    if now >= before:
        return Why.TOO_LATE, before
    if no_reason and held.no_reason_used >= rules.no_reason_per_year:
        return Why.TOO_OFTEN, None
    if any(part.invoiced for part in paid):
        return Why.INVOICED, None
    return Terms(
        way=Way.NO_REASON if no_reason else Way.NEGOTIATED,
        lines=by_line(paid if no_reason else [part for part in paid if part.starts_at <= now]),
        currency=held.currency,
        periods=tuple(part.key for part in paid if part.starts_at > now),
        before=before,
        stalled_minor=held.stalled_minor,
    )


def _all_or_unused(
    held: HeldService, bases: Sequence[Part], paid: Sequence[Part], rules: Rules, now: datetime
) -> Terms | tuple[Why, datetime | None]:
    """§4.7, images: all of it within the days and as often as one may, else what is left of the time."""
    before = bases[0].starts_at + timedelta(days=rules.no_reason_days)
    whole = now < before and held.no_reason_used < rules.no_reason_per_year
    lines = by_line(paid) if whole else _unused(paid, now=now)
    back = {line.line for line in lines if line.back_minor}
    if any(part.invoiced and part.line in back for part in paid):
        return Why.INVOICED, None
    return Terms(
        way=Way.NO_REASON if whole else Way.UNUSED,
        lines=lines,
        currency=held.currency,
        periods=tuple(part.key for part in paid if part.starts_at > now),
        before=before if whole else held.expires_at,
        stalled_minor=held.stalled_minor,
    )


def _unused(parts: Sequence[Part], *, now: datetime) -> tuple[LineBack, ...]:
    """Of each part what was paid, less its share for the time that is over; parts of a coin of that share are not deducted."""

    def left(part: Part) -> int:
        if part.ends_at is None or now <= part.starts_at:
            return part.paid_minor
        all_of_it = part.ends_at - part.starts_at
        used = min(now, part.ends_at) - part.starts_at
        return part.paid_minor - part.paid_minor * (used // _INSTANT) // (all_of_it // _INSTANT)

    return tuple(
        LineBack(
            line=line,
            paid_minor=sum(part.paid_minor for part in alike),
            back_minor=sum(left(part) for part in alike),
            unearned_minor=sum(left(part) for part in alike if not part.earned),
        )
        for line in dict.fromkeys(part.line for part in parts)
        for alike in [[part for part in parts if part.line == line]]
    )


_INSTANT = timedelta(microseconds=1)


def by_line(parts: Sequence[Part]) -> tuple[LineBack, ...]:
    """All that was paid for these, by the order lines that paid it, in their order."""
    return tuple(
        LineBack(
            line=line,
            paid_minor=sum(part.paid_minor for part in alike),
            back_minor=sum(part.paid_minor for part in alike),
            unearned_minor=sum(part.paid_minor for part in alike if not part.earned),
        )
        for line in dict.fromkeys(part.line for part in parts)
        for alike in [[part for part in parts if part.line == line]]
    )


def shared(amount_minor: int, lines: Sequence[LineBack]) -> tuple[LineBack, ...]:
    """So much of these lines, in proportion to what was paid for each (largest remainder). Raises ``ValueError`` for more
    than was paid, or less than nothing."""
    paid = sum(line.paid_minor for line in lines)
    if not 0 <= amount_minor <= paid:
        raise ValueError(f"{amount_minor} of {paid}")
    if paid == 0:
        return tuple(lines)
    parts = Money(amount_minor, "CNY").split(tuple(line.paid_minor for line in lines))
    return tuple(
        LineBack(line=line.line, paid_minor=line.paid_minor, back_minor=part.minor,
                 unearned_minor=min(line.unearned_minor, part.minor))
        for line, part in zip(lines, parts, strict=True)
    )  # fmt: skip


def agreed(parts: Sequence[Part], amount_minor: int, *, now: datetime) -> tuple[LineBack, ...]:
    """What is paid back when so much was agreed on: that, of what has begun, and on top all that has not. Raises
    ``ValueError`` for more than was paid for what has begun."""
    paid = [part for part in parts if not part.trial]
    begun = shared(amount_minor, by_line([part for part in paid if part.starts_at <= now]))
    rest = by_line([part for part in paid if part.starts_at > now])
    return tuple(
        LineBack(
            line=line,
            paid_minor=sum(one.paid_minor for one in alike),
            back_minor=sum(one.back_minor for one in alike),
            unearned_minor=sum(one.unearned_minor for one in alike),
        )
        for line in dict.fromkeys(one.line for one in (*begun, *rest))
        for alike in [[one for one in (*begun, *rest) if one.line == line]]
    )


def calendar_year(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The calendar year of a moment in the market's time zone, half-open."""
    year = now.astimezone(zone).year
    return datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
