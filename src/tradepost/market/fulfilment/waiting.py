"""Why an operation has not ended: pure rules over its row, its call and its lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base.work import State
from tradepost.market.production.models import GOOD_VERDICTS, Call

from .kinds.issue import KIND as ISSUE
from .models import OPEN, Operation


class WaitReason(StrEnum):
    BEHIND = "behind"
    """Another operation on the service runs first."""
    ASKED = "asked"
    """The seller's answer is awaited."""
    DUE = "due"
    """The first attempt is about to be made."""
    WORKING = "working"
    """The seller is working on it and will be asked again."""
    RETRY = "retry"
    """The last attempt failed and will be repeated."""
    PAUSED = "paused"
    """The address does not answer; its breaker holds the call."""
    BUSY = "busy"
    """Earlier calls to the seller come first."""
    CODE = "code"
    """The buyer takes the code, and the seller's software activates it."""
    CLOUD = "cloud"
    """The operator's cloud works on its task."""
    PEOPLE = "people"
    """The next step is up to the people who deliver it, or the buyer."""
    ANSWERED = "answered"
    """The seller has answered; the next step is about to be made."""


class Waiting(Struct, frozen=True):
    """Why and until when it waits. ``at``: time of the next step if known; may have passed. ``behind``: earlier
    operations, the running one first."""

    why: WaitReason
    at: datetime | None = None
    behind: tuple[Operation, ...] = ()


def waiting(operation: Operation, lane: Iterable[Operation]) -> Waiting | None:
    """Return why it waits; None if it ended or stopped. ``lane``: open operations of its lane, including itself.
    ``operation.call`` with its address should be fetched."""
    if operation.status == Operation.Status.QUEUED:
        return Waiting(WaitReason.BEHIND, behind=_ahead(operation, lane))
    if operation.status != Operation.Status.RUNNING:
        return None
    if operation.call is not None:
        return _of_call(operation.call)
    if operation.task_id is not None:
        return Waiting(WaitReason.CLOUD)
    return Waiting(WaitReason.CODE if operation.kind == ISSUE.name else WaitReason.PEOPLE)


def _ahead(operation: Operation, lane: Iterable[Operation]) -> tuple[Operation, ...]:
    earlier_operations = [
        candidate for candidate in lane if candidate.status == Operation.Status.RUNNING or candidate.pk < operation.pk
    ]
    return tuple(
        sorted(earlier_operations, key=lambda candidate: (candidate.status != Operation.Status.RUNNING, candidate.pk))
    )


def _of_call(call: Call) -> Waiting:
    if call.outcome:
        return Waiting(WaitReason.ANSWERED)
    match call.state:
        case State.LEASED:
            return Waiting(WaitReason.ASKED, call.attempt_at)
        case State.HELD if call.hold == Call.Hold.BREAKER:
            return Waiting(WaitReason.PAUSED, call.address.trial_at)
        case State.HELD:
            return Waiting(WaitReason.BUSY)
    if call.last_verdict not in GOOD_VERDICTS:
        return Waiting(WaitReason.RETRY, call.due_at)
    return Waiting(WaitReason.WORKING if call.last_verdict else WaitReason.DUE, call.due_at)


def open_lanes(operations: Iterable[Operation]) -> dict[int, list[Operation]]:
    """Return the open operations of the lanes of queued ones, by subscription key, in order of request, in one query."""
    queued_services = {
        operation.subscription_id for operation in operations if operation.status == Operation.Status.QUEUED
    } - {None}
    by_subscription: defaultdict[int, list[Operation]] = defaultdict(list)
    for operation in Operation.objects.filter(subscription__in=queued_services, status__in=OPEN).order_by("pk"):
        by_subscription[operation.subscription_id or 0].append(operation)
    return by_subscription


class ShownOperation(Struct, frozen=True):
    """An operation for lists and pages."""

    operation: Operation
    waiting: Waiting | None


def with_waiting(operations: list[Operation]) -> list[ShownOperation]:
    lanes = open_lanes(operations)
    return [
        ShownOperation(operation, waiting(operation, lanes.get(operation.subscription_id or 0, ())))
        for operation in operations
    ]
