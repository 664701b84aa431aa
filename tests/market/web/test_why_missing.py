"""The product page gives the reason for a missing payment mode (business-rules §3.1 "A product may offer only some
modes because of its nature", §3.2, §3.5 "SaaS, month/year specs only")."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, YEARLY, make_document, make_sku, make_spec
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Document, Price
from tradepost.market.catalog.models import Offer
from tradepost.market.catalog.view import PREVIEW_CONTROLS, view_of
from tradepost.market.web.why_missing import sentences

TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(14,), trial=True)


def document(*prices: Price, kind: str = "SAAS") -> Document:
    """Each price with an id, as in a listed version."""
    named = tuple(replace(price, product_id=f"OFFI{n}") for n, price in enumerate(prices))
    return make_document(prices=named, product_type=kind)


ROWS = {
    "month and year only": (
        (MONTHLY, YEARLY), "SAAS",
        ["The seller sets prices and billing. This plan is sold monthly or yearly only, not on demand.", "The seller offers no trial."],
        ["价格和计费模式由商家决定：此规格仅按月或按年出售，不提供按需计费。", "商家未提供试用。"],
    ),
    "once only": (
        (ONCE,), "SAAS",
        ["The seller sets prices and billing. This plan is sold for a one-time payment only, not monthly, yearly or on demand.",
         "No trial: only monthly and yearly plans have one."],
        ["价格和计费模式由商家决定：此规格仅一次性买断出售，不提供按月、按年或按需计费。", "不提供试用：仅按月或按年出售的规格可试用。"],
    ),
    "a kind that is never charged by usage": (
        (MONTHLY, YEARLY), "MANUAL_SERVICE",
        ["No product of this kind (Manual service) is sold on demand.", "No trial: only SaaS products have one."],
        ["此类商品（人工服务）均不提供按需计费。", "不提供试用：仅 SaaS 商品可试用。"],
    ),
    "all that is looked for": ((MONTHLY, YEARLY, ON_DEMAND, TRIAL), "SAAS", [], []),
    "on demand only": (
        (ON_DEMAND,), "SAAS",
        ["The seller sets prices and billing. This plan is sold on demand only, not monthly or yearly.",
         "No trial: only monthly and yearly plans have one."],
        ["价格和计费模式由商家决定：此规格仅按需计费出售，不提供按月或按年。", "不提供试用：仅按月或按年出售的规格可试用。"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_missing_mode_has_its_reason(row: str) -> None:
    prices, kind, english, chinese = ROWS[row]
    view = view_of(document(*prices, kind=kind), currency="CNY")
    with translation.override("en"):
        assert sentences(view) == english
    with translation.override("zh-hans"):
        assert sentences(view) == chinese


def test_other_selections_and_hidden_or_ended_editions_show_their_price() -> None:
    """§2.8: a hidden edition, or one whose sale has ended, still shows its price."""
    skus = [
        replace(make_sku(replace(MONTHLY, product_id="m")), code="basic"),
        replace(make_sku(replace(YEARLY, product_id="y"), replace(ON_DEMAND, product_id="d")), code="large"),
    ]
    written = make_document(specs=(make_spec(*skus),))
    controls = replace(PREVIEW_CONTROLS, on_sale=frozenset({"m", "y"}))
    view = view_of(written, currency="CNY", controls=controls)
    with translation.override("en"):
        assert sentences(view, "basic") == [
            "Another option of this product is sold yearly.", "It is not sold on demand at the moment.",
            "The seller offers no trial.",
        ]  # fmt: skip
        assert sentences(view, "large")[0] == "Another option of this product is sold monthly."


@pytest.mark.django_db
def test_page_shows_the_reason_and_that_a_trial_was_used(client: Client) -> None:
    """§3.5: a trial is granted once; a buyer who has had it sees this, and no button."""
    product, buyer = factories.make_product(prices=(TRIAL, MONTHLY)), factories.make_buyer()
    path, english = f"/products/{product.slug}/", {"Accept-Language": "en"}
    before = client.get(path, headers=english).content.decode()
    assert "This plan is sold monthly only, not yearly or on demand." in before
    assert "Try it for 14 days" in before
    factories.make_order(buyer, offer=Offer.objects.get(sku__spec__product=product, trial=True), periods=14)
    client.force_login(buyer)
    after = client.get(path, headers=english).content.decode()
    assert "You have already used the trial. It is available only once." in after
    assert "Try it for 14 days" not in after
