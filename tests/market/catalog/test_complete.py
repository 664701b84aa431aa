"""What is right is accepted, in every shape; what is wrong is said beside its input, with its rule."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.factories import make_seller
from tests.factories.companies import owner_of
from tests.factories.people import NOW, make_buyer
from tests.factories.publishable import ONCE, TRIAL, period, right_document, shapes
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import drafts
from tradepost.market.catalog.complete import Market, complete
from tradepost.market.catalog.document import Document, Sku, Spec
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Domain, Seller
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
MARKET = Market(currency="CNY", host="market.cn")


@pytest.fixture
def seller() -> Seller:
    return make_seller(member=make_buyer(balance="0"))


def drafted(seller: Seller, document: Document) -> tuple[Product, Document]:
    product = drafts.begin_whole(seller, document, by=owner_of(seller), now=NOW)
    version = Version.objects.get(product=product)
    return product, sold.load(version.document)


@pytest.mark.slow
def test_a_hundred_right_products_of_different_shapes_are_all_accepted(seller: Seller) -> None:
    """Issue 9, must show 7: no false rejection."""
    random = Random(20261126)
    for number in range(100):
        document = right_document(seller, *shapes(random))
        product, saved = drafted(seller, document)
        assert complete(product, saved, market=MARKET) == [], f"product {number}"


ONE = Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(period(),)),))
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no name": ("base", {"name": Text(zh="", en="Ledger")}, "name.zh"),
    "no category": ("base", {"category": "nowhere"}, "category"),
    "contact data in the name": ("base", {"name": Text(zh="云账 400-800-1234", en="Ledger")}, "name.zh"),
    "a superlative, in Chinese": ("base", {"summary": Text(zh="全国第一的财务软件。", en="Ledger")}, "summary.zh"),
    "a superlative, in English": ("base", {"summary": Text(zh="财务软件。", en="The best accounting software in the world.")}, "summary.en"),
    "half a highlight": ("base", {"highlights": (Text(zh="多账套", en=""),)}, "highlights.0.en"),
    "no logo": ("media", {"logo": ""}, "logo"),
    "no picture": ("media", {"pictures": ()}, "pictures.0"),
    "somebody else's picture": ("media", {"pictures": ("0" * 64,)}, "pictures.0"),
    "a script in the description": ("description", {"body": Text(zh="<script>alert(1)</script>" + "好" * 400, en="")}, "body.zh"),
    "a short description": ("description", {"body": Text(zh="好用。", en="")}, "body.zh"),
    "no guide": ("guide", {"body": Text(zh="", en="")}, "body.zh"),
    "no hotline": ("support", {"phone": ""}, "phone"),
    "no e-mail": ("support", {"email": "help at qingxie"}, "email"),
    "a parameter that is no name": ("purchase", {"extend_params": (sold.ExtendParam(name="a b", label=Text.same("x")),)}, "extend_params.0.name"),
    "a parameter twice": ("purchase", {"extend_params": (sold.ExtendParam(name="a", label=Text.same("x")),) * 2}, "extend_params.0.name"),
    "nothing sold": ("pricing", {"specs": ()}, "specs"),
    "a spec without a SKU": ("pricing", {"specs": (replace(ONE, skus=()), replace(ONE, name=Text(zh="专业版", en="Pro")))}, "specs.0"),
    "two specs of one name": ("pricing", {"specs": (ONE, ONE)}, "specs.0.name.zh"),
    "a spec called by a number": ("pricing", {"specs": (replace(ONE, name=Text(zh="规格1", en="Spec 1")),)}, "specs.0.name.zh"),
    "no price yet": ("pricing", {"specs": (replace(ONE, skus=(Sku(prices=(replace(ONCE, amount=None),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a price beyond the ledger": ("pricing", {"specs": (replace(ONE, skus=(Sku(prices=(replace(ONCE, amount=Decimal(10) ** 9),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a price of zero without a limit": ("pricing", {"specs": (replace(ONE, skus=(Sku(prices=(replace(ONCE, amount=Decimal(0)),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a trial of two days": ("pricing", {"specs": (replace(ONE, skus=(Sku(prices=(period(), replace(TRIAL, period_numbers=(2,)))),)),)}, "specs.0.skus.0.prices.1.period_numbers"),
    "a way to pay without a price": ("pricing", {"specs": (replace(ONE, plans=(ONCE,)),)}, "specs.0.plans"),
    "no proof": ("details", {"proofs": {}}, "proofs.software_copyright"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_beside_its_input_with_its_rule(seller: Seller, what: str) -> None:
    """Issue 9, must show 6: each refusal cites its rule."""
    section, changes, field = WRONG[what]
    right = right_document(seller)
    product, _saved = drafted(seller, right)
    wrong = replace(right, **{section: replace(getattr(right, section), **changes)})
    found = complete(product, wrong, market=MARKET)
    assert (section, field) in {(each.section, each.field) for each in found}
    assert all(each.rule.startswith(("business-rules §", "saas-v2 §")) for each in found)
    assert {each.section for each in found} == {section}


def test_a_draft_of_a_kind_that_cannot_be_delivered_is_refused_with_its_reason(seller: Seller, settings: Any) -> None:
    """Issue 9: an image needs a cloud. Its draft may be older than the end of the connection."""
    settings.CLOUD = ""
    document = right_document(
        seller, Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(ONCE,)),)), product_type="IMAGE",
    )  # fmt: skip
    product, saved = drafted(seller, document)
    found = {finding.code: (finding.section, finding.rule) for finding in complete(product, saved, market=MARKET)}
    assert found["kind.undeliverable"] == ("details", "business-rules §2.1")


LINKS = {
    "this market": ("https://market.cn/services/", True),
    "a page of this market": ("http://www.market.cn/help", True),
    "the seller's own": ("https://app.seller.cn/login", True),
    "below it": ("https://docs.app.seller.cn/start", True),
    "above it": ("https://seller.cn/", False),
    "a name that only begins alike": ("https://app.seller.cn.elsewhere.cn/", False),
    "somebody else's": ("https://other.cn/", False),
    "not proven yet": ("https://pending.seller.cn/", False),
    "proven once": ("https://lapsed.seller.cn/", False),
    "one's own machine": ("http://127.0.0.1:8080/", True),
}


@pytest.mark.parametrize("where", LINKS)
def test_links_of_a_guide_lead_to_this_market_or_to_what_its_seller_proved(seller: Seller, where: str) -> None:
    """§2.3: "no links to addresses outside"; only domains whose proof stands are the seller's own."""
    for host, status in (("app", "verified"), ("pending", "pending"), ("lapsed", "lapsed")):
        Domain.objects.create(seller=seller, host=f"{host}.seller.cn", token=host, status=status, created_at=NOW)
    Domain.objects.create(seller=make_seller(), host="other.cn", token="t", status="verified", created_at=NOW)
    link, right = LINKS[where]
    guide = sold.Guide(body=Text(zh=f"请打开 {link} 登录。", en=f'<p>Open <a href="{link}">this page</a>.</p>'))
    document = replace(right_document(seller), guide=guide)
    product, saved = drafted(seller, document)
    found = complete(product, saved, market=MARKET)
    wrong = [("guide", "body.zh", "text.link"), ("guide", "body.en", "text.link")]
    assert [(each.section, each.field, each.code) for each in found] == ([] if right else wrong)
    assert all(each.rule == "business-rules §2.3" for each in found)
