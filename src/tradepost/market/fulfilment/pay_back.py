"""An operator pays back an order whose delivery stopped: nobody restarts it, so the buyer's money waits for nothing.

A protocol may keep its order when the plan ends (saas-v1-license B1: no automatic refund). The seller may restart the
call at any time; who is first wins, since both lock the call.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.subscriptions.lifecycle import E as SubscriptionEvent

from .follow import release_orphan
from .models import Delivery


def may_pay_back(order: Order) -> bool:
    """Whether every delivery of the order stands still, none is being tried again, and none was made."""
    if order.status != Order.Status.PROCESSING:
        return False
    ends = Delivery.objects.filter(line__order=order).values_list("status", "call__outcome")
    return bool(ends) and all(end == (Delivery.Status.STOPPED, Call.Outcome.GAVE_UP) for end in ends)


def stopped() -> QuerySet[Delivery]:
    """Deliveries that stand still while the market holds the buyer's money; a person must see to them."""
    return Delivery.objects.filter(
        status=Delivery.Status.STOPPED, call__outcome=Call.Outcome.GAVE_UP, line__order__status=Order.Status.PROCESSING
    )


def pay_back(order: Order, *, reason: str, actor: str, now: datetime) -> None:
    """Full refund in the operator's name; the seller can restart it no more and releases what it may have made.

    Raises ``Refused`` when the order did not stop, or goes on already.
    """
    if not reason.strip():
        raise Refused("pay_back.reason", _("Say why the order is paid back."), field="reason")
    with transaction.atomic():
        deliveries = list(
            Delivery.objects.select_for_update(of=("self",))
            .select_related("line__order", "line__product", "subscription")
            .filter(line__order=order)
            .order_by("pk")
        )
        calls = {
            call.pk: call for call in Call.objects.select_for_update().filter(delivery__in=deliveries).order_by("pk")
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
