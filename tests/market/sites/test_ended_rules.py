"""Seller and operator see which upgrade rule a price change ends, before it is submitted and approved (saas-v2 §8.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import NOW, make_operator
from tests.factories.companies import owner_of
from tests.factories.products import make_spec
from tests.market.catalog.editions import EDITIONS, monthly, sku
from tests.market.catalog.price_drafts import drafted
from tests.market.debugging.answering import answer, tried
from tests.market.review.publishing import listed, pending
from tests.market.sites.seller_center.shops import enter
from tradepost.market.catalog import upgrade_rules
from tradepost.market.catalog.models import Product, UpgradeRule
from tradepost.market.catalog.models import Sku as SkuRow
from tradepost.market.debugging.required import Purpose
from tradepost.market.review.product_versions import stock_of

pytestmark = pytest.mark.django_db
DEARER = "160"


def product_with_new_price(price: str) -> Product:
    """A listed product with a rule from 150 to 180, and a draft with this price of the source."""
    product = listed(make_spec(sku("a", monthly("150")), sku("b", monthly("180")), attributes=EDITIONS))
    first, second = SkuRow.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True)
    upgrade_rules.add_rule(product, first, second, now=NOW)
    document = drafted(product, sku("a", monthly(price)), sku("b", monthly("180")))
    stock = stock_of(product, document, purpose=Purpose.MODIFY)
    for lack in stock.lacks if stock else ():
        answer(tried(product.binding.address, lack.activity, lack.variant), now=NOW)
    return product


@pytest.mark.parametrize(("price", "ends"), [("190", True), (DEARER, False)])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_rule_and_both_prices_are_named(price: str, ends: bool, language: str) -> None:
    product = product_with_new_price(price)
    seller, operator = enter(owner_of(product.seller)), enter(make_operator())
    own = f"/seller/products/{product.pk}"

    def look(client: Client, page: str) -> None:
        text = client.get(page, headers={"Accept-Language": language}).text
        assert ('id="ended-rules"' in text) is ends, page
        for words in ("a → b", f"{Decimal(price):.2f}", "180.00") if ends else ():
            assert words in text, page

    look(seller, f"{own}/draft/pricing/")
    look(seller, f"{own}/submit/")
    sent = pending(product)
    look(seller, f"{own}/submit/")
    look(operator, f"/console/reviews/{sent.pk}/")
    assert UpgradeRule.objects.get().lapsed_at is None
