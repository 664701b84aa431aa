"""Pay an order from the buyer's balance: money, status and the event in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.payments import ledger

from .lifecycle import ORDER, E
from .models import Order
from .place import UNPAID_TIMEOUT


def pay_order(order: Order, *, now: datetime) -> None:
    """Raises ``Refused`` when the balance does not reach, the time to pay is over, or the order is not unpaid."""
    with transaction.atomic():
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # first, as the timer takes them: its row, then the order
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if order.status == Order.Status.UNPAID and now >= order.pay_before:
            raise Refused("order.pay_deadline", _("The time to pay this order is over. Place it again."))
        ORDER.move(order, E.PAY, now=now, actor=order.buyer.email)
        ledger.pay(order.buyer, order.total, reference=order.number, now=now)
        Order.objects.filter(pk=order.pk).update(paid_at=now)
        outbox.publish("OrderPaid", now=now, order=order.number)
