"""From a choice to one offer: available options are kept, others are replaced by the closest."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product, Spec
from tradepost.market.catalog.shelf_queries import product_on_sale
from tradepost.market.sites.storefront.choice import Choice, SubmittedChoice, choose, parse_count
from tradepost.protocols.commands import ChargingMode

pytestmark = pytest.mark.django_db


def value(code: str) -> dict[str, str]:
    return {"code": code, "name": f"值{code}", "name_en": f"value {code}"}


def attribute(code: str, *values: str) -> dict[str, object]:
    return {"code": code, "name": f"属性{code}", "name_en": code, "values": [value(v) for v in values]}


def make() -> Product:
    skus = (
        make_sku(MONTHLY, YEARLY, values={"edition": "team", "region": "east"}),
        make_sku(YEARLY, values={"edition": "group", "region": "east"}),
        make_sku(ONCE, values={"edition": "group", "region": "west"}),
    )
    attributes = [attribute("edition", "team", "group", "gone"), attribute("region", "east", "west")]
    product = factories.make_product(specs=(make_spec(*skus, name="标准", name_en="Standard", attributes=attributes),))
    sold_product = product_on_sale(pk=product.pk)
    assert sold_product is not None
    return sold_product


def chosen(picked: SubmittedChoice) -> Choice:
    choice = choose(make(), picked)
    assert choice is not None
    return choice


def test_default_is_the_first_of_every_option() -> None:
    choice = chosen(SubmittedChoice())
    assert (choice.sku.values, choice.offer.period_type, choice.periods, choice.quantity) == (
        {"edition": "team", "region": "east"}, "month", "1", "1",
    )  # fmt: skip
    assert [[o.value["code"] for o in a.options] for a in choice.attributes] == [["team", "group"], ["east", "west"]]


@pytest.mark.parametrize(
    ("values", "plan", "sku", "period_type"),
    [
        ({"edition": "group", "region": "west"}, "", {"edition": "group", "region": "west"}, ""),
        ({"edition": "group"}, "PERIOD-month", {"edition": "group", "region": "east"}, "year"),
        ({"edition": "team", "region": "west"}, "PERIOD-year", {"edition": "team", "region": "east"}, "year"),
        ({"edition": "gone", "region": "north"}, "nonsense", {"edition": "team", "region": "east"}, "month"),
    ],
)
def test_unavailable_option_is_replaced_by_the_closest(
    values: dict[str, str], plan: str, sku: dict[str, str], period_type: str
) -> None:
    choice = chosen(SubmittedChoice(values=values, plan=plan))
    assert (choice.sku.values, choice.offer.period_type) == (sku, period_type)


@pytest.mark.parametrize(
    ("picked", "holds"),
    [
        (SubmittedChoice(), True),
        (SubmittedChoice(values={"edition": "team"}, plan="PERIOD-year", periods="2"), True),
        (SubmittedChoice(values={"edition": "gone"}), False),
        (SubmittedChoice(plan="ON_DEMAND-"), False),
        (SubmittedChoice(periods="2"), False),
        (SubmittedChoice(spec="0"), False),
    ],
)
def test_choice_knows_whether_it_was_selected(picked: SubmittedChoice, holds: bool) -> None:
    assert chosen(picked).is_what(picked) is holds


def test_no_choice_exists_when_all_offers_are_off_sale() -> None:
    product = make()
    Offer.objects.update(on_sale=False)
    sold_product = product_on_sale(pk=product.pk)
    assert sold_product is not None
    assert choose(sold_product, SubmittedChoice()) is None


def test_hidden_spec_is_chosen_only_by_its_own_link() -> None:
    """business-rules §2.8: hidden specs have their own purchase link."""
    shown, hidden = make_spec(make_sku(MONTHLY)), make_spec(make_sku(YEARLY), name="内测版", name_en="Preview")
    product = factories.make_product(specs=(shown, hidden))
    secret = Spec.objects.get(product=product, name_en="Preview")
    Spec.objects.filter(pk=secret.pk).update(hidden=True)
    sold_product = product_on_sale(pk=product.pk)
    assert sold_product is not None
    for picked in (SubmittedChoice(), SubmittedChoice(spec=str(secret.pk))):
        choice = choose(sold_product, picked)
        assert choice is not None
        assert [spec.name_en for spec in choice.specs] == ["Standard"]
    by_link = choose(sold_product, SubmittedChoice(spec=secret.key))
    assert by_link is not None
    assert by_link.spec == secret
    assert by_link.is_what(SubmittedChoice(spec=secret.key))


def test_trial_is_offered_beside_the_choice_and_never_as_default() -> None:
    """business-rules §3.5."""
    trial = Price(
        charging_mode=ChargingMode.PERIOD, amount=Decimal(0), period_type="day", period_numbers=(14,), trial=True
    )
    product = factories.make_product(prices=(trial, MONTHLY))
    sold_product = product_on_sale(pk=product.pk)
    assert sold_product is not None
    choice = choose(sold_product, SubmittedChoice())
    assert choice is not None
    assert choice.offer.plan == "PERIOD-month"
    assert choice.trial is not None
    assert choice.trial.plan == "PERIOD-day-trial"


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" 7 ", 7), ("", 0), ("-1", 0), ("1.5", 0), ("x", 0), ("9" * 30, 0)]
)
def test_typed_number_is_an_integer_or_nothing(text: str, number: int) -> None:
    assert parse_count(text) == number
