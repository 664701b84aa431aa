"""Repurchase a package from the balance, once for each quota that becomes low."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.metering.models import Quota
from tradepost.market.orders.buy import order_of
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder, place_order

from .events import RepurchaseFailed
from .models import PackageAlert


def key_of(quota: Quota) -> str:
    """Return the idempotency key of the order for a quota, so that two alerts buy one package."""
    return f"repurchase/{quota.pk}"


def repurchase(quota: Quota, alert: PackageAlert, *, now: datetime, unpaid_timeout: timedelta) -> Order | None:
    """Return the paid order; None if it exists already or fails, and then the buyer is notified. Failed payments leave
    no order. Retried when the package is used up."""
    subscription = quota.package.subscription
    line = OrderLine.objects.select_related("offer").get(number=subscription.order_line_number)
    command = PlaceOrder(
        product_id=line.offer.product_id, quantity=line.quantity, periods=line.period_number or 1, agreed=True,
        extend_params=tuple((extend_param["name"], extend_param["value"]) for extend_param in line.extend_params), idempotency_key=key_of(quota),
    )  # fmt: skip
    try:
        with transaction.atomic():
            # Concurrent alerts wait here and then find the order.
            locked_alert = PackageAlert.objects.select_for_update().filter(pk=alert.pk, repurchases_left__gt=0).first()
            if locked_alert is None or order_of(subscription.buyer, key_of(quota)) is not None:
                return None
            order = place_order(
                subscription.buyer, command, now=now, unpaid_timeout=unpaid_timeout, origin=Order.Origin.TIMER
            )  # fmt: skip
            pay_order(order, now=now)
            PackageAlert.objects.filter(pk=alert.pk).update(repurchases_left=F("repurchases_left") - 1)
    except Refused as refusal:
        outbox.publish(RepurchaseFailed(quota=quota.pk, package=subscription.pk, reason=refusal.code), now=now)
        return None
    return order
