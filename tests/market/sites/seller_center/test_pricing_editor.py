"""The form of prices: it shows a document and returns a document, without anything else."""

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
from tradepost.market.sites.seller_center.pricing_acts import run_act
from tradepost.market.sites.seller_center.pricing_document import form_of_document, read
from tradepost.market.sites.seller_center.pricing_editor import read_form
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
    return drafts.with_product_ids(Pricing(specs=specs), Pricing())


@pytest.mark.parametrize("name", SHAPES)
def test_document_is_unchanged_by_the_form(name: str) -> None:
    pricing = minted(SHAPES[name])
    state, places = form_of_document(pricing)
    parsed, errors = read(read_form(inputs(state)))
    assert errors == {}
    after = drafts.with_product_ids(parsed, pricing)
    assert _sorted(after) == _sorted(pricing)
    for j, sku in enumerate(pricing.specs[0].skus):
        for k, _price in enumerate(sku.prices):
            assert places.find(f"specs.0.skus.{j}.prices.{k}.amount").startswith("specs.0.rows.")
            assert places.find(f"specs.0.skus.{j}.prices.{k}.period_numbers").startswith("specs.0.plans.")


def _sorted(pricing: Pricing) -> object:
    """SKUs and prices in an order without meaning."""
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
def test_invalid_number_is_explained_beside_its_input_and_kept(name: str, typed: str, says: str) -> None:
    """Issue 9: bad input is refused beside its field, and nothing is stored by halves."""
    state, _places = form_of_document(minted(SHAPES["one fixed price"]))
    with translation.override("en"):
        _pricing, errors = read(read_form(inputs(state) | {name: typed}))
    assert list(errors) == [name]
    assert errors[name].startswith(says)


def test_combinations_follow_the_attributes_and_keep_their_input() -> None:
    """business-rules §3.4: SKUs are the product of the values; only ticked and priced ones are sold."""
    state, _places = form_of_document(minted(SHAPES["one fixed price"]))
    run_act(state, "add-attribute:0")
    spec = state.specs[0]
    assert [row.ticked for row in spec.rows] == [True, True]
    assert [row.cells for row in spec.rows] == [[["100"]], [["100"]]]
    run_act(state, "add-value:0.0")
    assert [row.ticked for row in spec.rows] == [True, True, False]
    codes = [value.code for value in spec.attributes[0].values]
    spec.rows[1].cells[0][0] = "200"
    run_act(state, "fill:0.0")
    assert [row.cells[0][0] for row in spec.rows] == ["100", "100", ""]
    run_act(state, "remove-value:0.0.0")
    assert [list(row.values.values()) for row in spec.rows] == [[codes[1]], [codes[2]]]
    pricing, errors = read(state)
    assert errors == {}
    assert len(pricing.specs[0].skus) == 1


def test_ten_values_and_a_hundred_combinations_are_the_maximum() -> None:
    """business-rules §3.4: ≤ 10 values per attribute, ≤ 100 SKUs."""
    state, _places = form_of_document(minted(SHAPES["one fixed price"]))
    for attribute in range(3):
        run_act(state, "add-attribute:0")
        for _ in range(20):
            run_act(state, f"add-value:0.{attribute}")
    assert [len(attribute.values) for attribute in state.specs[0].attributes] == [10, 10, 10]
    assert len(state.specs[0].rows) == pricing_editor.MAX_ROWS
    _pricing, errors = read(state)
    assert list(errors) == ["specs.0.attributes"]


@pytest.mark.parametrize(
    "button", ["", "fill:9.9", "remove-spec:-1", "remove-value:0", "add-plan=gift:0", "x" * 9999, "fill:0.٣"]
)
def test_unknown_button_changes_nothing(button: str) -> None:
    state, _places = form_of_document(minted(SHAPES["all ways"]))
    before = inputs(state)
    run_act(state, button)
    assert inputs(state) == before


def test_largest_matrix_fits_one_form(page: Client, shop: Shop) -> None:
    """business-rules §3.4: a hundred SKUs, each with six payment modes, by quantity."""
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
    state, _places = form_of_document(documents.load(version.document).pricing)
    post = inputs(state) | {"specs.0.rows.99.cells.0.0": "123", "seen": "1"}
    assert len(post) > 1000
    answer = page.post(f"/seller/products/{product.pk}/draft/pricing/", post, headers={"X-Autosave": "1"})
    assert answer.json()["saved"], answer.content
    saved = newest_version(product)
    assert saved is not None
    assert documents.load(saved.document).pricing.specs[0].skus[99].prices[0].amount == 123
