"""The demo's buyer has one invoice in each state, created once by the verbs of the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import override

import pytest

from tests.factories import NOW
from tests.factories.demo import demo_on_sale
from tests.market.fulfilment.services import bought
from tradepost.market import seed
from tradepost.market.base.config import config
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.models import Invoice, IssuedInvoice
from tradepost.market.orders.models import Order
from tradepost.market.seed.people import BUYER

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
def test_each_state_exists_once() -> None:
    road = Delivering(seller_address=ADDRESS, settings=config(), now=lambda: NOW)
    seed.invoice_the_demo(road)
    assert Order.objects.count() == 0, "nothing is on sale yet"
    demo_on_sale(NOW, seller_address=ADDRESS)
    for _ in range(2):
        seed.invoice_the_demo(road)
    assert Counter(Invoice.objects.values_list("status", flat=True)) == dict.fromkeys(Invoice.Status.values, 1)
    assert set(Invoice.objects.values_list("buyer__email", flat=True)) == {BUYER.email}
    assert IssuedInvoice.objects.count() == 2, "the one that stands, and the one that was taken back"
    assert Order.objects.count() == len(Invoice.Status)
    assert invoice_check.problems() == []
