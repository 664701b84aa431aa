"""A seller's refunds are read by an index, however many the seller has answered."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.factories import NOW, make_subscription
from tests.market.plans import plan
from tradepost.market.orders.refund_models import Refund

pytestmark = pytest.mark.django_db
ANSWERED = 3_000
BY_STATUS = ("refund_seller_status", "refund_status", "refund_open_once")
"""Indexes that pass over the refunds that were answered."""


def test_refunds_that_wait_for_the_seller_are_found_beside_all_that_were_answered() -> None:
    """The overview counts them, and the list shows the newest first."""
    service = make_subscription()
    common = {
        "kind": Refund.Kind.NO_REASON, "buyer": service.buyer, "seller": service.seller, "subscription": service,
        "amount_minor": 100, "currency": "CNY", "requested_at": NOW,
    }  # fmt: skip
    answered = [Refund(status=Refund.Status.REFUNDED, **common) for _ in range(ANSWERED)]
    Refund.objects.bulk_create([*answered, Refund(status=Refund.Status.SELLER_REVIEW, **common)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_refund")
    waiting = Refund.objects.filter(seller=service.seller, status=Refund.Status.SELLER_REVIEW)
    for rows in (waiting, waiting.order_by("-pk")[:26]):
        how = plan(rows)
        assert any(name in how for name in BY_STATUS), how
        assert "TEMP B-TREE" not in how
    assert waiting.count() == 1
