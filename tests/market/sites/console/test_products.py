"""Products in the console: found, suspended with a reason, resumed, ended."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_operator, make_product
from tests.factories.products import MONTHLY, ON_DEMAND, YEARLY, make_sku, make_spec
from tradepost.market.base.models import Event
from tradepost.market.catalog.models import Offer, Product, Sku, Spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def url_of(name: str, *args: int) -> str:
    return reverse(f"console:{name}", args=args)


def test_products_are_found_by_name_state_kind_seller_and_product_id(console: Client) -> None:
    docs, other = (
        make_product(name="云文档", name_en="Cloud Docs"),
        make_product(name="客服", name_en="Desk", on_sale=False),
    )
    offer = Offer.objects.get(sku__spec__product=docs)
    for query, expected in (
        ("", {docs, other}), ("q=文档", {docs}), ("q=desk", {other}), ("status=draft", {other}), ("kind=SAAS", {docs, other}),
        ("kind=HARDWARE", set()), (f"seller={docs.seller_id}", {docs}), (f"q={offer.product_id}", {docs}), ("seller=x", set()),
    ):  # fmt: skip
        answer = console.get(f"{url_of('products')}?{query}")
        assert set(answer.context["page"].rows) == expected, query


def test_details_show_versions_prices_and_history_of_every_kind(console: Client) -> None:
    product = make_product(prices=(MONTHLY, YEARLY, ON_DEMAND))
    shown = console.get(url_of("product", product.pk)).content.decode()
    assert "Version 1" in shown
    assert all(offer.product_id in shown for offer in Offer.objects.all())
    draft = make_product(on_sale=False)
    assert "Never listed" in console.get(url_of("product", draft.pk)).content.decode()
    assert console.get(url_of("product", 10**9)).status_code == 404


def test_sales_are_suspended_with_a_reason_and_resumed(console: Client) -> None:
    product = make_product()
    answer = console.post(url_of("product_freeze", product.pk), {"reason": "  "})
    assert answer.status_code == 422
    assert Product.objects.get().status == "on_sale"
    console.post(url_of("product_freeze", product.pk), {"reason": "interface does not answer"})
    assert Product.objects.get().status == "frozen"
    assert "interface does not answer" in console.get(url_of("product", product.pk)).content.decode()
    console.post(url_of("product_unfreeze", product.pk))
    assert Product.objects.get().status == "on_sale"
    assert set(Event.objects.filter(name__startswith="product_").values_list("name", flat=True)) == {
        "product_frozen", "product_unfrozen",
    }  # fmt: skip


def test_sales_of_a_spec_and_of_the_product_are_ended_permanently(console: Client) -> None:
    product = make_product(
        specs=(make_spec(make_sku(MONTHLY)), make_spec(make_sku(YEARLY), name="企业版", name_en="Business"))
    )
    foreign = make_product()
    spec, sku = Spec.objects.get(product=product, position=0), Sku.objects.get(spec__product=foreign)
    assert (
        console.post(url_of("product_stop", product.pk), {"reason": "x", "what": f"sku:{sku.code}"}).status_code == 422
    )
    console.post(url_of("product_stop", product.pk), {"reason": "replaced", "what": f"spec:{spec.key}"})
    assert list(Offer.objects.filter(sku__spec__product=product, on_sale=True)) == [
        Offer.objects.get(period_type="year")
    ]
    console.post(url_of("product_stop", product.pk), {"reason": "end of life", "what": "product"})
    assert Product.objects.get(pk=product.pk).status == "stopped"
    assert console.get(url_of("product", product.pk)).status_code == 200
