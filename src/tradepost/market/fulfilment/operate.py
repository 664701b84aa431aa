"""Queue operations of subscriptions and settle their lanes, so that operations start when possible.

Callers hold the locks of the subscriptions (``cases.locked_subscriptions``), which come first everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.base import rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.stored import dump
from tradepost.market.compute import tasks
from tradepost.market.compute.models import Task
from tradepost.market.orders.cancel import cancel_for_market
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.production.restart import restart
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command

from . import cloud, unearned
from .apply import EndedOperation, apply
from .cases import kind_of, line_of, parameters_of
from .contract import (
    Case,
    Effects,
    Freeze,
    ImpliedCommand,
    Intent,
    NoParameters,
    OrderEnd,
    ProtocolCommand,
    ServerTask,
    Thaw,
    Unsupported,
    WaitForPeople,
)
from .kinds.freeze import Freezing
from .lanes import Lane, load_lanes
from .lifecycle import OPERATION, OperationEvent
from .models import Operation, lane_of
from .queue import decide, is_settled
from .speak import can_freeze, command_for
from .timers import set_timers

MARKET = "market"


class OperationRequest(Struct, frozen=True, kw_only=True):
    """Request for an operation. ``wanted``: frozen Struct of the kind. ``line``: with order and offer, if an order
    caused it; a line has one operation, even if requested again."""

    kind: str
    subscription: Subscription
    origin: Operation.Origin
    wanted: object = field(default_factory=NoParameters)
    line: OrderLine | None = None
    actor: str = ""
    idempotency_key: str = ""


def operate(requests: Sequence[OperationRequest], *, now: datetime) -> list[Operation]:
    """Queue the operations and start what can start. Return the new ones in order, without repeated requests."""
    requested_before = _requested_before(requests)
    new_operations = rows.create(
        [_queued(request, now) for request in requests if not requested_before & {*_references(request)}]
    )
    settle([request.subscription for request in requests], now=now)
    return new_operations


def _references(request: OperationRequest) -> list[tuple[str, int | str]]:
    return [
        *([("line", request.line.pk)] if request.line else []),
        *([("key", request.idempotency_key)] if request.idempotency_key else []),
    ]


def _requested_before(requests: Sequence[OperationRequest]) -> set[tuple[str, int | str]]:
    references: set[tuple[str, int | str]] = set()
    if lines := [request.line.pk for request in requests if request.line]:
        line_keys = Operation.objects.filter(line__in=lines).values_list("line_id", flat=True)
        references |= {("line", pk) for pk in line_keys}
    if keys := [request.idempotency_key for request in requests if request.idempotency_key]:
        with_keys = Operation.objects.filter(idempotency_key__in=keys)
        references |= {("key", key) for key in with_keys.values_list("idempotency_key", flat=True)}
    return references


def _queued(request: OperationRequest, now: datetime) -> Operation:
    return Operation(
        lane=lane_of(request.subscription),
        subscription=request.subscription,
        line=request.line,
        seller_id=request.subscription.seller_id,
        kind=request.kind,
        origin=request.origin,
        actor=request.actor,
        wanted=dump(request.wanted),
        idempotency_key=request.idempotency_key,
        created_at=now,
    )


# --- lanes ---


_MAX_TURNS = 50
"""Maximum decisions per lane; more are a program error, because each ends, starts or adds an operation."""


def settle(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Drop, add and start operations in these lanes until nothing remains to do.

    Reasons are stored untranslated, because pages translate them for each reader.
    """
    with translation.override(None):
        _settle(subscriptions, now)


def _settle(subscriptions: Sequence[Subscription], now: datetime) -> None:
    pending_subscriptions = {subscription.pk: subscription for subscription in subscriptions}
    for _turn in range(_MAX_TURNS):
        if not pending_subscriptions:
            return
        lanes = load_lanes(list(pending_subscriptions.values()))
        decisions = [
            (lane, decision) for lane in lanes if not (decision := decide(lane.standing(), lane.queue())).nothing
        ]
        ended_operations = [
            ended_operation
            for lane, decision in decisions
            for ended_operation in _dropped(
                lane, [operation for operation in lane.operations if operation.pk in decision.drop], now
            )
        ]
        _add([(lane, decision.add) for lane, decision in decisions if decision.add], now)
        starting = [
            (lane, operation)
            for lane, decision in decisions
            for operation in lane.operations
            if operation.pk == decision.start
        ]
        ended_operations += _start(starting, now)
        apply(ended_operations, now=now)
        changed_keys = {end.subscription.pk for end in ended_operations}
        pending_subscriptions = {
            lane.subscription.pk: lane.subscription
            for lane, decision in decisions
            if lane.subscription.pk in changed_keys or not is_settled(decision, lane.standing(), lane.queue())
        }
    raise RuntimeError(f"lanes do not come to rest: {sorted(pending_subscriptions)}")


