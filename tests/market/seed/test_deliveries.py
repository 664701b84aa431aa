"""The demo's supervised service: listed by a review, ordered, half delivered (business-rules §2.10), and loaded once."""

from __future__ import annotations

import pytest

from tests.factories.demo import demo_on_sale
from tests.market.supervision.supervising import CLOCKS
from tests.market.working import working
from tradepost.market import seed
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.orders.models import Order
from tradepost.market.review.models import Submission
from tradepost.market.seed.deliveries import delivery
from tradepost.market.supervision.models import Milestone, Supervision

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "http://127.0.0.1:9/produce"


@pytest.mark.slow
def test_first_milestone_waits_for_acceptance_and_the_next_start_changes_nothing() -> None:
    demo_on_sale(clock.now(), seller_address=ADDRESS)
    road = seed.Road(seller_address=ADDRESS, settings=config(), now=clock.now)
    with working():
        for _ in range(2):
            seed.create_delivery(road, clocks=CLOCKS)
    supervision = Supervision.objects.select_related("line__product").get()
    assert (supervision.line.product.slug, supervision.node, supervision.owner, supervision.visit) == (
        "yunjian-rollout",
        "accept",
        "buyer",
        4,
    )
    assert [m.amount_minor for m in Milestone.objects.order_by("position")] == [108_000, 180_000, 72_000]
    assert (Order.objects.get().status, Product.objects.get(slug="yunjian-rollout").status) == ("processing", "on_sale")
    assert Submission.objects.filter(product=supervision.line.product).count() == 1
    assert delivery().product.kind == "MANUAL_SERVICE"
