"""Operate: queue what is wanted of subscriptions, and settle their lanes, so that what can begin begins.

The subscriptions that are given here are locked by the caller (``cases.locked_subscriptions``): whoever wants something of
a lane holds its subscription first, everywhere.
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
from tradepost.market.orders.cancel import withdraw
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.production.restart import restart
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command

from . import cloud, unearned
from .apply import Ended, apply
from .cases import kind_of, line_of, wanted_of
from .contract import (
    Ask,
    Await,
    Case,
    Effects,
    Freeze,
    Implied,
    Intent,
    Nothing,
    OrderEnd,
    ServerTask,
    Thaw,
    Unable,
)
from .kinds.freeze import Freezing
from .lanes import Lane, load_lanes
from .lifecycle import OPERATION, OperationEvent
from .models import Operation, lane_of
from .queue import decide, rests
from .speak import can_freeze, speak
from .timers import watch

MARKET = "market"


class OperationRequest(Struct, frozen=True, kw_only=True):
    """One thing wanted of a subscription. ``wanted``: the frozen Struct of the kind. ``line``: with its order and offer,
    when an order wants it; a line wants one operation, however often it is asked for."""

    kind: str
    subscription: Subscription
    origin: Operation.Origin
    wanted: object = field(default_factory=Nothing)
    line: OrderLine | None = None
    actor: str = ""
    idempotency_key: str = ""


def operate(requests: Sequence[OperationRequest], *, now: datetime) -> list[Operation]:
    """Queue these and begin what can begin. Gives the new ones, in their order; what was asked for before is left out."""
    known = _asked_before(requests)
    new = rows.create([_queued(request, now) for request in requests if not known & {*_names(request)}])
    settle([request.subscription for request in requests], now=now)
    return new


def _names(request: OperationRequest) -> list[tuple[str, int | str]]:
    return [
        *([("line", request.line.pk)] if request.line else []),
        *([("key", request.idempotency_key)] if request.idempotency_key else []),
    ]


def _asked_before(requests: Sequence[OperationRequest]) -> set[tuple[str, int | str]]:
    found: set[tuple[str, int | str]] = set()
    if lines := [request.line.pk for request in requests if request.line]:
        asked = Operation.objects.filter(line__in=lines).values_list("line_id", flat=True)
        found |= {("line", pk) for pk in asked}
    if keys := [request.idempotency_key for request in requests if request.idempotency_key]:
        asked_keys = Operation.objects.filter(idempotency_key__in=keys)
        found |= {("key", key) for key in asked_keys.values_list("idempotency_key", flat=True)}
    return found


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


# --- lanes ------------------------------------------------------------------------------------------------------------


_TURNS = 50
"""Decisions for one lane before we call it a fault of ours: each of them ends, begins or adds something."""


def settle(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Drop, add and start in these lanes until there is nothing more to do.

    Why something cannot begin is noted as it stands in the source: each reader's page translates it.
    """
    with translation.override(None):
        _settle(subscriptions, now)


def _settle(subscriptions: Sequence[Subscription], now: datetime) -> None:
    pending = {one.pk: one for one in subscriptions}
    for _turn in range(_TURNS):
        if not pending:
            return
        lanes = load_lanes(list(pending.values()))
        decisions = [
            (lane, decision) for lane in lanes if not (decision := decide(lane.standing(), lane.queue())).nothing
        ]
        ended = [
            gone
            for lane, decision in decisions
            for gone in _dropped(lane, [one for one in lane.operations if one.pk in decision.drop], now)
        ]
        _add([(lane, decision.add) for lane, decision in decisions if decision.add], now)
        starting = [(lane, one) for lane, decision in decisions for one in lane.operations if one.pk == decision.start]
        ended += _start(starting, now)
        apply(ended, now=now)
        moved = {one.subscription.pk for one in ended}
        pending = {
            lane.subscription.pk: lane.subscription
            for lane, decision in decisions
            if lane.subscription.pk in moved or not rests(decision, lane.standing(), lane.queue())
        }
    raise RuntimeError(f"lanes do not come to rest: {sorted(pending)}")


