"""Pay an order from the buyer's balance: money, status and event in one transaction."""

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

from .change import check_unchanged
from .convert import check_convertible
from .events import OrderPaid
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine
from .place import UNPAID_TIMEOUT, sales_frozen_refusal
from .renew import check_renewable
from .sales import record_paid

NEW_SUBSCRIPTIONS = (Order.Type.NEW, Order.Type.TRIAL)
"""Orders that create a subscription."""
TYPES_NEEDING_SALE = (*NEW_SUBSCRIPTIONS, Order.Type.TRIAL_TO_FORMAL, Order.Type.CHANGE)
"""Orders that can only be paid while the product is on sale."""


def pay_order(order: Order, *, now: datetime) -> None:
    """Pay the order. Raises ``Refused`` and changes nothing if the order is not unpaid, its payment time is over, the
    balance is too low, its service no longer allows it, or the product is not on sale."""
    with transaction.atomic():
        if order.status == Order.Status.UNPAID and order.order_type in CHECKS_BY_TYPE:
            CHECKS_BY_TYPE[order.order_type](order, now)
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # first, in the lock order of the timer
        order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order.pk)
        if order.status == Order.Status.UNPAID and now >= order.pay_before:
            raise Refused(
                "order.pay_deadline", _("The payment period of this order has expired. Place the order again.")
            )
        if order.status == Order.Status.UNPAID and order.order_type in TYPES_NEEDING_SALE:
            _check_sold(order)
        by_timer = order.origin == Order.Origin.TIMER
        ORDER.move(order, OrderEvent.PAY, now=now, actor="market" if by_timer else order.buyer.email)
        ledger.pay(order.buyer, order.total, reference=order.number, now=now)
        Order.objects.filter(pk=order.pk).update(paid_at=now)
        record_paid(order, now=now)
        outbox.publish(OrderPaid(order=order.number), now=now)


def _check_sold(order: Order) -> None:
    """Raise ``Refused`` if trading was frozen or sales were stopped after the order was placed. (Placing an order locks
    no product, so a freeze takes effect here.)"""
    lines = OrderLine.objects.filter(order=order).values_list("product__status", "seller__status")
    states, sellers = {product for product, _seller in lines}, {seller for _product, seller in lines}
    if Product.Status.FROZEN in states or sellers != {Seller.Status.ACTIVE}:
        raise sales_frozen_refusal()
    if states != {Product.Status.ON_SALE}:
        raise Refused("product.stopped", _("Sales of this product have ended permanently."))


def _check_subscription(order: Order, now: datetime) -> None:
    """Lock the subscription before the order, as the release of a service does, and check that its end can still be
    moved."""
    subscriptions = Subscription.objects.select_for_update(of=("self",)).select_related("buyer", "offer", "product")
    for subscription in subscriptions.filter(order_lines__order=order).order_by("pk"):
        _END_CHECKS[order.order_type](subscription, now=now)


def _check_change(order: Order, now: datetime) -> None:
    """Lock the subscription and check that it can still be changed."""
    line = OrderLine.objects.get(order=order)
    subscriptions = Subscription.objects.select_for_update(of=("self",)).select_related("offer", "product")
    check_unchanged(line, subscriptions.get(pk=line.subscription_id or 0), now=now)


_END_CHECKS: Mapping[str, Callable[..., datetime]] = {
    Order.Type.TRIAL_TO_FORMAL: check_convertible,
    Order.Type.RENEW: check_renewable,
}
"""Checks for order types that move the end of a subscription."""
CHECKS_BY_TYPE: Mapping[str, Callable[[Order, datetime], None]] = {
    Order.Type.TRIAL_TO_FORMAL: _check_subscription,
    Order.Type.RENEW: _check_subscription,
    Order.Type.CHANGE: _check_change,
}
"""Checks before payment of an order about an existing subscription, by order type."""
