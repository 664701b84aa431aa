"""Reaction to an ended call: its operation makes the next call, finishes, stops, or is given up and refunded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.base.values import replace
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import protocol

from .apply import EndedOperation, apply
from .cases import exchange_of, failure_of, kind_of, line_of, locked_subscriptions, parameters_of, view_of
from .contract import Case, Effects, LastExchange, OrderEnd, ProtocolCommand
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import link, request_of, settle
from .speak import command_for

type Following = tuple[Operation, calls.CallRequest, int]
"""Next call of an operation, and its step."""


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Reaction: advance the operations that wait for these calls; other calls are ignored."""
    calls_ended = [call_ended.call for call_ended in events if call_ended.purpose == Call.Purpose.ORDER]
    keys = {pk for (pk,) in _SUBSCRIPTIONS(calls_ended)} - {None} if calls_ended else set()
    if not keys:
        return
    subscriptions = {locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)}
    ended_operations: list[EndedOperation] = []
    following: list[Following] = []
    for operation in _WAITING(calls_ended):
        if operation.call is None or operation.subscription_id is None:
            continue
        match _next_step(operation, operation.call, subscriptions[operation.subscription_id], now):
            case EndedOperation() as end:
                ended_operations.append(end)
            case (request, step):
                following.append((operation, request, step))
    _make_calls(following, now)
    apply(ended_operations, now=now)
    settle(
        list(
            {
                ended_operation.subscription.pk: ended_operation.subscription for ended_operation in ended_operations
            }.values()
        ),
        now=now,
    )


def _waiting_for(ended: Slot) -> QuerySet[Operation]:
    return Operation.objects.filter(Among("call", ended), status=Operation.Status.RUNNING)


def _locked(ended: Slot) -> QuerySet[Operation]:
    return _waiting_for(ended).select_for_update(of=("self",)).select_related("call", *LINE).order_by("pk")


_SUBSCRIPTIONS = Prepared((Keys(),), lambda ended: _waiting_for(ended).values_list("subscription_id"))
_WAITING = PreparedObjects((Keys(),), _locked)


def _make_calls(following: Sequence[Following], now: datetime) -> None:
    """Create the next calls at the product's present address, or at the previous call's if it has none."""
    if not following:
        return
    addresses = calls.addresses_of(request.product for _, request, _ in following)
    prepared_calls = []
    for operation, request, step in following:
        previous = operation.call
        address = addresses.get(request.product.pk) or (previous.address if previous else None)
        prepared_calls.append((operation, calls.prepare(request, address, now=now), step))
    link(prepared_calls)


def _next_step(
    operation: Operation, call: Call, subscription: Subscription, now: datetime
) -> EndedOperation | tuple[calls.CallRequest, int] | None:
    """Return the next call or the end; None for a call that was restarted meanwhile and will end again."""
    match call.outcome:
        case Call.Outcome.DONE:
            return _after_success(operation, call, subscription, now)
        case Call.Outcome.GAVE_UP:
            return _after_failure(operation, call, subscription, now)
    return None


def _case(
    operation: Operation, call: Call, subscription: Subscription, last: LastExchange | None, now: datetime
) -> Case[object]:
    return Case(
        held=view_of(subscription, protocol(call.protocol)),
        wanted=parameters_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=last,
        now=now,
    )


def _after_success(
    operation: Operation, call: Call, subscription: Subscription, now: datetime
) -> EndedOperation | tuple[calls.CallRequest, int]:
    """Continue after success. The retry plan continues from the first call; a call that a person completed later starts
    a new plan."""
    kind, case = kind_of(operation), _case(operation, call, subscription, exchange_of(call), now)
    intent = kind.ask(case)
    if intent is None:
        return EndedOperation(
            operation=operation, subscription=subscription, effects=kind.on_done(case), event=OperationEvent.FINISH
        )
    command = command_for(intent, case.held)
    if not isinstance(command, Command):
        raise TypeError(f"{operation.kind}: what follows a call cannot be left unsaid")
    end = call.give_up_at if call.give_up_at is not None and call.give_up_at > now else None
    request = request_of(operation, subscription, command, intent, give_up_at=end, now=now)
    return request, intent.step if isinstance(intent, ProtocolCommand) else 0


def _after_failure(operation: Operation, call: Call, subscription: Subscription, now: datetime) -> EndedOperation:
    """Handle the end of the retry plan: full refund, or stop until a restart by hand (saas-v2 §3.10)."""
    kind, failure = kind_of(operation), failure_of(call)
    effects = kind.on_gave_up(_case(operation, call, subscription, None, now), failure)
    paid_back = effects.order is OrderEnd.GIVE_UP or (kind.refundable and not failure.keeps_order)
    if not paid_back:
        return EndedOperation(
            operation=operation,
            subscription=subscription,
            effects=Effects(seller_state=effects.seller_state),
            event=OperationEvent.STOP,
            note=failure.verdict,
        )
    return EndedOperation(
        operation=operation,
        subscription=subscription,
        effects=effects if operation.line_id is None else replace(effects, order=OrderEnd.GIVE_UP),
        event=OperationEvent.GIVE_UP,
        note=failure.verdict,
    )
