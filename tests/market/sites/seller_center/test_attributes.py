"""Attribute management in a browser (business-rules §3.4), and attributes in the prices of a product."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from tests.factories import make_attribute, make_number, make_product
from tests.factories.products import MONTHLY
from tests.market.sites.seller_center.pricing_inputs import inputs
from tests.market.sites.seller_center.shops import Shop
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.attribute_templates import read_template
from tradepost.market.catalog.models import AttributeTemplate, Product
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.sites.seller_center import pricing_editor
from tradepost.market.sites.seller_center.pricing_acts import run_act
from tradepost.market.sites.seller_center.pricing_document import form_of_document

CHOICE = {
    "code": "edition", "name.zh": "版本", "name.en": "Edition", "values.0.zh": "标准", "values.0.en": "Standard",
    "values.1.zh": "", "values.1.en": "", "values.2.zh": "专业", "values.2.en": "Professional", "act": "save",
}  # fmt: skip


def spec_of(product: Product) -> documents.Spec:
    version = newest_version(product)
    assert version is not None
    return documents.load(version.document).pricing.specs[0]


def test_attribute_is_created_changed_and_deleted(page: Client, shop: Shop) -> None:
    more = page.post("/seller/attributes/new/enum/", CHOICE | {"act": "add-value"})
    assert more.status_code == 200
    assert 'name="values.3.zh"' in more.content.decode()
    assert not AttributeTemplate.objects.exists()
    page.post("/seller/attributes/new/enum/", CHOICE)
    template = AttributeTemplate.objects.get(seller=shop.seller)
    assert [value["en"] for value in template.values] == ["Standard", "Professional"]
    assert "Professional" in page.get("/seller/attributes/").content.decode()
    changed = CHOICE | {"values.0.en": "Basic", "code": "somethingElse"}
    page.post(f"/seller/attributes/{template.pk}/", changed)
    template.refresh_from_db()
    assert (template.code, template.values[0]["en"]) == ("edition", "Basic")
    page.post(f"/seller/attributes/{template.pk}/delete/")
    assert not AttributeTemplate.objects.exists()


def test_error_is_shown_beside_its_input(page: Client) -> None:
    """An empty line shifts nothing: errors of the third line are shown beside the third line."""
    answer = page.post("/seller/attributes/new/enum/", CHOICE | {"values.2.en": ""})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter a name in both languages." in shown.split('id="f-values.2.en-error"')[1].split("</div>")[0]
    number = {"code": "users", "name.zh": "用户数", "name.en": "Users", "least": "1e3", "most": "9" * 5000, "step": "5"}
    answer = page.post("/seller/attributes/new/number/", number)
    assert answer.status_code == 422
    assert answer.content.decode().count("Enter a whole number from 1 to 1,000,000.") == 2
    assert page.get("/seller/attributes/new/other/").status_code == 404
    assert not AttributeTemplate.objects.exists()


def test_step_of_a_number_cannot_be_changed_by_a_form(page: Client, shop: Shop) -> None:
    number = make_number(shop.seller)
    form = {"name.zh": "席位", "name.en": "Seats", "least": "1", "most": "100", "step": "1"}
    assert page.post(f"/seller/attributes/{number.pk}/", form).status_code == 302
    number.refresh_from_db()
    assert (number.name_en, number.least, number.step) == ("Seats", 1, 5)


def test_list_is_searched_and_shows_the_presets(page: Client, shop: Shop) -> None:
    make_attribute(shop.seller, code="platform", name="平台", name_en="Platform")
    make_number(shop.seller, code="users")

    def codes(**query: str) -> set[str]:
        return {row.item.attribute.code for row in page.get("/seller/attributes/", query).context["rows"]}

    assert {"platform", "users", "appName", "version", "os", "mode"} <= codes()
    assert "users" in codes(kind="number")
    assert "os" not in codes(kind="number")
    assert "No attributes found" in page.get("/seller/attributes/?q=zzz").content.decode()


def add_attribute(page: Client, product: Product, code: str) -> None:
    """Submit the form as a browser does, with the option chosen in the select."""
    version = newest_version(product)
    assert version is not None
    address = f"/seller/products/{product.pk}/draft/pricing/"
    state, _places = form_of_document(documents.load(version.document).pricing)
    post = inputs(state) | {"specs.0.insert": code, "act": "insert-attribute:0"}
    answer = page.post(address, post | {"seen": str(version.revisions.get("pricing", 0))})
    assert answer.status_code == 302, answer.content.decode()


def test_product_gets_a_copy_that_later_changes_do_not_affect(page: Client, shop: Shop) -> None:
    """§3.4: "deleting a used attribute does not affect listed products"."""
    product = make_product(shop.seller, on_sale=False, prices=(MONTHLY,))
    system, users = make_attribute(shop.seller, code="platform"), make_number(shop.seller, code="users")
    shown = page.get(f"/seller/products/{product.pk}/draft/pricing/").content.decode()
    assert '<option value="platform">' in shown
    assert '<option value="users">' in shown
    add_attribute(page, product, "platform")
    add_attribute(page, product, "users")
    before = spec_of(product)
    [attribute] = before.attributes
    assert [value.name.en for value in attribute.values] == ["Kylin", "UOS"]
    assert {sku.quantity for sku in before.skus} == {
        documents.Quantity(name=read_template(users).name, least=5, most=95, step=5)
    }
    assert {price.amount for sku in before.skus for price in sku.prices} == {Decimal(100)}
    shown = page.get(f"/seller/products/{product.pk}/draft/pricing/").content.decode()
    assert '<option value="users">' not in shown, "a spec has one number"
    page.post(f"/seller/attributes/{users.pk}/", {"name.zh": "人", "name.en": "People", "least": "1", "most": "2"})
    page.post(f"/seller/attributes/{system.pk}/delete/")
    assert spec_of(product) == before


def test_preset_comes_with_values_to_fill_in(page: Client, shop: Shop) -> None:
    product = make_product(shop.seller, on_sale=False)
    add_attribute(page, product, "os")
    [attribute] = spec_of(product).attributes
    assert (attribute.name.en, [value.name.en for value in attribute.values]) == ("Operating system", ["", ""])


def test_attribute_of_another_seller_cannot_be_used(page: Client, shop: Shop, other_shop: Shop) -> None:
    product = make_product(shop.seller, on_sale=False)
    make_attribute(other_shop.seller, code="theirs")
    before = spec_of(product)
    add_attribute(page, product, "theirs")
    assert spec_of(product) == before


def test_number_of_attributes_of_a_spec_is_limited(shop: Shop) -> None:
    """A number can be used once; a sixth choice is refused."""
    system, users = read_template(make_attribute(shop.seller)), read_template(make_number(shop.seller))
    by_code = {kept_attribute.code: kept_attribute for kept_attribute in (system, users)}
    state = pricing_editor.PricingState([pricing_editor.SpecState()])
    for _ in range(pricing_editor.MAX_ATTRIBUTES + 1):
        state.specs[0].insert = system.code
        run_act(state, "insert-attribute:0", by_code)
    assert len(state.specs[0].attributes) == pricing_editor.MAX_ATTRIBUTES
    state.specs[0].counted, state.specs[0].insert = True, users.code
    run_act(state, "insert-attribute:0", by_code)
    assert state.specs[0].quantity == pricing_editor.BilingualInput()
    run_act(state, "insert-attribute:7", by_code)
    assert len({attribute.code for attribute in state.specs[0].attributes}) == pricing_editor.MAX_ATTRIBUTES
