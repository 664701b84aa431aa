"""Notify sellers' servers of orders: purchase, renewal, change and unsubscription (saas-v1-license D1, business-rules
§4.2).

Reactions to events written in the payment transaction, so that no paid order is missed. Unique owners make sure that
each line is notified once. Deliveries do not depend on notifications.
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
    """Reaction: notify of every type of order by a buyer, including free ones."""
    notify_orders({event.order for event in events}, now=now)


@batched
def on_refund_paid(events: Sequence[RefundPaid], now: datetime) -> None:
    """Reaction: notify of unsubscriptions, which are orders; other refunds are not."""
    refunds = Refund.objects.filter(pk__in=[event.refund for event in events], order__isnull=False)
    unsubscribed_orders = refunds.filter(order__order_type=Order.Type.UNSUBSCRIBE).values_list(
        "order__number", flat=True
    )
    notify_orders(set(unsubscribed_orders), now=now)


def notify_orders(numbers: Collection[str], *, now: datetime) -> list[Call]:
    """Create a call for each unnotified line of these orders that has an address."""
    lines = _LINES_TO_NOTIFY(numbers) if numbers else []
    if not lines:
        return []
    targets = notified_at([line.product for line in lines])
    lines = [line for line in lines if line.product_id in targets]
    notified_lines = set(
        Call.objects.filter(purpose=Call.Purpose.NOTICE, owner__in=[line.pk for line in lines]).values_list(
            "owner", flat=True
        )
    )
    prepared_calls = [
        calls.order_notice(
            targets[line.product_id].address,
            NotifyOrder(order_id=line.order.number, order_line_id=line.number),
            product=line.product,
            owner=line.pk,
            now=now,
        )
        for line in lines
        if line.pk not in notified_lines
    ]
    return calls.store_calls(prepared_calls) if prepared_calls else []


def _lines_to_notify(numbers: Slot) -> QuerySet[OrderLine]:
    """Select lines of sellers with bindings, so that others cost one query."""
    bound_products = NoticeBinding.objects.filter(seller=OuterRef("seller"))
    lines = OrderLine.objects.filter(Exists(bound_products), Among("order__number", numbers)).select_related(
        "order", "product"
    )
    return lines.defer("product__description", "product__description_en").order_by("pk")


_LINES_TO_NOTIFY = PreparedObjects((Keys("text"),), _lines_to_notify)
