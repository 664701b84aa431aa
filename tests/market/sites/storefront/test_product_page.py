"""A product's page: texts for every state and limit, the choice with its price, and the preview, which is the same
part."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories import NOW
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, YEARLY, make_document, make_sku, make_spec
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Details, Document
from tradepost.market.catalog.lifecycle import PRODUCT, ProductEvent
from tradepost.market.catalog.models import Product, PurchaseLimit, SalesTarget, Spec
from tradepost.market.catalog.view import view_of
from tradepost.market.identity.models import Seller
from tradepost.market.web.seller_contact import contact_of

pytestmark = pytest.mark.django_db
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-Hans"}


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\xa0", " ")))


def page(client: Client, product: Product, query: str = "", headers: dict[str, str] = EN) -> str:
    answer = client.get(f"/products/{product.slug}/{query}", headers=headers)
    assert answer.status_code == 200
    return words(answer.content.decode())


def test_missing_modes_are_named_with_who_decides(client: Client) -> None:
    """business-rules §3.1: the seller decides; no on-demand, monthly or yearly mode is normal."""
    product = factories.make_product(prices=(MONTHLY, ONCE))
    english = page(client, product)
    assert "Yearly not offered" in english
    assert "On demand not offered" in english
    assert "The seller decides how a product is sold and what it costs." in english
    assert "按年 不提供" in page(client, product, headers=ZH)
    assert "not offered" not in page(client, factories.make_product(prices=(MONTHLY, YEARLY, ON_DEMAND)))


def test_choice_has_its_price_without_scripts(client: Client) -> None:
    product = factories.make_product(
        specs=(
            make_spec(
                make_sku(
                    MONTHLY,
                    YEARLY,
                    quantity_name="席位",
                    quantity_name_en="Seats",
                    quantity_min=5,
                    quantity_max=50,
                    quantity_step=5,
                )
            ),
        )
    )
    assert "from ¥ 500.00 Seats: 5 · 1 month" in page(client, product)
    chosen = page(client, product, "?plan=PERIOD-year&periods=2&quantity=10")
    assert "¥ 20,000.00 Seats: 10 · 2 years" in chosen
    assert "Choose a quantity from 5 to 50 in steps of 5." in page(client, product, "?quantity=7")
    assert "¥ 500.00" in page(client, product, "?plan=nonsense&quantity=")


def test_trial_has_its_own_button(client: Client) -> None:
    """business-rules §3.5."""
    trial = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(14,), trial=True)
    product = factories.make_product(prices=(trial, MONTHLY))
    html = client.get(f"/products/{product.slug}/", headers=EN).content.decode()
    assert "Try it for 14 days, free of charge" in html
    assert "plan=PERIOD-day-trial" in html
    assert "from ¥ 100.00" in words(html)
    assert "Free trial for 14 days, available once." in words(html)


def test_hidden_product_is_sold_by_its_link_and_not_listed(client: Client) -> None:
    """business-rules §2.8: store and search hide it, the URL still sells."""
    product = factories.make_product(name_en="Hidden gem")
    Product.objects.filter(pk=product.pk).update(hidden=True)
    html = client.get(f"/products/{product.slug}/", headers=EN).content.decode()
    assert 'id="buy"' in html
    assert '<meta name="robots" content="noindex" />' in html
    assert "noindex" not in client.get(f"/products/{factories.make_product().slug}/").content.decode()


def test_hidden_spec_is_shown_by_its_own_link(client: Client) -> None:
    specs = (make_spec(make_sku(MONTHLY)), make_spec(make_sku(YEARLY), name="内测版", name_en="Preview edition"))
    product = factories.make_product(specs=specs)
    secret = Spec.objects.get(name_en="Preview edition")
    Spec.objects.filter(pk=secret.pk).update(hidden=True)
    assert "Preview edition" not in page(client, product)
    assert "Preview edition" not in page(client, product, f"?spec={secret.pk}")
    assert "Preview edition" in page(client, product, f"?spec={secret.key}")


@pytest.mark.parametrize(
    ("event", "says"), [(ProductEvent.FREEZE, "Sales suspended"), (ProductEvent.STOP, "No longer sold")]
)
def test_frozen_or_stopped_product_says_so_and_is_not_sold(client: Client, event: ProductEvent, says: str) -> None:
    product = factories.make_product()
    PRODUCT.move(product, event, now=NOW, actor="operator")
    html = client.get(f"/products/{product.slug}/", headers=EN).content.decode()
    assert says in html
    assert 'id="buy"' not in html
    assert "noindex" in html


def test_products_of_a_suspended_seller_are_not_sold_and_not_linked(client: Client) -> None:
    seller = factories.make_seller()
    product = factories.make_product(seller)
    Seller.objects.filter(pk=seller.pk).update(status=Seller.Status.SUSPENDED)
    html = client.get(f"/products/{product.slug}/", headers=EN).content.decode()
    assert "Sales suspended" in html
    assert 'id="buy"' not in html
    assert f"/sellers/{seller.slug}/" not in html
    assert client.get(f"/sellers/{seller.slug}/").status_code == 404
    client.force_login(factories.make_buyer())
    assert client.get(f"/checkout/{product.pk}/").status_code == 404


def test_limits_and_allowed_buyers_are_explained(client: Client) -> None:
    """business-rules §3.7."""
    product, other = factories.make_product(), factories.make_product(name_en="Basis")
    PurchaseLimit.objects.create(product=product, maximum=3, until_expiry=True)
    SalesTarget.objects.create(product=product, audience="holders", holders_of=other)
    english = page(client, product)
    assert "at most 3 at a time for each buyer, not counting ended ones" in english
    assert "sold to buyers of “Basis” only" in english


def test_support_and_agreement_are_named(client: Client) -> None:
    product = factories.make_product(contact_email="desk@qingxie.example", contact_phone="400-1")
    html = client.get(f"/products/{product.slug}/", headers=EN).content.decode()
    assert 'href="mailto:desk@qingxie.example"' in html
    assert 'href="tel:4001"' in html
    assert f'href="/products/{product.slug}/agreement/"' in html


def preview_of(document: Document, seller: Seller) -> dict[str, object]:
    contact = contact_of(seller, support=document.support)
    return {"view": view_of(document, currency="CNY"), "seller": seller, "contact": contact}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_preview_of_a_draft_is_the_same_part_without_a_choice(language: str) -> None:
    seller = factories.make_seller()
    document = make_document(name_en="<b>Draft</b>", description_en="<p>ok<script>x()</script></p>")
    with translation.override(language):
        shown = [
            render_to_string("web/parts/product/view.html", preview_of(draft, seller))
            for draft in (document, Document(product_type="SAAS"))
        ]
    assert not any("<script" in html or "<b>Draft" in html or 'id="buy"' in html for html in shown)
    assert {"en": "Untitled product", "zh-hans": "未命名的商品"}[language] in shown[1]


def test_answers_of_a_kind_are_shown_as_typed() -> None:
    answers = {"acceptance": "上线\n<script>x()</script>", "acceptance_en": "It runs."}
    document = Document(product_type="MANUAL_SERVICE", details=Details(fields=answers))
    with translation.override("zh-hans"):
        html = render_to_string("web/parts/product/view.html", preview_of(document, factories.make_seller()))
    assert "验收标准" in html
    assert "上线<br>&lt;script&gt;" in html
