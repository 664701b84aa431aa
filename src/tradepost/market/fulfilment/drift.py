"""Differences between market and seller, and their repair: pure rules over both states.

A query returns whether the instance exists and its access data (saas-v2 §3.2), but no end or freeze. For those, only
the seller's last answers are known: confirmed changes, and changes without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from tradepost.market.base.values import members
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.protocols.commands import AppInfo

from .drift_models import Drift
from .queue import EXPIRED

DriftKind, Repair = Drift.What, Drift.Repair
ENDED = (Subscription.Status.RELEASING, Subscription.Status.RELEASED, Subscription.Status.FAILED)


class Answer(StrEnum):
    """Answer of the seller about an instance."""

    HAS = "has"
    UNKNOWN = "unknown"
    """000003: no such instance."""
    PENDING = "pending"
    NO_ANSWER = "no answer"
    """Unknown because of a fault or another refusal."""
    NOT_ASKED = "not asked"
    """The protocol has no query, or the seller need not implement it in this charging mode."""


class Unresolved(Struct, frozen=True, kw_only=True):
    """An operation that has not ended."""

    id: int
    kind: str
    stopped: bool
    ends: bool = False
    moves_end: bool = False
    """Whether it sends an end of the paid time to the seller."""


class MarketSide(Struct, frozen=True, kw_only=True):
    """State of a service at the market."""

    status: str
    reasons: frozenset[str] = frozenset()
    """Reasons of its freeze."""
    seller_state: str = "active"
    """State in the seller's last answer."""
    can_freeze: bool = True
    can_thaw: bool = True
    refresh_thaws: bool = False
    can_refresh: bool = True
    expires_at: datetime | None = None
    told_end: datetime | None = None
    """Last end that the seller confirmed; None without one."""
    maybe_end: datetime | None = None
    """Later end without a good answer, which the seller may have stored."""
    access: AppInfo | None = None
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def living(self) -> bool:
        return self.status in LIVE_STATUSES


class SellerSide(Struct, frozen=True, kw_only=True):
    answer: Answer
    access: AppInfo | None = None


class Difference(Struct, frozen=True, kw_only=True):
    what: Drift.What
    repair: Drift.Repair
    facts: Mapping[str, object] = field(default_factory=dict)
    """JSON values; never a secret."""


def differences(market: MarketSide, seller: SellerSide) -> list[Difference]:
    return [difference for rule in (_existence, _state, _end, _access) for difference in rule(market, seller)]


def comparable_differences(seller: SellerSide) -> frozenset[Drift.What]:
    """Return the differences that a comparison with this answer can rule out."""
    from_rows = {DriftKind.STATE, DriftKind.END}
    if seller.answer in {Answer.NO_ANSWER, Answer.NOT_ASKED}:
        return frozenset(from_rows)
    comparable = {DriftKind.GONE, DriftKind.LEFT, DriftKind.PENDING, *from_rows}
    return frozenset(comparable | {DriftKind.ACCESS} if seller.answer is Answer.HAS else comparable)


def _existence(market: MarketSide, seller: SellerSide) -> Iterator[Difference]:
    if market.living:
        if seller.answer is Answer.UNKNOWN:
            yield Difference(what=DriftKind.GONE, repair=Repair.PERSON)
        elif seller.answer is Answer.PENDING:
            yield Difference(what=DriftKind.PENDING, repair=Repair.PERSON)
    elif market.status in ENDED and seller.answer is Answer.HAS:
        releasing = [
            operation for operation in market.unresolved if operation.ends or operation.kind == "release_orphan"
        ]
        stopped_operations = [operation for operation in releasing if operation.stopped]
        if stopped_operations:
            yield Difference(what=DriftKind.LEFT, repair=Repair.RESTART, facts={"operation": stopped_operations[0].id})
        elif not releasing:
            yield Difference(what=DriftKind.LEFT, repair=Repair.RELEASE)


def _state(market: MarketSide, seller: SellerSide) -> Iterator[Difference]:
    """Yield a difference in the frozen state, if the protocol has a command for it; other freezes are not drift
    (business-rules §17.4). If a refresh is that command, the same call also corrects the end."""
    if not market.living:
        return
    expected_state, kind = ("frozen", "freeze") if market.reasons else ("active", "unfreeze")
    is_ending = any(operation.ends and not operation.stopped for operation in market.unresolved)
    if market.seller_state == expected_state or is_ending or _is_delayed(market):
        return
    under_way = [operation for operation in market.unresolved if operation.kind == kind]
    stopped_operations = [operation for operation in under_way if operation.stopped]
    facts: dict[str, object] = {"wanted": expected_state, "seller": market.seller_state}
    if stopped_operations:
        yield Difference(
            what=DriftKind.STATE, repair=Repair.RESTART, facts=facts | {"operation": stopped_operations[0].id}
        )
    elif under_way:
        return
    elif market.can_freeze if market.reasons else market.can_thaw:
        yield Difference(what=DriftKind.STATE, repair=Repair.TELL_STATE, facts=facts)
    elif not market.reasons and _refresh_unfreezes(market) and not any(_end(market, seller)):
        yield Difference(what=DriftKind.STATE, repair=Repair.TELL_END, facts=facts)


def _refresh_unfreezes(market: MarketSide) -> bool:
    return market.refresh_thaws and market.can_refresh and market.expires_at is not None


def _is_delayed(market: MarketSide) -> bool:
    """Return whether a paid renewal delays a freeze for expiry, or an unfreeze."""
    return _tells_end(market, stopped_too=False) and market.reasons <= {EXPIRED}


def _end(market: MarketSide, seller: SellerSide) -> Iterator[Difference]:
    del seller
    if not market.living or market.expires_at is None or not market.can_refresh or _tells_end(market, stopped_too=True):
        return
    seller_end = market.maybe_end or market.told_end
    if seller_end is not None and seller_end != market.expires_at:
        facts = {"market": market.expires_at.isoformat(), "seller": seller_end.isoformat()}
        yield Difference(
            what=DriftKind.END, repair=Repair.TELL_END, facts=facts | ({"maybe": True} if market.maybe_end else {})
        )


def _tells_end(market: MarketSide, *, stopped_too: bool) -> bool:
    """Return whether an unfinished operation sends an end to the seller; a stopped one may be restarted."""
    return any(operation.moves_end and (stopped_too or not operation.stopped) for operation in market.unresolved)


def _access(market: MarketSide, seller: SellerSide) -> Iterator[Difference]:
    """Yield the names of different fields, never their values."""
    if not market.living or market.access is None or seller.access is None or not seller.access.front_end_url:
        return
    seller_access, market_access = seller.access, market.access
    different = [name for name in members(AppInfo) if getattr(seller_access, name) != getattr(market_access, name)]
    if different:
        yield Difference(what=DriftKind.ACCESS, repair=Repair.TAKE_ACCESS, facts={"fields": different})
