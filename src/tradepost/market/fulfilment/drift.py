"""What differs between market and seller, and what would repair it: a pure rule over what each of them said.

A query tells whether the seller has an instance and by which data it is entered (saas-v2 §3.2), nothing of its end or of a
freeze. Of those only the seller's last answers are known: what it said it did, and what it may have done without our knowing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from tradepost.market.base.values import members
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.protocols.commands import AppInfo

from .drift_models import Drift
from .queue import EXPIRED

What, Repair = Drift.What, Drift.Repair
ENDED = (Subscription.Status.RELEASING, Subscription.Status.RELEASED, Subscription.Status.FAILED)


class Answer(StrEnum):
    """What the seller says of an instance that it is asked for."""

    HAS = "has"
    UNKNOWN = "unknown"
    """000003: there is no such instance."""
    PENDING = "pending"
    NO_ANSWER = "no answer"
    """It could not be learned: a fault, or a refusal for another reason."""
    NOT_ASKED = "not asked"
    """The protocol has no query, or the seller need not have one in this charging mode."""


class Unresolved(Struct, frozen=True, kw_only=True):
    """An operation that has not ended."""

    id: int
    kind: str
    stopped: bool
    ends: bool = False
    moves_end: bool = False
    """It tells the seller an end of the paid time."""


class MarketSide(Struct, frozen=True, kw_only=True):
    """A service as the market has it."""

    status: str
    reasons: frozenset[str] = frozenset()
    """For which it is frozen."""
    seller_state: str = "active"
    """As the seller's last answer said."""
    can_freeze: bool = True
    can_thaw: bool = True
    refresh_thaws: bool = False
    can_refresh: bool = True
    expires_at: datetime | None = None
    told_end: datetime | None = None
    """The last end that the seller said it keeps to; None where it was told none."""
    maybe_end: datetime | None = None
    """An end of which it was told later, without a good answer: it may keep to this one."""
    access: AppInfo | None = None
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def living(self) -> bool:
        return self.status in LIVING


class SellerSide(Struct, frozen=True, kw_only=True):
    answer: Answer
    access: AppInfo | None = None


class Found(Struct, frozen=True, kw_only=True):
    what: Drift.What
    repair: Drift.Repair
    facts: Mapping[str, object] = field(default_factory=dict)
    """Values of JSON; never a secret."""


def differences(market: MarketSide, seller: SellerSide) -> list[Found]:
    return [one for rule in (_existence, _state, _end, _access) for one in rule(market, seller)]


def answered(seller: SellerSide) -> frozenset[Drift.What]:
    """Of which differences a comparison with this answer can say that they are there no more."""
    of_rows = {What.STATE, What.END}
    if seller.answer in {Answer.NO_ANSWER, Answer.NOT_ASKED}:
        return frozenset(of_rows)
    known = {What.GONE, What.LEFT, What.PENDING, *of_rows}
    return frozenset(known | {What.ACCESS} if seller.answer is Answer.HAS else known)


def _existence(market: MarketSide, seller: SellerSide) -> Iterator[Found]:
    if market.living:
        if seller.answer is Answer.UNKNOWN:
            yield Found(what=What.GONE, repair=Repair.PERSON)
        elif seller.answer is Answer.PENDING:
            yield Found(what=What.PENDING, repair=Repair.PERSON)
    elif market.status in ENDED and seller.answer is Answer.HAS:
        releasing = [one for one in market.unresolved if one.ends or one.kind == "release_orphan"]
        stopped = [one for one in releasing if one.stopped]
        if stopped:
            yield Found(what=What.LEFT, repair=Repair.RESTART, facts={"operation": stopped[0].id})
        elif not releasing:
            yield Found(what=What.LEFT, repair=Repair.RELEASE)


def _state(market: MarketSide, seller: SellerSide) -> Iterator[Found]:
    """Only where the protocol has a word for it: what the market keeps to alone is no drift (business-rules §17.4). Where a
    refresh is that word, an end that differs is told by the same call."""
    if not market.living:
        return
    wanted, kind = ("frozen", "freeze") if market.reasons else ("active", "unfreeze")
    ending = any(one.ends and not one.stopped for one in market.unresolved)
    if market.seller_state == wanted or ending or _waits(market):
        return
    under_way = [one for one in market.unresolved if one.kind == kind]
    stopped = [one for one in under_way if one.stopped]
    facts: dict[str, object] = {"wanted": wanted, "seller": market.seller_state}
    if stopped:
        yield Found(what=What.STATE, repair=Repair.RESTART, facts=facts | {"operation": stopped[0].id})
    elif under_way:
        return
    elif market.can_freeze if market.reasons else market.can_thaw:
        yield Found(what=What.STATE, repair=Repair.TELL_STATE, facts=facts)
    elif not market.reasons and _refresh_is_the_word(market) and not any(_end(market, seller)):
        yield Found(what=What.STATE, repair=Repair.TELL_END, facts=facts)


def _refresh_is_the_word(market: MarketSide) -> bool:
    return market.refresh_thaws and market.can_refresh and market.expires_at is not None


def _waits(market: MarketSide) -> bool:
    """A freeze for the end alone waits for a paid renewal, and so does an unfreeze."""
    return _tells_end(market, stopped_too=False) and market.reasons <= {EXPIRED}


def _end(market: MarketSide, seller: SellerSide) -> Iterator[Found]:
    del seller
    if not market.living or market.expires_at is None or not market.can_refresh or _tells_end(market, stopped_too=True):
        return
    known = market.maybe_end or market.told_end
    if known is not None and known != market.expires_at:
        facts = {"market": market.expires_at.isoformat(), "seller": known.isoformat()}
        yield Found(what=What.END, repair=Repair.TELL_END, facts=facts | ({"maybe": True} if market.maybe_end else {}))


def _tells_end(market: MarketSide, *, stopped_too: bool) -> bool:
    """Something that has not ended tells the seller an end; what stopped may be restarted at any time."""
    return any(one.moves_end and (stopped_too or not one.stopped) for one in market.unresolved)


def _access(market: MarketSide, seller: SellerSide) -> Iterator[Found]:
    """Which members differ, never their values."""
    if not market.living or market.access is None or seller.access is None or not seller.access.front_end_url:
        return
    given, kept = seller.access, market.access
    other = [name for name in members(AppInfo) if getattr(given, name) != getattr(kept, name)]
    if other:
        yield Found(what=What.ACCESS, repair=Repair.TAKE_ACCESS, facts={"fields": other})