def _dropped(lane: Lane, operations: Sequence[Operation], now: datetime) -> list[Ended]:
    """Nobody needs these any more: their calls are left off, and what was paid for one is paid back."""
    asked = [one.call_id for one in operations if one.call_id is not None]
    if asked:  # before their calls, as everywhere
        list(Operation.objects.select_for_update().filter(call__in=asked).order_by("pk").values_list("pk", flat=True))
    left_off = calls.cancel(asked, now=now) if asked else set()
    gone = [one for one in operations if one.call_id is None or one.call_id in left_off]
    return [
        Ended(
            operation=one,
            subscription=lane.subscription,
            effects=Effects(order=_end_of_dropped(one)),
            event=OperationEvent.DROP,
            note="released" if one.line_id else "",
        )
        for one in gone
    ]


def _end_of_dropped(operation: Operation) -> OrderEnd | None:
    if operation.line is None:
        return None
    return OrderEnd.COMPLETE if tells_only(operation) else OrderEnd.GIVE_UP


def tells_only(operation: Operation) -> bool:
    """An unsubscription: it was true, and paid back, before its seller is told. There is nothing to give up."""
    line = operation.line
    return (
        line is not None
        and line.order.order_type == Order.Type.UNSUBSCRIBE
        and line.order.origin != Order.Origin.SANDBOX
    )


def _add(wanted: Sequence[tuple[Lane, str]], now: datetime) -> None:
    requests = []
    for lane, kind in wanted:
        reason = can_freeze(lane.reasons, lane.held) if lane.held else min(lane.reasons, default="")
        requests.append(
            OperationRequest(
                kind=kind,
                subscription=lane.subscription,
                origin=Operation.Origin.MARKET,
                wanted=Freezing(reason=reason) if kind == "freeze" else Nothing(),
            )
        )
    rows.create([_queued(request, now) for request in requests])


# --- start ------------------------------------------------------------------------------------------------------------


def _start(starting: Sequence[tuple[Lane, Operation]], now: datetime) -> list[Ended]:
    """Begin these, each the only one in its lane. Gives those that ended at once."""
    for lane, operation in starting:
        if kind_of(operation).ends:
            close(lane.subscription, now)
    going_on = [operation for _, operation in starting if operation.call is not None or operation.task is not None]
    OPERATION.move_all(going_on, OperationEvent.START, now=now)
    for operation in going_on:
        if operation.call is not None:
            restart(operation.call, actor=operation.actor or MARKET, now=now)
        elif operation.task is not None:
            tasks.restart(operation.task, actor=operation.actor or MARKET, now=now)
    begun: list[tuple[Operation, Call]] = []
    ended: list[Ended] = []
    for lane, operation in starting:
        if operation.call is None and operation.task is None:
            match _first(lane, operation, now):
                case Ended() as at_once:
                    ended.append(at_once)
                case Task() as task:
                    OPERATION.move_all([operation], OperationEvent.START, now=now, started_at=now, task_id=task.pk)
                case Call() as call:
                    begun.append((operation, call))
                case Await():
                    OPERATION.move_all([operation], OperationEvent.START, now=now, started_at=now)
    _begin(begun, now)
    return ended


def close(subscription: Subscription, now: datetime) -> None:
    """The service is over by the market's own word, before its seller is told: nobody enters, renews or pays any more."""
    if not SUBSCRIPTION.allows(subscription.status, SubscriptionEvent.END):
        return
    SUBSCRIPTION.move(subscription, SubscriptionEvent.END, now=now)
    cancelled = unearned.cancel_all(subscription, now=now)
    watch([subscription], now=now)
    for order in open_changes(subscription):
        if order.status == Order.Status.UNPAID:
            withdraw(order, now=now)
    unearned.pay_back(cancelled, now=now)


