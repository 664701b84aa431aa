"""Decide the next step in a lane: pure rules over the subscription's state and its operations.

``decide`` is called after every change until nothing remains: drop unnecessary operations, add a missing freeze or
unfreeze, start one. A stopped operation does not block later ones or a release.
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


class LaneState(Struct, frozen=True, kw_only=True):
    """State of the subscription. ``reasons``: of its freeze. ``can_freeze``, ``can_thaw``: whether the seller's
    protocol has the command for one of these reasons."""

    released: bool = False
    """Released, or never opened."""
    ending: bool = False
    """Being released."""
    reasons: frozenset[str] = frozenset()
    seller_state: SellerState = SellerState.ACTIVE
    can_freeze: bool = True
    can_thaw: bool = True


class QueuedOperation(Struct, frozen=True, kw_only=True):
    """An operation that has not ended. ``sent``: its call was sent, so the seller may act on it."""

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
    """Still necessary after the end of the service."""

    @property
    def loose(self) -> bool:
        """Whether it can be dropped without effect."""
        return self.status == "queued" or (self.status == "running" and not self.sent)


class Decision(Struct, frozen=True, kw_only=True):
    """``drop``: keys to drop, with refunds. ``add``: a kind. ``start``: a key. At most one of ``add`` and ``start``;
    the lane is then decided again."""

    drop: tuple[int, ...] = ()
    add: str = ""
    start: int | None = None

    @property
    def nothing(self) -> bool:
        return not self.drop and not self.add and self.start is None


def decide(state: LaneState, operations: Sequence[QueuedOperation]) -> Decision:
    if dropped_keys := tuple(sorted(_unnecessary(state, operations))):
        return Decision(drop=dropped_keys)
    if added_kind := _missing_kind(state, operations):
        return Decision(add=added_kind)
    if any(queued.status == "running" for queued in operations):
        return Decision()
    waiting_operations = [queued for queued in operations if queued.status == "queued"]
    first_operation = min(waiting_operations, key=lambda operation: (operation.ends, operation.id), default=None)
    return Decision(start=first_operation.id if first_operation else None)


def is_settled(decision: Decision, state: LaneState, operations: Sequence[QueuedOperation]) -> bool:
    """Return whether nothing remains to decide after this decision, apart from the started operation, so that the lane
    need not be read again."""
    return not decision.drop and not decision.add and decide(state, operations).nothing


def _has_paid_renewal(operations: Sequence[QueuedOperation]) -> bool:
    """Return whether a paid renewal is open. A stopped one does not count, because it may never continue."""
    return any(queued.prolongs and queued.status != "stopped" for queued in operations)


def _unnecessary(state: LaneState, operations: Sequence[QueuedOperation]) -> set[int]:
    if state.released:
        return {
            queued.id
            for queued in operations
            if not queued.outlives and not (queued.status == "running" and queued.sent)
        }
    ending_operations = [queued for queued in operations if queued.ends and queued.status != "stopped"]
    if state.ending or any(operation.status == "running" or not operation.by_timer for operation in ending_operations):
        first_id = min((operation.id for operation in ending_operations), default=None)
        return {
            queued.id
            for queued in operations
            if queued.loose and not queued.outlives and not _is_first_release(queued, first_id)
        }
    has_paid_renewal = _has_paid_renewal(operations)
    return {
        queued.id
        for queued in operations
        if (queued.ends and queued.loose and has_paid_renewal)
        or (queued.kind == "freeze" and _freeze_unnecessary(queued, state, paid=has_paid_renewal))
        or (queued.kind == "unfreeze" and _unfreeze_unnecessary(queued, state))
    }


def _is_first_release(queued_operation: QueuedOperation, first_id: int | None) -> bool:
    """Return whether this is the first of several releases."""
    return queued_operation.ends and queued_operation.id == first_id


def _freeze_unnecessary(queued_operation: QueuedOperation, state: LaneState, *, paid: bool) -> bool:
    if not queued_operation.loose and queued_operation.status != "stopped":
        return False
    if not state.reasons or state.seller_state is SellerState.FROZEN:
        return True
    return queued_operation.loose and paid and state.reasons == {EXPIRED}


def _unfreeze_unnecessary(queued_operation: QueuedOperation, state: LaneState) -> bool:
    if not queued_operation.loose and queued_operation.status != "stopped":
        return False
    return bool(state.reasons) or state.seller_state is SellerState.ACTIVE


def _missing_kind(state: LaneState, operations: Sequence[QueuedOperation]) -> str:
    if state.released or state.ending or any(queued.ends and queued.status != "stopped" for queued in operations):
        return ""
    kinds, has_paid_renewal = {queued.kind for queued in operations}, _has_paid_renewal(operations)
    if state.reasons:
        waits = has_paid_renewal and state.reasons == {EXPIRED}
        is_needed = state.seller_state is not SellerState.FROZEN and state.can_freeze and not waits
        return "freeze" if is_needed and "freeze" not in kinds else ""
    is_needed = state.seller_state is not SellerState.ACTIVE and state.can_thaw and not has_paid_renewal
    return "unfreeze" if is_needed and "unfreeze" not in kinds else ""