def _dropped(lane: Lane, operations: Sequence[Operation], now: datetime) -> list[EndedOperation]:
    """Drop unnecessary operations: cancel their calls and refund their payments."""
    call_keys = [operation.call_id for operation in operations if operation.call_id is not None]
    if call_keys:  # before their calls, as everywhere
        list(
            Operation.objects.select_for_update().filter(call__in=call_keys).order_by("pk").values_list("pk", flat=True)
        )
    cancelled_keys = calls.cancel(call_keys, now=now) if call_keys else set()
    dropped_operations = [
        operation for operation in operations if operation.call_id is None or operation.call_id in cancelled_keys
    ]
    return [
        EndedOperation(
            operation=dropped_operation,
            subscription=lane.subscription,
            effects=Effects(order=_end_of_dropped(dropped_operation)),
            event=OperationEvent.DROP,
            note="released" if dropped_operation.line_id else "",
        )
        for dropped_operation in dropped_operations
    ]


def _end_of_dropped(operation: Operation) -> OrderEnd | None:
    if operation.line is None:
        return None
    return OrderEnd.COMPLETE if only_notifies(operation) else OrderEnd.GIVE_UP


def only_notifies(operation: Operation) -> bool:
    """Return whether the operation is an unsubscription, which was complete and refunded before the seller is notified."""
    line = operation.line
    return (
        line is not None
        and line.order.order_type == Order.Type.UNSUBSCRIBE
        and line.order.origin != Order.Origin.SANDBOX
    )


def _add(additions: Sequence[tuple[Lane, str]], now: datetime) -> None:
    requests = []
    for lane, kind in additions:
        reason = can_freeze(lane.reasons, lane.view) if lane.view else min(lane.reasons, default="")
        requests.append(
            OperationRequest(
                kind=kind,
                subscription=lane.subscription,
                origin=Operation.Origin.MARKET,
                wanted=Freezing(reason=reason) if kind == "freeze" else NoParameters(),
            )
        )
    rows.create([_queued(request, now) for request in requests])


# --- start ---


def _start(starting: Sequence[tuple[Lane, Operation]], now: datetime) -> list[EndedOperation]:
    """Start these operations, one per lane, and return those that ended at once."""
    for lane, operation in starting:
        if kind_of(operation).ends:
            close(lane.subscription, now)
    restarted_operations = [
        operation for _, operation in starting if operation.call is not None or operation.task is not None
    ]
    OPERATION.move_all(restarted_operations, OperationEvent.START, now=now)
    for operation in restarted_operations:
        if operation.call is not None:
            restart(operation.call, actor=operation.actor or MARKET, now=now)
        elif operation.task is not None:
            tasks.restart(operation.task, actor=operation.actor or MARKET, now=now)
    started_operations: list[tuple[Operation, Call]] = []
    ended_operations: list[EndedOperation] = []
    for lane, operation in starting:
        if operation.call is None and operation.task is None:
            match _first_step(lane, operation, now):
                case EndedOperation() as end:
                    ended_operations.append(end)
                case Task() as task:
                    OPERATION.move_all([operation], OperationEvent.START, now=now, started_at=now, task_id=task.pk)
                case Call() as call:
                    started_operations.append((operation, call))
                case WaitForPeople():
                    OPERATION.move_all([operation], OperationEvent.START, now=now, started_at=now)
    _begin(started_operations, now)
    return ended_operations


def close(subscription: Subscription, now: datetime) -> None:
    """Close the service before its seller is notified: access, renewals and payments end."""
    if not SUBSCRIPTION.allows(subscription.status, SubscriptionEvent.END):
        return
    SUBSCRIPTION.move(subscription, SubscriptionEvent.END, now=now)
    cancelled_periods = unearned.cancel_all(subscription, now=now)
    set_timers([subscription], now=now)
    for order in open_changes(subscription):
        if order.status == Order.Status.UNPAID:
            cancel_for_market(order, now=now)
    unearned.refund_periods(cancelled_periods, now=now)


