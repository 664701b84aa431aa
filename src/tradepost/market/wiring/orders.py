"""Reactions to events of ``orders``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.events import on
from tradepost.market.billing import collect_debt
from tradepost.market.fulfilment import order_paid
from tradepost.market.images import reactions as images
from tradepost.market.metering import packages
from tradepost.market.notifications import (
    auto_renewal_reactions,
    supervision_reactions,
)
from tradepost.market.notifications import reactions as notices
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import refunds
from tradepost.market.orders import best_sellers, delivery_days
from tradepost.market.orders.events import (
    AutoRenewalFailed,
    LineReduced,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderRefunded,
    OrderReturned,
    RefundDecided,
    RefundPaid,
    RefundRequested,
    RefundUnanswered,
    RefundWithdrawn,
)
from tradepost.market.probes import failed_orders
from tradepost.market.production import order_notices
from tradepost.market.supervision import ended as supervision
from tradepost.market.web.watching import watch


def count_failed_order(event: OrderRefunded, now: datetime) -> None:
    """Count the failed order for the product's daily check."""
    failed_orders.count_failed_order(event.order, watch=watch(), now=now)


REACTIONS = (
    on(
        OrderPaid,
        order_paid.on_order_paid,
        order_notices.on_order_paid,
        notices.on_order_paid,
        best_sellers.on_order_paid,
    ),
    on(
        OrderCompleted,
        delivery_days.on_order_completed,
        packages.on_order_completed,
        notices.on_order_completed,
        failed_orders.on_order_completed,
        images.on_order_completed,
        supervision.on_order_completed,
    ),
    on(OrderCancelled, notices.on_order_cancelled),
    on(OrderReturned, collect_debt.on_order_refunded, notices.on_order_returned),
    on(
        OrderRefunded,
        collect_debt.on_order_refunded,
        notices.on_order_refunded,
        notices.on_delivery_given_up,
        count_failed_order,
        supervision.on_order_refunded,
    ),
    on(LineReduced, collect_debt.on_order_refunded, supervision_reactions.on_line_reduced),
    on(RefundPaid, order_notices.on_refund_paid, collect_debt.on_refund_paid, notify(refunds.PAID)),
    on(RefundRequested, notify(refunds.REQUESTED)),
    on(RefundDecided, notify(refunds.DECIDED)),
    on(RefundWithdrawn, notify(refunds.WITHDRAWN)),
    on(RefundUnanswered, notify(refunds.UNANSWERED)),
    on(AutoRenewalFailed, auto_renewal_reactions.on_auto_renewal_failed),
)
