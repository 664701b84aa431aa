"""An operator pays back an order whose delivery stopped: nobody restarts it, so the buyer's money waits for nothing.

A protocol may keep its order when the plan ends (saas-v1-license B1: no automatic refund), and every renewal is kept
(saas-v2 §3.10). The seller may restart the call at any time; who is first wins, since both lock the call.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.work import State
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Refresh

from .follow import release_orphan
from .models import Delivery


def may_pay_back(order: Order) -> bool:
    """Whether every delivery of the order stands still, none is being tried again, and none was made."""
    if order.status != Order.Status.PROCESSING:
        return False
    if order.order_type == Order.Type.RENEW:
        return stopped().filter(pk=order.pk).exists()
    ends = Delivery.objects.filter(line__order=order).values_list("status", "call__outcome")
    return bool(ends) and all(end == (Delivery.Status.STOPPED, Call.Outcome.GAVE_UP) for end in ends)


def stopped() -> QuerySet[Order]:
    """Orders that stand still while the market holds the buyer's money; a person must see to them."""
    calls = Call.objects.filter(order_number=OuterRef("number"))
    deliveries = Delivery.objects.filter(
        line__order=OuterRef("pk"), status=Delivery.Status.STOPPED, call__outcome=Call.Outcome.GAVE_UP
    )
    renewal = Q(order_type=Order.Type.RENEW, total_minor__gt=0)
    failed = Exists(calls.filter(kind=Refresh.__name__, outcome=Call.Outcome.GAVE_UP))
    goes_on = Exists(calls.exclude(state=State.ENDED))
    return Order.objects.filter(Q(Exists(deliveries)) | (renewal & failed & ~goes_on), status=Order.Status.PROCESSING)


def pay_back(order: Order, *, reason: str, actor: str, now: datetime) -> None:
    """Full refund in the operator's name; the seller can restart it no more and releases what it may have made.

    A renewal is taken back alone: the service stays, and ends when it would have ended. Raises ``Refused`` when the order
    did not stop, or goes on already.
    """
    if not reason.strip():
        raise Refused("pay_back.reason", _("Say why the order is paid back."), field="reason")
    with transaction.atomic():
        if order.order_type == Order.Type.RENEW:  # what a buyer holds is locked before the orders about it, everywhere
            list(Subscription.objects.select_for_update(of=("self",)).filter(order_lines__order=order).order_by("pk"))
        deliveries = list(
            Delivery.objects.select_for_update(of=("self",))
            .select_related("line__order", "line__product", "subscription")
            .filter(line__order=order)
            .order_by("pk")
        )
        calls = {
            call.pk: call for call in Call.objects.select_for_update().filter(_of(order, deliveries)).order_by("pk")
        }
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if not may_pay_back(order):
            raise Refused(
                "pay_back.not_stopped",
                _("This order has ended, or its delivery goes on: there is nothing to pay back by hand."),
            )
        for delivery in deliveries:
            SUBSCRIPTION.move(delivery.subscription, SubscriptionEvent.GIVE_UP, now=now, actor=actor, note=reason[:500])
        Call.objects.filter(pk__in=calls).update(outcome=Call.Outcome.CANCELLED)
        Delivery.objects.filter(pk__in=[one.pk for one in deliveries]).update(
            status=Delivery.Status.GAVE_UP, ended_at=now
        )
        give_up_order(order, now=now, reason=reason, actor=actor)
        for delivery in deliveries:
            if delivery.call_id is not None:
                release_orphan(delivery, calls[delivery.call_id], now)


def _of(order: Order, deliveries: list[Delivery]) -> Q:
    """The calls that the order waits for."""
    if order.order_type == Order.Type.RENEW:
        return Q(order_number=order.number, kind=Refresh.__name__)
    return Q(delivery__in=deliveries)