def _first(lane: Lane, operation: Operation, now: datetime) -> Call | Task | Ended | Await:
    """The first call of an operation, or its task of the cloud, or its end, when it cannot begin or nothing need be asked; or
    people do it."""
    kind, held = kind_of(operation), lane.held
    if held is None:
        return _refused(lane, operation, calls.no_address(), now)
    line = line_of(operation.line) if operation.line else None
    case: Case[object] = Case(held=held, wanted=wanted_of(operation), line=line, step=0, said=None, now=now)
    if (refused := kind.refuses(case)) is not None:
        return _refused(lane, operation, refused, now)
    intent = kind.ask(case)
    command = speak(intent, held) if intent is not None else Implied()
    if isinstance(command, Await):
        return command
    if isinstance(command, ServerTask):
        task = cloud.ask(command, operation, lane.subscription, now=now)
        if task is not None:
            return task if isinstance(task, Task) else _refused(lane, operation, task, now)
        command = Implied()
    if isinstance(command, Command) and intent is not None and lane.address is not None:
        request = request_of(operation, lane.subscription, command, intent, give_up_at=None, now=now)
        return calls.prepare(request, lane.address, now=now)
    if isinstance(command, Unable) and operation.line_id is not None and not tells_only(operation):
        message = _("The protocol of this product has no activity for it.")
        return _refused(lane, operation, Refused("protocol.no_activity", message), now)
    OPERATION.move(operation, OperationEvent.START, now=now)
    # What the seller cannot be told of it does not know; that a service is over the market says alone.
    unheard = isinstance(command, Unable) and isinstance(intent, Freeze | Thaw)
    effects = Effects() if unheard else kind.on_done(case)
    return Ended(operation=operation, subscription=lane.subscription, effects=effects, event=OperationEvent.FINISH)


def go_on(subscription: Subscription, operation: Operation, *, now: datetime) -> None:
    """What people had to do first is done: the operation, which runs, asks its first question. Both are locked."""
    lane = next(lane for lane in load_lanes([subscription]) if lane.subscription.pk == subscription.pk)
    own = next(one for one in lane.operations if one.pk == operation.pk)
    with translation.override(None):
        first = _first(lane, own, now)
    match first:
        case Call():
            link([(own, first, 0)])
        case Ended():
            apply([first], now=now)
            settle([subscription], now=now)
        case _:
            raise LookupError(f"operation {operation.pk} waits for people still")


def _refused(lane: Lane, operation: Operation, refused: Refused, now: datetime) -> Ended:
    """It cannot begin. What an order wants is paid back; anything else waits for a person who mends the cause."""
    note = str(refused.message)
    if operation.line_id is not None and not tells_only(operation):
        effects = Effects(order=OrderEnd.GIVE_UP, failed=lane.subscription.status == Subscription.Status.OPENING)
        event = OperationEvent.GIVE_UP
    else:
        OPERATION.move(operation, OperationEvent.START, now=now)
        effects, event = Effects(), OperationEvent.STOP
    return Ended(operation=operation, subscription=lane.subscription, effects=effects, event=event, note=note)


def _begin(begun: Sequence[tuple[Operation, Call]], now: datetime) -> None:
    if not begun:
        return
    OPERATION.move_all([operation for operation, _ in begun], OperationEvent.START, now=now, started_at=now)
    link([(operation, call, 0) for operation, call in begun])


_LINKED = {"call_id": "bigint", "step": "smallint", "give_up_at": "timestamptz"}


def link(begun: Sequence[tuple[Operation, Call, int]]) -> None:
    """Write these calls, each at its step; from now on their operations wait for the ends of these."""
    written = calls.write([call for _operation, call, _step in begun])
    for (operation, _unwritten, step), call in zip(begun, written, strict=True):
        operation.call, operation.step, operation.give_up_at = call, step, call.give_up_at
    rows.update(
        "fulfilment_operation",
        _LINKED,
        (
            {"id": o.pk, "call_id": o.call_id, "step": o.step, "give_up_at": rows.moment(o.give_up_at)}
            for o, *_rest in begun
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
    """The call of an operation. ``give_up_at``: the end of the plan, when an earlier call began it."""
    line = operation.line
    once = isinstance(intent, Ask) and intent.once
    return calls.CallRequest(
        command=command,
        product=subscription.product,
        subscription=subscription,
        order_number=line.order.number if line else "",
        order_line_number=line.number if line else subscription.order_line_number,
        until_access=isinstance(intent, Ask) and intent.until_access,
        give_up_at=now if once else give_up_at,
        owner=operation.pk,
    )
