"""Notify sellers' servers of orders: purchase, renewal, change and unsubscription (saas-v1-license D1, business-rules §4.2).

Reactions to events that are written in the transaction that pays, so that no paid order is missed. Each order line is notified
once: a call has a unique owner. Deliveries do not depend on it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, PreparedObjects, Slot
from tradepost.market.orders.events import OrderPaid, RefundPaid
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import Refund
from tradepost.protocols.commands import NotifyOrder

from . import calls
from .models import Call, NoticeBinding
from .notice_bindings import notified_at


@batched
def on_order_paid(events: Sequence[OrderPaid], now: datetime) -> None:
    """Every type of order that a buyer places. A free order is paid as well."""
    notify_orders({event.order for event in events}, now=now)


@batched
def on_refund_paid(events: Sequence[RefundPaid], now: datetime) -> None:
    """An unsubscription is an order of its own; what is refunded without one is not."""
    refunds = Refund.objects.filter(pk__in=[event.refund for event in events], order__isnull=False)
    unsubscribed = refunds.filter(order__order_type=Order.Type.UNSUBSCRIBE).values_list("order__number", flat=True)
    notify_orders(set(unsubscribed), now=now)


def notify_orders(numbers: Collection[str], *, now: datetime) -> list[Call]:
    """Write a call for each line of these orders that is notified and was not yet. Most markets have none."""
    lines = _NOTIFIED(numbers) if numbers else []
    if not lines:
        return []
    at = notified_at([line.product for line in lines])
    lines = [line for line in lines if line.product_id in at]
    known = set(
        Call.objects.filter(purpose=Call.Purpose.NOTICE, owner__in=[line.pk for line in lines]).values_list(
            "owner", flat=True
        )
    )
    prepared = [
        calls.order_notice(
            at[line.product_id].address,
            NotifyOrder(order_id=line.order.number, order_line_id=line.number),
            product=line.product,
            owner=line.pk,
            now=now,
        )
        for line in lines
        if line.pk not in known
    ]
    return calls.write(prepared) if prepared else []


def _notified(numbers: Slot) -> QuerySet[OrderLine]:
    """Of sellers that bound anything: one look for all others."""
    bound = NoticeBinding.objects.filter(seller=OuterRef("seller"))
    lines = OrderLine.objects.filter(Exists(bound), Among("order__number", numbers)).select_related("order", "product")
    return lines.defer("product__description", "product__description_en").order_by("pk")


_NOTIFIED = PreparedObjects((Keys("text"),), _notified)
