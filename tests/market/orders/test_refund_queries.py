"""Lists of refunds are read by an index, however many a seller has had."""

from __future__ import annotations

import pytest

from tests.market.plans import plan
from tradepost.market.orders.refund_models import Refund

pytestmark = pytest.mark.django_db


def test_what_a_seller_is_to_answer_is_found_beside_all_that_was_answered() -> None:
    """The overview counts it, and the list shows it newest first."""
    own = Refund.objects.filter(seller=1, status=Refund.Status.SELLER_REVIEW)
    assert "refund_seller_status" in plan(own)
    assert "refund_seller_status" in (listed := plan(own.order_by("-pk")[:26]))
    assert "TEMP B-TREE" not in listed
    assert "Sort" not in listed
