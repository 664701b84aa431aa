"""Pay an order from the buyer's balance: money, status and the event in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

from .change import check_still
from .convert import check_convertible
from .events import OrderPaid
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import UNPAID_TIMEOUT, frozen
from .renew import check_renewable
from .sales import record_paid

BEGINS = (Order.Type.NEW, Order.Type.TRIAL)
"""Orders of what is not held yet."""
SOLD = (*BEGINS, Order.Type.TRIAL_TO_FORMAL, Order.Type.CHANGE)
"""Orders that are paid only while their product is sold: what was withdrawn, or is frozen, gets no new payer."""


def pay_order(order: Order, *, now: datetime) -> None:
    """Raises ``Refused`` when the balance does not reach, the time to pay is over, the order is not unpaid, what it is
    about is gone, or what it would begin is not sold any more or at the moment; nothing changed then."""
    with transaction.atomic():
        if order.status == Order.Status.UNPAID and order.order_type in CHECKS:
            CHECKS[order.order_type](order, now)
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # before the order, as the timer takes them: its row, then the order
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if order.status == Order.Status.UNPAID and now >= order.pay_before:
            raise Refused("order.pay_deadline", _("The time to pay this order is over. Place it again."))
        if order.status == Order.Status.UNPAID and order.order_type in SOLD:
            _check_sold(order)
        by_timer = order.origin == Order.Origin.TIMER
        ORDER.move(order, OrderEvent.PAY, now=now, actor="market" if by_timer else order.buyer.email)
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


def _check_held(order: Order, now: datetime) -> None:
    """What a buyer holds is locked before its orders, everywhere: the end of a release locks it first, too."""
    about = Subscription.objects.select_for_update(of=("self",)).select_related("buyer", "offer", "product")
    for held in about.filter(order_lines__order=order).order_by("pk"):
        _MOVED[order.order_type](held, now=now)


def _check_changed(order: Order, now: datetime) -> None:
    """The same: frozen meanwhile, or over, it is not changed any more."""
    line = OrderLine.objects.get(order=order)
    about = Subscription.objects.select_for_update(of=("self",)).select_related("offer", "product")
    check_still(line, about.get(pk=line.subscription_id or 0), now=now)


_MOVED: Mapping[str, Callable[..., datetime]] = {
    Order.Type.TRIAL_TO_FORMAL: check_convertible,
    Order.Type.RENEW: check_renewable,
}
"""Orders that move the end of what is held, with what says whether that is still possible."""
CHECKS: Mapping[str, Callable[[Order, datetime], None]] = {
    Order.Type.TRIAL_TO_FORMAL: _check_held,
    Order.Type.RENEW: _check_held,
    Order.Type.CHANGE: _check_changed,
}
"""What must still be so of what an order is about, by the type of the order."""
