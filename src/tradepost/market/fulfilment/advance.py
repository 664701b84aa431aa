"""A call ended: the operation that waited for it asks the next thing, finishes, stops, or is given up and paid back."""

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

from .apply import Ended, apply
from .cases import failed_by, held_of, kind_of, line_of, locked_subscriptions, said_by, wanted_of
from .contract import Ask, Case, Effects, OrderEnd, Said
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import link, request_of, settle
from .speak import speak

type Following = tuple[Operation, calls.CallRequest, int]
"""What is asked next, and its step."""


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Reaction to every ended call; those that no operation waits for are none of ours."""
    calls_ended = [one.call for one in events if one.purpose == Call.Purpose.ORDER]
    about = {pk for (pk,) in _ABOUT(calls_ended)} - {None} if calls_ended else set()
    if not about:
        return
    subscriptions = {one.pk: one for one in locked_subscriptions(about)}
    ended: list[Ended] = []
    following: list[Following] = []
    for operation in _WAITING(calls_ended):
        if operation.call is None or operation.subscription_id is None:
            continue
        match _next(operation, operation.call, subscriptions[operation.subscription_id], now):
            case Ended() as end:
                ended.append(end)
            case (request, step):
                following.append((operation, request, step))
    _ask(following, now)
    apply(ended, now=now)
    settle(list({one.subscription.pk: one.subscription for one in ended}.values()), now=now)


def _waiting_for(ended: Slot) -> QuerySet[Operation]:
    return Operation.objects.filter(Among("call", ended), status=Operation.Status.RUNNING)


def _locked(ended: Slot) -> QuerySet[Operation]:
    return _waiting_for(ended).select_for_update(of=("self",)).select_related("call", *LINE).order_by("pk")


_ABOUT = Prepared((Keys(),), lambda ended: _waiting_for(ended).values_list("subscription_id"))
_WAITING = PreparedObjects((Keys(),), _locked)


def _ask(following: Sequence[Following], now: datetime) -> None:
    """At the present address of the product; at that of the call before, when it has none any more."""
    if not following:
        return
    addresses = calls.addresses_of(request.product for _, request, _ in following)
    prepared = []
    for operation, request, step in following:
        before = operation.call
        address = addresses.get(request.product.pk) or (before.address if before else None)
        prepared.append((operation, calls.prepare(request, address, now=now), step))
    link(prepared)


def _next(
    operation: Operation, call: Call, subscription: Subscription, now: datetime
) -> Ended | tuple[calls.CallRequest, int] | None:
    """A call that was restarted meanwhile has no outcome: its next end comes here again."""
    match call.outcome:
        case Call.Outcome.DONE:
            return _after(operation, call, subscription, now)
        case Call.Outcome.GAVE_UP:
            return _failed(operation, call, subscription, now)
    return None


def _case(
    operation: Operation, call: Call, subscription: Subscription, said: Said | None, now: datetime
) -> Case[object]:
    return Case(
        held=held_of(subscription, protocol(call.protocol)),
        wanted=wanted_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=said,
        now=now,
    )


def _after(
    operation: Operation, call: Call, subscription: Subscription, now: datetime
) -> Ended | tuple[calls.CallRequest, int]:
    """The seller did it. The time of the plan goes on from the first call; one that a person completed later begins anew."""
    kind, case = kind_of(operation), _case(operation, call, subscription, said_by(call), now)
    intent = kind.ask(case)
    if intent is None:
        return Ended(
            operation=operation, subscription=subscription, effects=kind.on_done(case), event=OperationEvent.FINISH
        )
    command = speak(intent, case.held)
    if not isinstance(command, Command):
        raise TypeError(f"{operation.kind}: what follows a call cannot be left unsaid")
    end = call.give_up_at if call.give_up_at is not None and call.give_up_at > now else None
    request = request_of(operation, subscription, command, intent, give_up_at=end, now=now)
    return request, intent.step if isinstance(intent, Ask) else 0


def _failed(operation: Operation, call: Call, subscription: Subscription, now: datetime) -> Ended:
    """The plan is over: money back in full, or the order waits for a restart by hand (saas-v2 §3.10)."""
    kind, failed = kind_of(operation), failed_by(call)
    effects = kind.on_gave_up(_case(operation, call, subscription, None, now), failed)
    paid_back = effects.order is OrderEnd.GIVE_UP or (kind.refundable and not failed.keeps_order)
    if not paid_back:
        return Ended(
            operation=operation,
            subscription=subscription,
            effects=Effects(seller_state=effects.seller_state),
            event=OperationEvent.STOP,
            note=failed.verdict,
        )
    return Ended(
        operation=operation,
        subscription=subscription,
        effects=effects if operation.line_id is None else replace(effects, order=OrderEnd.GIVE_UP),
        event=OperationEvent.GIVE_UP,
        note=failed.verdict,
    )
