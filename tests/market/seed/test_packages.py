"""The demo's usage package (business-rules §3.2) is bought and partly used, once, by the verbs of pages and interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import override

import pytest

from tests.factories import NOW
from tests.factories.demo import demo_on_sale
from tests.factories.images import rest
from tests.factories.metering import RULE, ZONE
from tests.market.fulfilment.services import bought
from tradepost.market import seed
from tradepost.market.base.config import config
from tradepost.market.metering.models import Push, Quota, Record
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.seed.packages import SLUG, USED_QUANTITIES
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
ADDRESS = "http://127.0.0.1:9/produce"


class Delivering(seed.Road, frozen=True):
    """Replaces another process: its wait opens the ordered services."""

    @override
    def wait(self, done: Callable[[], bool], what: str) -> None:
        for order in Order.objects.filter(status=Order.Status.PROCESSING):
            bought(order, now=NOW)
        assert done(), what


@pytest.mark.slow
def test_package_is_bought_and_partly_used_once() -> None:
    road = Delivering(seller_address=ADDRESS, settings=config(), now=lambda: NOW)
    seed.load(NOW, seller_address=ADDRESS)
    seed.use_a_package(road, rule=RULE, zone=ZONE)
    assert Order.objects.count() == 0, "nothing is on sale yet"
    demo_on_sale(NOW, seller_address=ADDRESS)
    for _ in range(2):
        seed.use_a_package(road, rule=RULE, zone=ZONE)
    rest(NOW)
    subscription = Subscription.objects.get(product__slug=SLUG)
    assert (subscription.status, subscription.buyer.email) == ("active", "buyer@lantian.example")
    assert [record.quantity for record in Record.objects.order_by("pk")] == [10_000 * used for used in USED_QUANTITIES]
    assert Push.objects.get().accepted == len(USED_QUANTITIES)
    quota = Quota.objects.get(service=subscription)
    assert (quota.amount, quota.remaining) == (5_000_000, 10_000 * (500 - sum(USED_QUANTITIES)))
    assert ledger.verify().problems == ()
