"""Why an operation has not ended: a pure rule over its row, its call and what is ahead of it in its lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tradepost.market.base.work import State
from tradepost.market.production.models import WELL, Call

from .kinds.issue import KIND as ISSUE
from .models import OPEN, Operation


class Why(StrEnum):
    BEHIND = "behind"
    """Something else is done to the service first."""
    ASKED = "asked"
    """The seller's answer is awaited."""
    DUE = "due"
    """It is about to be asked for the first time."""
    WORKING = "working"
    """The seller is at work on it, and is asked again."""
    RETRY = "retry"
    """The last try went wrong, and it is tried again."""
    PAUSED = "paused"
    """The address does not answer: its breaker holds the call."""
    BUSY = "busy"
    """Earlier calls to the seller come first."""
    CODE = "code"
    """Its buyer takes the code, and the seller's software activates it."""
    CLOUD = "cloud"
    """The operator's cloud works on its task."""
    PEOPLE = "people"
    """The people who deliver it, or its buyer, take the next step."""
    ANSWERED = "answered"
    """The seller has answered; what follows is about to be done."""


class Waiting(Struct, frozen=True):
    """``at``: when it goes on, where that is known; it may be over already. ``behind``: what is ahead of it, the running
    one first."""

    why: Why
    at: datetime | None = None
    behind: tuple[Operation, ...] = ()


def waiting(operation: Operation, lane: Iterable[Operation]) -> Waiting | None:
    """None for what has ended or stopped. ``lane``: what is open in its lane, itself among it. ``operation.call`` with its
    address should be fetched."""
    if operation.status == Operation.Status.QUEUED:
        return Waiting(Why.BEHIND, behind=_ahead(operation, lane))
    if operation.status != Operation.Status.RUNNING:
        return None
    if operation.call is not None:
        return _of_call(operation.call)
    if operation.task_id is not None:
        return Waiting(Why.CLOUD)
    return Waiting(Why.CODE if operation.kind == ISSUE.name else Why.PEOPLE)


def _ahead(operation: Operation, lane: Iterable[Operation]) -> tuple[Operation, ...]:
    ahead = [one for one in lane if one.status == Operation.Status.RUNNING or one.pk < operation.pk]
    return tuple(sorted(ahead, key=lambda one: (one.status != Operation.Status.RUNNING, one.pk)))


def _of_call(call: Call) -> Waiting:
    if call.outcome:
        return Waiting(Why.ANSWERED)
    match call.state:
        case State.LEASED:
            return Waiting(Why.ASKED, call.attempt_at)
        case State.HELD if call.hold == Call.Hold.BREAKER:
            return Waiting(Why.PAUSED, call.address.trial_at)
        case State.HELD:
            return Waiting(Why.BUSY)
    if call.last_verdict not in WELL:
        return Waiting(Why.RETRY, call.due_at)
    return Waiting(Why.WORKING if call.last_verdict else Why.DUE, call.due_at)


def open_lanes(operations: Iterable[Operation]) -> dict[int, list[Operation]]:
    """What is open in the lanes of those of these that are queued, by subscription, in the order of asking; one query."""
    queued = {one.subscription_id for one in operations if one.status == Operation.Status.QUEUED} - {None}
    found: defaultdict[int, list[Operation]] = defaultdict(list)
    for one in Operation.objects.filter(subscription__in=queued, status__in=OPEN).order_by("pk"):
        found[one.subscription_id or 0].append(one)
    return found


class ShownOperation(Struct, frozen=True):
    """An operation as lists and pages show it."""

    operation: Operation
    waiting: Waiting | None


def shown(operations: list[Operation]) -> list[ShownOperation]:
    lanes = open_lanes(operations)
    return [ShownOperation(one, waiting(one, lanes.get(one.subscription_id or 0, ()))) for one in operations]
