"""Pay an order from the buyer's balance: money, status and the event in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

from .events import OrderPaid
from .lifecycle import ORDER, OrderEvent
from .models import Order
from .place import UNPAID_TIMEOUT
from .renew import check_renewable
from .sales import record_paid


def pay_order(order: Order, *, now: datetime) -> None:
    """Raises ``Refused`` when the balance does not reach, the time to pay is over, the order is not unpaid, or what it
    would renew is gone."""
    with transaction.atomic():
        renewal = order.order_type == Order.Type.RENEW
        if renewal and order.status == Order.Status.UNPAID:
            _check_renewed(order, now)
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # before the order, as the timer takes them: its row, then the order
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if order.status == Order.Status.UNPAID and now >= order.pay_before:
            raise Refused("order.pay_deadline", _("The time to pay this order is over. Place it again."))
        ORDER.move(order, OrderEvent.PAY, now=now, actor=order.buyer.email)
        ledger.pay(order.buyer, order.total, reference=order.number, now=now)
        Order.objects.filter(pk=order.pk).update(paid_at=now)
        record_paid(order, now=now)
        outbox.publish(OrderPaid(order=order.number), now=now)


def _check_renewed(order: Order, now: datetime) -> None:
    """What a buyer holds is locked before its orders, everywhere: the end of a release locks it first, too."""
    about = Subscription.objects.select_for_update(of=("self",)).select_related("offer")
    for held in about.filter(order_lines__order=order).order_by("pk"):
        check_renewable(held, now=now)
