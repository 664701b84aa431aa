"""Refund stopped orders by an operator, when nobody will restart them.

A protocol may keep its order when the retry plan ends (saas-v1-license B1: no automatic refund), and renewals are
always kept (saas-v2 §3.10). Restart and refund lock the subscription, so the first one wins.
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

from .apply import EndedOperation, apply
from .cases import failure_of, kind_of, line_of, locked_subscriptions, parameters_of, view_of
from .contract import Case, Effects, OrderEnd
from .kinds.issue import KIND as ISSUE
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import settle


def may_refund(order: Order) -> bool:
    """Return whether all operations of the order stopped or wait for an activation that never comes. Unsubscriptions
    were refunded at their request."""
    if order.status != Order.Status.PROCESSING or order.order_type == Order.Type.UNSUBSCRIBE:
        return False
    states = Operation.objects.filter(line__order=order).values_list("status", "kind")
    waiting_states = (Operation.Status.STOPPED, Operation.Status.RUNNING)
    return bool(states) and all(status in waiting_states[: 2 if kind == ISSUE.name else 1] for status, kind in states)


def stopped_orders() -> QuerySet[Order]:
    """Select orders with a stopped operation, including free ones; a person must handle them."""
    stopped_operations = Operation.objects.filter(line__order=OuterRef("pk"), status=Operation.Status.STOPPED)
    return Order.objects.filter(Exists(stopped_operations), status=Order.Status.PROCESSING)


def stalled_orders(subscription: Subscription) -> frozenset[int]:
    """Return the keys of paid, stopped orders about it, which do not prevent an unsubscription (operations.md §4)."""
    return frozenset(operation.line.order_id for operation in _stalled(subscription) if operation.line is not None)


def _stalled(subscription: Subscription) -> QuerySet[Operation]:
    stopped_operations = Operation.objects.filter(subscription=subscription, status=Operation.Status.STOPPED)
    paid_operations = stopped_operations.filter(line__order__status=Order.Status.PROCESSING)
    return (
        paid_operations.exclude(line__order__order_type=Order.Type.UNSUBSCRIBE)
        .select_related("call", *LINE)
        .order_by("pk")
    )


def end_stalled(subscription: Subscription, *, actor: str, now: datetime) -> frozenset[int]:
    """Drop the stopped operations because the service ends. Return the orders (by key) that the caller refunds when it
    holds all locks. The subscription is locked."""
    operations = list(_stalled(subscription).select_for_update(of=("self",)))
    calls.cancel({operation.call_id for operation in operations if operation.call_id is not None}, now=now, actor=actor)
    dropped_operations = [
        EndedOperation(
            operation=operation,
            subscription=subscription,
            effects=Effects(),
            event=OperationEvent.DROP,
            note="released",
            actor=actor,
        )
        for operation in operations
    ]
    apply(dropped_operations, now=now)
    return frozenset(operation.line.order_id for operation in operations if operation.line is not None)


def refund_order(order: Order, *, reason: str, actor: str, now: datetime) -> None:
    """Refund an order in full in the operator's name; the seller can no longer restart it and releases possible
    instances.

    A renewal is cancelled alone; the service keeps its earlier end. Raises ``Refused`` if the order did not stop or has
    continued.
    """
    if not reason.strip():
        raise Refused("pay_back.reason", _("Enter the reason for the refund."), field="reason")
    with transaction.atomic():
        order_operations = Operation.objects.filter(line__order=order)
        keys = set(order_operations.values_list("subscription_id", flat=True)) - {None}
        subscriptions = {
            locked_subscription.pk: locked_subscription for locked_subscription in locked_subscriptions(keys)
        }
        operations = list(order_operations.select_for_update(of=("self",)).select_related("call", *LINE).order_by("pk"))
        if not may_refund(order):
            raise Refused(
                "pay_back.not_stopped",
                _("This order has ended or is still being delivered. There is nothing to refund manually."),
            )
        call_keys = {operation.call_id for operation in operations if operation.call_id is not None}
        calls.cancel(call_keys, now=now, actor=actor)
        for operation in operations:
            if operation.kind == ISSUE.name:
                withdraw(subscriptions[operation.subscription_id or 0], actor=actor, now=now)
        apply(
            [
                _end_with_refund(
                    operation, subscriptions[operation.subscription_id], reason=reason, actor=actor, now=now
                )
                for operation in operations
                if operation.subscription_id is not None
            ],
            now=now,
        )
        settle(list(subscriptions.values()), now=now)


def _end_with_refund(
    operation: Operation, subscription: Subscription, *, reason: str, actor: str, now: datetime
) -> EndedOperation:
    effects = Effects(failed=operation.kind == ISSUE.name)
    if operation.call:
        effects = _effects(operation, operation.call, subscription, now)
    is_stopped = operation.status == Operation.Status.STOPPED
    return EndedOperation(
        operation=operation,
        subscription=subscription,
        effects=replace(effects, order=OrderEnd.GIVE_UP),
        event=OperationEvent.PAY_BACK if is_stopped else OperationEvent.GIVE_UP,
        note=reason[:500],
        actor=actor,
    )


def _effects(operation: Operation, call: Call, subscription: Subscription, now: datetime) -> Effects:
    case: Case[object] = Case(
        held=view_of(subscription, protocol(call.protocol)),
        wanted=parameters_of(operation),
        line=line_of(operation.line) if operation.line else None,
        step=operation.step,
        said=None,
        now=now,
    )
    return kind_of(operation).on_gave_up(case, failure_of(call))
