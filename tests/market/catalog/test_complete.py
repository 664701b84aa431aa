"""Valid products of every shape are accepted; errors are shown beside their fields, with their rules."""

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
from tradepost.market.catalog.complete import Market, find_missing
from tradepost.market.catalog.document import Document, Sku, Spec
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Domain, Seller
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
MARKET = Market(currency="CNY", host="market.cn")


@pytest.fixture
def seller() -> Seller:
    return make_seller(member=make_buyer(balance="0"))


def draft_of(seller: Seller, document: Document) -> tuple[Product, Document]:
    product = drafts.begin_complete(seller, document, by=owner_of(seller), now=NOW)
    version = Version.objects.get(product=product)
    return product, sold.load(version.document)


@pytest.mark.slow
def test_valid_products_of_different_shapes_are_accepted(seller: Seller) -> None:
    """Issue 9, must show 7: no false rejection."""
    random = Random(20261126)
    for number in range(100):
        document = right_document(seller, *shapes(random))
        product, draft = draft_of(seller, document)
        assert find_missing(product, draft, market=MARKET) == [], f"product {number}"


STANDARD_SPEC = Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(period(),)),))
INVALID: dict[str, tuple[str, dict[str, Any], str]] = {
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
    "a spec without a SKU": ("pricing", {"specs": (replace(STANDARD_SPEC, skus=()), replace(STANDARD_SPEC, name=Text(zh="专业版", en="Pro")))}, "specs.0"),
    "two specs of one name": ("pricing", {"specs": (STANDARD_SPEC, STANDARD_SPEC)}, "specs.0.name.zh"),
    "a spec called by a number": ("pricing", {"specs": (replace(STANDARD_SPEC, name=Text(zh="规格1", en="Spec 1")),)}, "specs.0.name.zh"),
    "no price yet": ("pricing", {"specs": (replace(STANDARD_SPEC, skus=(Sku(prices=(replace(ONCE, amount=None),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a price beyond the ledger": ("pricing", {"specs": (replace(STANDARD_SPEC, skus=(Sku(prices=(replace(ONCE, amount=Decimal(10) ** 9),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a price of zero without a limit": ("pricing", {"specs": (replace(STANDARD_SPEC, skus=(Sku(prices=(replace(ONCE, amount=Decimal(0)),)),)),)}, "specs.0.skus.0.prices.0.amount"),
    "a trial of two days": ("pricing", {"specs": (replace(STANDARD_SPEC, skus=(Sku(prices=(period(), replace(TRIAL, period_numbers=(2,)))),)),)}, "specs.0.skus.0.prices.1.period_numbers"),
    "a way to pay without a price": ("pricing", {"specs": (replace(STANDARD_SPEC, plans=(ONCE,)),)}, "specs.0.plans"),
    "no proof": ("details", {"proofs": {}}, "proofs.software_copyright"),
}  # fmt: skip


@pytest.mark.parametrize("what", INVALID)
def test_invalid_product_is_refused_beside_its_field_with_its_rule(seller: Seller, what: str) -> None:
    """Issue 9, must show 6: each refusal cites its rule."""
    section, changes, field = INVALID[what]
    valid_document = right_document(seller)
    product, _saved = draft_of(seller, valid_document)
    invalid_document = replace(valid_document, **{section: replace(getattr(valid_document, section), **changes)})
    findings = find_missing(product, invalid_document, market=MARKET)
    assert (section, field) in {(finding.section, finding.field) for finding in findings}
    assert all(finding.rule.startswith(("business-rules §", "saas-v2 §")) for finding in findings)
    assert {finding.section for finding in findings} == {section}


def test_draft_of_an_undeliverable_type_is_refused_with_its_reason(seller: Seller, settings: Any) -> None:
    """Issue 9: an image needs a cloud. The draft may be older than the removal of the cloud."""
    settings.CLOUD = ""
    document = right_document(
        seller, Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(ONCE,)),)), product_type="IMAGE",
    )  # fmt: skip
    product, draft = draft_of(seller, document)
    codes = {finding.code: (finding.section, finding.rule) for finding in find_missing(product, draft, market=MARKET)}
    assert codes["kind.undeliverable"] == ("details", "business-rules §2.1")


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
def test_links_of_a_guide_lead_to_this_market_or_a_proved_domain(seller: Seller, where: str) -> None:
    """§2.3: "no links to addresses outside"; only domains with a valid proof belong to the seller."""
    for host, status in (("app", "verified"), ("pending", "pending"), ("lapsed", "lapsed")):
        Domain.objects.create(seller=seller, host=f"{host}.seller.cn", token=host, status=status, created_at=NOW)
    Domain.objects.create(seller=make_seller(), host="other.cn", token="t", status="verified", created_at=NOW)
    link, is_valid = LINKS[where]
    guide = sold.Guide(body=Text(zh=f"请打开 {link} 登录。", en=f'<p>Open <a href="{link}">this page</a>.</p>'))
    document = replace(right_document(seller), guide=guide)
    product, draft = draft_of(seller, document)
    findings = find_missing(product, draft, market=MARKET)
    expected_findings = [("guide", "body.zh", "text.link"), ("guide", "body.en", "text.link")]
    assert [(finding.section, finding.field, finding.code) for finding in findings] == (
        [] if is_valid else expected_findings
    )
    assert all(finding.rule == "business-rules §2.3" for finding in findings)
