"""Start the supervision of a paid order line at the first node of its flow (business-rules §2.10)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.catalog import document as documents
from tradepost.market.fulfilment.events import HandOverBegan
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.acceptance import REVIEW, REVIEWED
from tradepost.market.product_types.flows.registry import flow
from tradepost.market.product_types.milestones import milestones_of
from tradepost.market.product_types.registry import product_type

from . import milestones
from .clocks import Clocks
from .models import Supervision
from .step import enter
from .timers import schedule_timer


def on_hand_over_began(event: HandOverBegan, now: datetime, *, clocks: Clocks) -> None:
    """Reaction. Idempotent: a line has one supervision."""
    line = OrderLine.objects.select_related("order__buyer", "product", "version", "seller").get(pk=event.line)
    if Supervision.objects.filter(line=line).exists():
        return
    answers = documents.load(line.version.document).details.fields
    delivery_flow = flow(line.flow or product_type(line.product.product_type).flow)
    with transaction.atomic():
        supervision = Supervision(
            line=line, subscription_id=event.subscription, buyer=line.order.buyer, seller=line.seller,
            flow=delivery_flow.code, version=delivery_flow.version, reviewed=answers.get(REVIEW.code) == REVIEWED, opened_at=now,
        )  # fmt: skip
        enter(supervision, delivery_flow.first, act=None, clocks=clocks, now=now)
        milestones.declare(supervision, milestones_of(answers))
        schedule_timer(supervision, clocks=clocks, now=now)
