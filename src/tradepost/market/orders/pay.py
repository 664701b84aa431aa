"""Pay an order from the buyer's balance: money, status and the event in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

from .events import OrderPaid
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import UNPAID_TIMEOUT, frozen
from .renew import check_renewable
from .sales import record_paid

BEGINS = (Order.Type.NEW, Order.Type.TRIAL)
"""Orders of what is not held yet."""


def pay_order(order: Order, *, now: datetime) -> None:
    """Raises ``Refused`` when the balance does not reach, the time to pay is over, the order is not unpaid, what it would
    renew is gone, or what it would begin is not sold any more or at the moment; nothing changed then."""
    with transaction.atomic():
        renewal = order.order_type == Order.Type.RENEW
        if renewal and order.status == Order.Status.UNPAID:
            _check_renewed(order, now)
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # before the order, as the timer takes them: its row, then the order
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if order.status == Order.Status.UNPAID and now >= order.pay_before:
            raise Refused("order.pay_deadline", _("The time to pay this order is over. Place it again."))
        if order.status == Order.Status.UNPAID and order.order_type in BEGINS:
            _check_sold(order)
        ORDER.move(order, OrderEvent.PAY, now=now, actor=order.buyer.email)
        ledger.pay(order.buyer, order.total, reference=order.number, now=now)
        Order.objects.filter(pk=order.pk).update(paid_at=now)
        record_paid(order, now=now)
        outbox.publish(OrderPaid(order=order.number), now=now)


def _check_sold(order: Order) -> None:
    """An order that was under way when trading was frozen, or sales were stopped, is not paid (shelf: no product is locked
    when an order is placed, so this is where a freeze meets it)."""
    lines = OrderLine.objects.filter(order=order).values_list("product__status", "seller__status")
    states, sellers = {product for product, _seller in lines}, {seller for _product, seller in lines}
    if Product.Status.FROZEN in states or sellers != {Seller.Status.ACTIVE}:
        raise frozen()
    if states != {Product.Status.ON_SALE}:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))


def _check_renewed(order: Order, now: datetime) -> None:
    """What a buyer holds is locked before its orders, everywhere: the end of a release locks it first, too."""
    about = Subscription.objects.select_for_update(of=("self",)).select_related("offer")
    for held in about.filter(order_lines__order=order).order_by("pk"):
        check_renewable(held, now=now)
