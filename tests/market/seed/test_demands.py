"""The demo's demands are created once, by the verbs of the pages: one waits, one is answered, one is passed to a
seller.
"""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tests.factories.demo import demo_on_sale
from tests.market.service_desk.asking import RULES
from tradepost.market import seed
from tradepost.market.service_desk.demands import find_by_link, token_of
from tradepost.market.service_desk.models import CustomerDemand, Demand

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_each_state_exists_once() -> None:
    demo_on_sale(NOW, seller_address="http://127.0.0.1:9/produce")
    for _ in range(2):
        seed.create_demands(rules=RULES, now=NOW)
    by_status = {demand.status: demand for demand in Demand.objects.select_related("product", "buyer")}
    assert (Demand.objects.count(), set(by_status)) == (3, {"open", "answered", "with_seller"})
    answered = by_status["answered"]
    assert (answered.product and answered.product.slug, bool(answered.buyer)) == ("yunjian-docs", True)
    assert CustomerDemand.objects.get().seller.slug == "qingxie"
    assert find_by_link(token_of(by_status["open"])) == by_status["open"]
    assert by_status["open"].buyer is None
