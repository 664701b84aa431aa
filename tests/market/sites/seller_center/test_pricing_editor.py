"""The form of prices: what a document says stands in it, what is typed comes out as a document, and nothing else is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, USES, YEARLY, make_product, make_sku, make_spec
from tests.market.sites.seller_center.pricing_inputs import inputs
from tests.market.sites.seller_center.shops import Shop
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Band, Factor, Price, Pricing, Spec, UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.sites.seller_center import pricing_editor
from tradepost.market.sites.seller_center.pricing_acts import act
from tradepost.market.sites.seller_center.pricing_document import laid_out, read
from tradepost.market.sites.seller_center.pricing_editor import from_post
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

TRIAL = Price(charging_mode=ChargingMode.PERIOD, period_type="day", period_numbers=(14,), amount=Decimal(0), trial=True)
TIERED = replace(
    MONTHLY, model=PriceModel.TIER, amount=None, bands=(Band(upto=10, amount=Decimal(5)), Band(amount=Decimal("4.5")))
)
STEPPED = Price(
    charging_mode=ChargingMode.ON_DEMAND,
    factors=(
        Factor(
            code="gb", unit=Text(zh="GB", en="GB"), cycle="day", accumulation="month", model=PriceModel.STEP,
            bands=(UsageBand(upto=Decimal("0.5"), amount=Decimal(0)), UsageBand(amount=Decimal("0.0025"))),
        ),
        Factor(code="calls", unit=Text(zh="次", en="calls"), amount=Decimal("0.01")),
    ),
)  # fmt: skip
EDITION = {
    "code": "edition", "name": "版本", "name_en": "Edition",
    "values": [{"code": "s", "name": "小", "name_en": "Small"}, {"code": "l", "name": "大", "name_en": "Large"}],
}  # fmt: skip
REGION = {
    "code": "region", "name": "地域", "name_en": "Region",
    "values": [{"code": "n", "name": "北", "name_en": "North"}, {"code": "e", "name": "东", "name_en": "East"}],
}  # fmt: skip
SEATS = make_sku(MONTHLY, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
SHAPES = {
    "a quantity of disk": make_spec(replace(SEATS, quantity=replace(SEATS.quantity, parameter="diskSize"))),
    "one fixed price": make_spec(make_sku(MONTHLY)),
    "all ways": make_spec(make_sku(MONTHLY, YEARLY, ONCE, ON_DEMAND, PACKAGE, TRIAL)),
    "packages of uses": make_spec(make_sku(ONCE, USES, replace(USES, quota=Decimal(500)))),
    "a package that says no uses yet": make_spec(make_sku(replace(USES, quota=Decimal(0)))),
    "bands by quantity": make_spec(make_sku(TIERED, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)),
    "counted by two": make_spec(make_sku(STEPPED)),
    "some combinations, some ways": make_spec(
        make_sku(MONTHLY, values={"edition": "s", "region": "n"}),
        make_sku(MONTHLY, YEARLY, TRIAL, values={"edition": "l", "region": "e"}),
        make_sku(ONCE, values={"edition": "l", "region": "n"}),
        attributes=[EDITION, REGION],
    ),
    "laid out": Spec(name=Text(zh="一", en="One"), plans=(replace(YEARLY, amount=None),), skus=(make_sku(MONTHLY),)),
}


def minted(*specs: Spec) -> Pricing:
    return drafts.minted(Pricing(specs=specs), Pricing())


@pytest.mark.parametrize("name", SHAPES)
def test_a_document_that_goes_through_the_form_is_the_same(name: str) -> None:
    pricing = minted(SHAPES[name])
    state, places = laid_out(pricing)
    again, errors = read(from_post(inputs(state)))
    assert errors == {}
    after = drafts.minted(again, pricing)
    assert _sorted(after) == _sorted(pricing)
    for j, sku in enumerate(pricing.specs[0].skus):
        for k, _price in enumerate(sku.prices):
            assert places.find(f"specs.0.skus.{j}.prices.{k}.amount").startswith("specs.0.rows.")
            assert places.find(f"specs.0.skus.{j}.prices.{k}.period_numbers").startswith("specs.0.plans.")


def _sorted(pricing: Pricing) -> object:
    """SKUs and prices in an order that says nothing."""
    return [
        (
            spec.name, spec.attributes, spec.plans,
            {sku.code: (sku.quantity, {price.product_id: price for price in sku.prices}) for sku in spec.skus},
        )
        for spec in pricing.specs
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("specs.0.rows.0.cells.0.0", "12,5x", "Enter an amount"),
        ("specs.0.rows.0.cells.0.0", "1e9", "Enter an amount"),
        ("specs.0.rows.0.cells.0.0", "-5", "Enter an amount"),
        ("specs.0.rows.0.cells.0.0", "9" * 5000, "Enter an amount"),
        ("specs.0.rows.0.cells.0.0", "NaN", "Enter an amount"),
        ("specs.0.plans.0.durations", "1, soon", "Enter whole numbers"),
    ],
)
def test_what_is_no_number_is_said_beside_its_input_and_stays(name: str, typed: str, says: str) -> None:
    """Issue 9: bad input is refused beside the field, nothing half-saved."""
    state, _places = laid_out(minted(SHAPES["one fixed price"]))
    with translation.override("en"):
        _pricing, errors = read(from_post(inputs(state) | {name: typed}))
    assert list(errors) == [name]
    assert errors[name].startswith(says)


def test_combinations_follow_the_attributes_and_keep_what_was_typed() -> None:
    """business-rules §3.4: SKUs are the product of the values; only what is ticked and priced is sold."""
    state, _places = laid_out(minted(SHAPES["one fixed price"]))
    act(state, "add-attribute:0")
    spec = state.specs[0]
    assert [row.ticked for row in spec.rows] == [True, True]
    assert [row.cells for row in spec.rows] == [[["100"]], [["100"]]]
    act(state, "add-value:0.0")
    assert [row.ticked for row in spec.rows] == [True, True, False]
    codes = [value.code for value in spec.attributes[0].values]
    spec.rows[1].cells[0][0] = "200"
    act(state, "fill:0.0")
    assert [row.cells[0][0] for row in spec.rows] == ["100", "100", ""]
    act(state, "remove-value:0.0.0")
    assert [list(row.values.values()) for row in spec.rows] == [[codes[1]], [codes[2]]]
    pricing, errors = read(state)
    assert errors == {}
    assert len(pricing.specs[0].skus) == 1


def test_ten_values_of_an_attribute_and_a_hundred_combinations_are_the_most() -> None:
    """business-rules §3.4: ≤ 10 values per attribute, ≤ 100 SKUs."""
    state, _places = laid_out(minted(SHAPES["one fixed price"]))
    for attribute in range(3):
        act(state, "add-attribute:0")
        for _ in range(20):
            act(state, f"add-value:0.{attribute}")
    assert [len(attribute.values) for attribute in state.specs[0].attributes] == [10, 10, 10]
    assert len(state.specs[0].rows) == pricing_editor.MOST_ROWS
    _pricing, errors = read(state)
    assert list(errors) == ["specs.0.attributes"]


@pytest.mark.parametrize(
    "wanted", ["", "fill:9.9", "remove-spec:-1", "remove-value:0", "add-plan=gift:0", "x" * 9999, "fill:0.٣"]
)
def test_a_button_of_another_page_changes_nothing(wanted: str) -> None:
    state, _places = laid_out(minted(SHAPES["all ways"]))
    before = inputs(state)
    act(state, wanted)
    assert inputs(state) == before


def test_the_largest_matrix_goes_through_one_form(page: Client, shop: Shop) -> None:
    """business-rules §3.4: a hundred SKUs, each with six ways to pay, by quantity."""
    sizes = [
        EDITION | {"values": [{"code": f"e{n}", "name": f"大{n}", "name_en": f"E{n}"} for n in range(10)]},
        REGION | {"values": [{"code": f"r{n}", "name": f"北{n}", "name_en": f"R{n}"} for n in range(10)]},
    ]
    spec = make_spec(
        *(
            make_sku(
                MONTHLY, YEARLY, ONCE, STEPPED, PACKAGE, TRIAL, values={"edition": f"e{e}", "region": f"r{r}"},
                quantity_name="席位", quantity_name_en="Seats", quantity_max=50,
            )
            for e in range(10)
            for r in range(10)
        ),
        attributes=sizes,
    )  # fmt: skip
    product = make_product(shop.seller, specs=(spec,), on_sale=False)
    version = newest_version(product)
    assert version is not None
    state, _places = laid_out(documents.load(version.document).pricing)
    post = inputs(state) | {"specs.0.rows.99.cells.0.0": "123", "seen": "1"}
    assert len(post) > 1000
    answer = page.post(f"/seller/products/{product.pk}/draft/pricing/", post, headers={"X-Autosave": "1"})
    assert answer.json()["saved"], answer.content
    again = newest_version(product)
    assert again is not None
    assert documents.load(again.document).pricing.specs[0].skus[99].prices[0].amount == 123