def _first_step(lane: Lane, operation: Operation, now: datetime) -> Call | Task | EndedOperation | WaitForPeople:
    """Return the first call or cloud task, an end if it cannot begin or needs no call, or the wait for people."""
    kind, view = kind_of(operation), lane.view
    if view is None:
        return _refused(lane, operation, calls.no_address_refusal(), now)
    line = line_of(operation.line) if operation.line else None
    case: Case[object] = Case(held=view, wanted=parameters_of(operation), line=line, step=0, said=None, now=now)
    if (refusal := kind.refuses(case)) is not None:
        return _refused(lane, operation, refusal, now)
    intent = kind.ask(case)
    command = command_for(intent, view) if intent is not None else ImpliedCommand()
    if isinstance(command, WaitForPeople):
        return command
    if isinstance(command, ServerTask):
        task = cloud.request_task(command, operation, lane.subscription, now=now)
        if task is not None:
            return task if isinstance(task, Task) else _refused(lane, operation, task, now)
        command = ImpliedCommand()
    if isinstance(command, Command) and intent is not None and lane.address is not None:
        request = request_of(operation, lane.subscription, command, intent, give_up_at=None, now=now)
        return calls.prepare(request, lane.address, now=now)
    if isinstance(command, Unsupported) and operation.line_id is not None and not only_notifies(operation):
        message = _("The protocol of this product has no activity for it.")
        return _refused(lane, operation, Refused("protocol.no_activity", message), now)
    OPERATION.move(operation, OperationEvent.START, now=now)
    # Without a command the seller does not know; only the market's state changes.
    unheard = isinstance(command, Unsupported) and isinstance(intent, Freeze | Thaw)
    effects = Effects() if unheard else kind.on_done(case)
    return EndedOperation(
        operation=operation, subscription=lane.subscription, effects=effects, event=OperationEvent.FINISH
    )


def continue_operation(subscription: Subscription, operation: Operation, *, now: datetime) -> None:
    """Make the first call of a running operation after people did their part. The subscription and the operation are
    locked."""
    lane = next(lane for lane in load_lanes([subscription]) if lane.subscription.pk == subscription.pk)
    current_operation = next(candidate for candidate in lane.operations if candidate.pk == operation.pk)
    with translation.override(None):
        first_step = _first_step(lane, current_operation, now)
    match first_step:
        case Call():
            link([(current_operation, first_step, 0)])
        case EndedOperation():
            apply([first_step], now=now)
            settle([subscription], now=now)
        case _:
            raise LookupError(f"operation {operation.pk} waits for people still")


def _refused(lane: Lane, operation: Operation, refusal: Refused, now: datetime) -> EndedOperation:
    """Return the end of an operation that cannot begin: a refund for an order; otherwise it stops until a person
    corrects the cause."""
    note = str(refusal.message)
    if operation.line_id is not None and not only_notifies(operation):
        effects = Effects(order=OrderEnd.GIVE_UP, failed=lane.subscription.status == Subscription.Status.OPENING)
        event = OperationEvent.GIVE_UP
    else:
        OPERATION.move(operation, OperationEvent.START, now=now)
        effects, event = Effects(), OperationEvent.STOP
    return EndedOperation(operation=operation, subscription=lane.subscription, effects=effects, event=event, note=note)


def _begin(started: Sequence[tuple[Operation, Call]], now: datetime) -> None:
    if not started:
        return
    OPERATION.move_all([operation for operation, _ in started], OperationEvent.START, now=now, started_at=now)
    link([(operation, call, 0) for operation, call in started])


_LINKED = {"call_id": "bigint", "step": "smallint", "give_up_at": "timestamptz"}


def link(started: Sequence[tuple[Operation, Call, int]]) -> None:
    """Save these calls with their steps; their operations wait for them."""
    written_calls = calls.store_calls([call for _operation, call, _step in started])
    for (operation, _unwritten, step), call in zip(started, written_calls, strict=True):
        operation.call, operation.step, operation.give_up_at = call, step, call.give_up_at
    rows.update(
        "fulfilment_operation",
        _LINKED,
        (
            {
                "id": linked.pk,
                "call_id": linked.call_id,
                "step": linked.step,
                "give_up_at": rows.moment(linked.give_up_at),
            }
            for linked, *_rest in started
        ),
    )


def request_of(
    operation: Operation,
    subscription: Subscription,
    command: Command,
    intent: Intent,
    *,
    give_up_at: datetime | None,
    now: datetime,
) -> calls.CallRequest:
    """Return the call of an operation. ``give_up_at``: end of the retry plan, if an earlier call started it."""
    line = operation.line
    once = isinstance(intent, ProtocolCommand) and intent.once
    return calls.CallRequest(
        command=command,
        product=subscription.product,
        subscription=subscription,
        order_number=line.order.number if line else "",
        order_line_number=line.number if line else subscription.order_line_number,
        until_access=isinstance(intent, ProtocolCommand) and intent.until_access,
        give_up_at=now if once else give_up_at,
        owner=operation.pk,
    )
