"""The demo's demands are raised once, by the verbs of the pages: one waits, one is answered, a seller is asked for one."""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tests.factories.demo import demo_on_sale
from tests.market.service_desk.asking import RULES
from tradepost.market import seed
from tradepost.market.service_desk.demands import find_by_link, token_of
from tradepost.market.service_desk.models import CustomerDemand, Demand

pytestmark = pytest.mark.django_db


def test_each_state_is_there_and_asked_for_once() -> None:
    demo_on_sale(NOW, seller_address="http://127.0.0.1:9/produce")
    for _ in range(2):
        seed.ask(rules=RULES, now=NOW)
    found = {one.status: one for one in Demand.objects.select_related("product", "buyer")}
    assert (Demand.objects.count(), set(found)) == (3, {"open", "answered", "with_seller"})
    answered = found["answered"]
    assert (answered.product and answered.product.slug, bool(answered.buyer)) == ("yunjian-docs", True)
    assert CustomerDemand.objects.get().seller.slug == "qingxie"
    assert find_by_link(token_of(found["open"])) == found["open"]
    assert found["open"].buyer is None
