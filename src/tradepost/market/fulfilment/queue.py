"""What is done next in a lane: a pure rule over where its subscription stands and what is wanted of it.

``decide`` is asked whenever something changes, until it has nothing more to say: drop what is not needed any more, add the
freeze or unfreeze that is missing, start one thing. An operation that is stopped holds up nothing: neither a later one of
its lane nor a release.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

EXPIRED = "expired"


class SellerState(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    UNKNOWN = "unknown"


class Standing(Struct, frozen=True, kw_only=True):
    """``reasons``: for which the subscription is frozen now. ``can_freeze``, ``can_thaw``: whether the seller's protocol has
    a word for it, for one of these reasons."""

    released: bool = False
    """Over for good: released, or never opened."""
    ending: bool = False
    """Being released: its paid time is over, whatever comes."""
    reasons: frozenset[str] = frozenset()
    seller_state: SellerState = SellerState.ACTIVE
    can_freeze: bool = True
    can_thaw: bool = True


class Queued(Struct, frozen=True, kw_only=True):
    """An operation that has not ended. ``sent``: its call was, so that the seller may act on it."""

    id: int
    kind: str
    status: str
    """queued, running or stopped"""
    by_timer: bool = False
    sent: bool = False
    prolongs: bool = False
    """A paid renewal or conversion."""
    ends: bool = False
    """A release of the service."""
    outlives: bool = False
    """It is about what is left behind: the end of the service does not make it needless."""

    @property
    def loose(self) -> bool:
        """It can still be left off as if it had never been."""
        return self.status == "queued" or (self.status == "running" and not self.sent)


class Decision(Struct, frozen=True, kw_only=True):
    """``drop``: ids; what was paid for one is paid back. ``add``: a kind. ``start``: an id. At most one of ``add`` and
    ``start``; nothing of it is done twice, since the lane is then asked again."""

    drop: tuple[int, ...] = ()
    add: str = ""
    start: int | None = None

    @property
    def nothing(self) -> bool:
        return not self.drop and not self.add and self.start is None


def decide(standing: Standing, operations: Sequence[Queued]) -> Decision:
    if dropped := tuple(sorted(_needless(standing, operations))):
        return Decision(drop=dropped)
    if added := _missing(standing, operations):
        return Decision(add=added)
    if any(one.status == "running" for one in operations):
        return Decision()
    waiting = [one for one in operations if one.status == "queued"]
    first = min(waiting, key=lambda one: (one.ends, one.id), default=None)
    return Decision(start=first.id if first else None)


def rests(done: Decision, standing: Standing, operations: Sequence[Queued]) -> bool:
    """Whether nothing is left to decide after this, in a lane that is where it was but for what was started: it need not be read
    again to see that."""
    return not done.drop and not done.add and decide(standing, operations).nothing


def _paid(operations: Sequence[Queued]) -> bool:
    """Whether a paid renewal is open. One that stopped is not: it may never go on."""
    return any(one.prolongs and one.status != "stopped" for one in operations)


def _needless(standing: Standing, operations: Sequence[Queued]) -> set[int]:
    if standing.released:
        return {one.id for one in operations if not one.outlives and not (one.status == "running" and one.sent)}
    ending = [one for one in operations if one.ends and one.status != "stopped"]
    if standing.ending or any(one.status == "running" or not one.by_timer for one in ending):
        first = min((one.id for one in ending), default=None)
        return {one.id for one in operations if one.loose and not one.outlives and not _kept_at_the_end(one, first)}
    paid = _paid(operations)
    return {
        one.id
        for one in operations
        if (one.ends and one.loose and paid)
        or (one.kind == "freeze" and _no_freeze(one, standing, paid=paid))
        or (one.kind == "unfreeze" and _no_unfreeze(one, standing))
    }


def _kept_at_the_end(one: Queued, first: int | None) -> bool:
    """Of several releases the first is enough."""
    return one.ends and one.id == first


def _no_freeze(one: Queued, standing: Standing, *, paid: bool) -> bool:
    if not one.loose and one.status != "stopped":
        return False
    if not standing.reasons or standing.seller_state is SellerState.FROZEN:
        return True
    return one.loose and paid and standing.reasons == {EXPIRED}


def _no_unfreeze(one: Queued, standing: Standing) -> bool:
    if not one.loose and one.status != "stopped":
        return False
    return bool(standing.reasons) or standing.seller_state is SellerState.ACTIVE


def _missing(standing: Standing, operations: Sequence[Queued]) -> str:
    if standing.released or standing.ending or any(one.ends and one.status != "stopped" for one in operations):
        return ""
    kinds, paid = {one.kind for one in operations}, _paid(operations)
    if standing.reasons:
        waits = paid and standing.reasons == {EXPIRED}
        needed = standing.seller_state is not SellerState.FROZEN and standing.can_freeze and not waits
        return "freeze" if needed and "freeze" not in kinds else ""
    needed = standing.seller_state is not SellerState.ACTIVE and standing.can_thaw and not paid
    return "unfreeze" if needed and "unfreeze" not in kinds else ""
