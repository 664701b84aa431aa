"""An operator pays back an order that stopped: nobody restarts it, so the buyer's money waits for nothing.

A protocol may keep its order when the plan ends (saas-v1-license B1: no automatic refund), and every renewal is kept
(saas-v2 §3.10). The seller may restart it at any time; who is first wins, since both lock the subscription.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.licenses.codes import withdraw
from tradepost.market.orders.models import Order
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.registry import protocol

from .apply import Ended, apply
from .cases import failed_by, held_of, kind_of, line_of, locked_subscriptions, wanted_of
from .contract import Case, Effects, OrderEnd
from .kinds.issue import KIND as ISSUE
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle


def may_pay_back(order: Order) -> bool:
    """Whether everything that the order wants stands still, or waits for people: a code that nobody activates. An unsubscription was paid back when it was asked for."""
    if order.status != Order.Status.PROCESSING or order.order_type == Order.Type.UNSUBSCRIBE:
        return False
    wanted = Operation.objects.filter(line__order=order).values_list("status", "kind")
    stands = (Operation.Status.STOPPED, Operation.Status.RUNNING)
    return bool(wanted) and all(status in stands[: 2 if kind == ISSUE.name else 1] for status, kind in wanted)


def stopped_orders() -> QuerySet[Order]:
    """Orders that stand still, whatever they cost; a person must see to them."""
    stopped = Operation.objects.filter(line__order=OuterRef("pk"), status=Operation.Status.STOPPED)
    return Order.objects.filter(Exists(stopped), status=Order.Status.PROCESSING)


def stalled_orders(subscription: Subscription) -> frozenset[int]:
    """The keys of paid orders about it that stand still: they hold up nobody who leaves (operations.md §4)."""
    return frozenset(one.line.order_id for one in _stalled(subscription) if one.line is not None)


def _stalled(subscription: Subscription) -> QuerySet[Operation]:
    stopped = Operation.objects.filter(subscription=subscription, status=Operation.Status.STOPPED)
    paid = stopped.filter(line__order__status=Order.Status.PROCESSING)
    return paid.exclude(line__order__order_type=Order.Type.UNSUBSCRIBE).select_related("call", *LINE).order_by("pk")


def end_stalled(held: Subscription, *, actor: str, now: datetime) -> frozenset[int]:
    """What stopped at the seller is not restarted any more: the service ends. Gives the orders (by pk) that the caller pays
    back, once it holds all that it pays back. ``held`` is locked."""
    operations = list(_stalled(held).select_for_update(of=("self",)))
    calls.cancel({one.call_id for one in operations if one.call_id is not None}, now=now, actor=actor)
    dropped = [
        Ended(
            operation=one, subscription=held, effects=Effects(), event=OperationEvent.DROP, note="released", actor=actor
        )
        for one in operations
    ]
    apply(dropped, now=now)
    return frozenset(one.line.order_id for one in operations if one.line is not None)


def pay_back(order: Order, *, reason: str, actor: str, now: datetime) -> None:
    """Full refund in the operator's name; the seller can restart it no more and releases what it may have made.

    A renewal is taken back alone: the service stays, and ends when it would have ended. Raises ``Refused`` when the order
    did not stop, or goes on already.
    """
    if not reason.strip():
        raise Refused("pay_back.reason", _("Say why the order is paid back."), field="reason")
    with transaction.atomic():
        wanted = Operation.objects.filter(line__order=order)
        about = set(wanted.values_list("subscription_id", flat=True)) - {None}
        subscriptions = {one.pk: one for one in locked_subscriptions(about)}
        operations = list(wanted.select_for_update(of=("self",)).select_related("call", *LINE).order_by("pk"))
        if not may_pay_back(order):
            raise Refused(
                "pay_back.not_stopped",
                _("This order has ended, or its delivery goes on: there is nothing to pay back by hand."),
            )
        asked = {one.call_id for one in operations if one.call_id is not None}
        calls.cancel(asked, now=now, actor=actor)
        for one in operations:
            if one.kind == ISSUE.name:
                withdraw(subscriptions[one.subscription_id or 0], actor=actor, now=now)
        apply(
            [
                _paid_back(one, subscriptions[one.subscription_id], reason=reason, actor=actor, now=now)
                for one in operations
                if one.subscription_id is not None
            ],
            now=now,
        )
        settle(list(subscriptions.values()), now=now)


def _paid_back(operation: Operation, subscription: Subscription, *, reason: str, actor: str, now: datetime) -> Ended:
    effects = Effects(failed=operation.kind == ISSUE.name)
    if operation.call:
        effects = _effects(operation, operation.call, subscription, now)
    stopped = operation.status == Operation.Status.STOPPED
    return Ended(
        operation=operation,
        subscription=subscription,
        effects=replace(effects, order=OrderEnd.GIVE_UP),
        event=OperationEvent.PAY_BACK if stopped else OperationEvent.GIVE_UP,
        note=reason[:500],
        actor=actor,
    )


def _effects(operation: Operation, call: Call, subscription: Subscription, now: datetime) -> Effects:
    case: Case[object] = Case(
        held=held_of(subscription, protocol(call.protocol)),
        wanted=wanted_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=None,
        now=now,
    )
    return kind_of(operation).on_gave_up(case, failed_by(call))
