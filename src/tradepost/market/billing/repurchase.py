"""Buy the same package again from the balance, once for each quota that became low, however often that is told."""

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
    """The order that a quota may cause has this name: two alerts, one package."""
    return f"repurchase/{quota.pk}"


def repurchase(quota: Quota, alert: PackageAlert, *, now: datetime, unpaid_timeout: timedelta) -> Order | None:
    """The paid order; None where there was one already, or it cannot be: then its buyer is told why. Nothing is ordered that
    is not paid. It is tried again when the package is used up."""
    held = quota.package.subscription
    line = OrderLine.objects.select_related("offer").get(number=held.order_line_number)
    command = PlaceOrder(
        product_id=line.offer.product_id, quantity=line.quantity, periods=line.period_number or 1, agreed=True,
        extend_params=tuple((one["name"], one["value"]) for one in line.extend_params), idempotency_key=key_of(quota),
    )  # fmt: skip
    try:
        with transaction.atomic():
            # Who else is told of it at this moment waits here, and then finds the order.
            allowed = PackageAlert.objects.select_for_update().filter(pk=alert.pk, repurchases_left__gt=0).first()
            if allowed is None or order_of(held.buyer, key_of(quota)) is not None:
                return None
            order = place_order(
                held.buyer, command, now=now, unpaid_timeout=unpaid_timeout, origin=Order.Origin.TIMER
            )  # fmt: skip
            pay_order(order, now=now)
            PackageAlert.objects.filter(pk=alert.pk).update(repurchases_left=F("repurchases_left") - 1)
    except Refused as refused:
        outbox.publish(RepurchaseFailed(quota=quota.pk, package=held.pk, reason=refused.code), now=now)
        return None
    return order
