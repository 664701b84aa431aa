"""A seller's refunds are read by an index, regardless of how many refunds were answered."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.factories import NOW, make_subscription
from tests.market.plans import plan
from tradepost.market.orders.refund_models import Refund

pytestmark = pytest.mark.django_db
ANSWERED_COUNT = 3_000
STATUS_INDEXES = ("refund_of_seller_by_status", "refund_status", "refund_open_once")
"""Indexes that skip answered refunds."""


def test_pending_refunds_are_read_by_an_index() -> None:
    """The overview counts them, and the list shows the newest first."""
    service = make_subscription()
    common = {
        "kind": Refund.Kind.NO_REASON, "buyer": service.buyer, "seller": service.seller, "subscription": service,
        "amount_minor": 100, "currency": "CNY", "requested_at": NOW,
    }  # fmt: skip
    answered = [Refund(status=Refund.Status.REFUNDED, **common) for _ in range(ANSWERED_COUNT)]
    Refund.objects.bulk_create([*answered, Refund(status=Refund.Status.SELLER_REVIEW, **common)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_refund")
    waiting = Refund.objects.filter(seller=service.seller, status=Refund.Status.SELLER_REVIEW)
    for rows in (waiting, waiting.order_by("seller", "status", "-requested_at", "-pk")[:26]):
        query_plan = plan(rows)
        assert any(name in query_plan for name in STATUS_INDEXES), query_plan
        assert "TEMP B-TREE" not in query_plan
    assert waiting.count() == 1
