"""The view of a document for product pages and previews, also of incomplete drafts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, YEARLY, make_document, make_sku, make_spec
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import (
    Band,
    Details,
    Document,
    Factor,
    Price,
    Pricing,
    Quantity,
    Sku,
    Spec,
    UsageBand,
)
from tradepost.market.catalog.document_texts import texts_of
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.text_rules import check_texts
from tradepost.market.catalog.view import Controls, Limit, ProductView, Target, view_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text


def view(document: Document, controls: Controls | None = None, spec: str = "") -> ProductView:
    return view_of(document, currency="CNY", controls=controls or Controls(), spec=spec)


def with_ids(*prices: Price) -> Document:
    numbered = tuple(replace(price, product_id=f"P{number}") for number, price in enumerate(prices))
    return make_document(specs=(replace(make_spec(make_sku(*numbered)), key="k1"),))


def test_empty_draft_has_a_page() -> None:
    """Drafts may lack everything, and the preview shows only what there is."""
    empty = view(Document(product_type="SAAS"))
    assert (empty.specs, empty.least, empty.sold, empty.lacks) == ((), None, False, ("month", "year", "on_demand"))
    assert list(empty.skus()) == []


@pytest.mark.parametrize(
    "sku",
    [
        Sku(prices=(Price(),)),
        Sku(quantity=Quantity(step=0), prices=(MONTHLY,)),
        Sku(quantity=Quantity(least=5, most=2), prices=(MONTHLY,)),
        Sku(prices=(Price(model=PriceModel.TIER, bands=(Band(upto=3, amount=Decimal(1)),)),)),
        Sku(prices=(Price(model=PriceModel.STEP, bands=(Band(amount=Decimal(1)), Band(amount=Decimal(1)))),)),
        Sku(prices=(Price(charging_mode=ChargingMode.ON_DEMAND),)),
        Sku(),
    ],
)
def test_incomplete_items_are_hidden(sku: Sku) -> None:
    product_view = view(Document(product_type="SAAS", pricing=Pricing(specs=(Spec(skus=(sku,)),))))
    assert (product_view.specs, product_view.least) == ((), None)


def test_incomplete_price_is_shown_with_zeros() -> None:
    """Bands without amounts and a factor without a price count as zero until typed."""
    bands = (Band(upto=3), Band())
    factor = Factor(model=PriceModel.TIER, bands=(UsageBand(upto=Decimal(3)), UsageBand()))
    prices = (
        Price(model=PriceModel.TIER, period_type="month", bands=bands),
        Price(charging_mode=ChargingMode.ON_DEMAND, factors=(factor, Factor())),
    )
    product_view = view(Document(product_type="SAAS", pricing=Pricing(specs=(Spec(skus=(Sku(prices=prices),)),))))
    [(_spec, sku)] = product_view.skus()
    assert [len(price.bands) for price in sku.prices] == [2, 0]
    assert [len(factor.bands) for factor in sku.prices[1].factors] == [2, 0]


@pytest.mark.parametrize(
    ("prices", "lacks"),
    [
        ((MONTHLY, YEARLY, ON_DEMAND), ()),
        ((MONTHLY,), ("year", "on_demand")),
        ((ONCE,), ("month", "year", "on_demand")),
        ((ON_DEMAND, PACKAGE), ("month", "year")),
    ],
)
def test_page_lists_the_modes_that_are_not_offered(prices: tuple[Price, ...], lacks: tuple[str, ...]) -> None:
    """business-rules §3.1: a product may offer only some modes because of its nature."""
    assert view(with_ids(*prices)).lacks == lacks


def test_stopped_and_hidden_items_are_not_shown() -> None:
    """business-rules §2.8."""
    document = with_ids(MONTHLY, YEARLY)
    assert view(document, Controls(on_sale=frozenset({"P1"}))).ways == {"year"}
    assert view(document, Controls(on_sale=frozenset())).specs == ()
    hidden = Controls(hidden_specs=frozenset({"k1"}))
    assert view(document, hidden).specs == ()
    assert [spec.hidden for spec in view(document, hidden, spec="k1").specs] == [True]
    assert not view(document, Controls(sold=False)).sold
    assert not view(document, Controls(left=0)).sold
    assert view(document, Controls(left=1)).sold


def test_limits_and_targets_are_shown() -> None:
    """business-rules §3.7."""
    controls = Controls(
        limits={"": Limit(maximum=5), "k1": Limit(maximum=1), "gone": Limit(maximum=9)},
        targets={"k1": Target(audience="companies"), "gone": Target(audience="people")},
    )
    product_view = view(with_ids(MONTHLY), controls)
    assert [limit.maximum for limit in product_view.limit_list] == [5, 1]
    assert [target.audience for target in product_view.target_list] == ["companies"]


def test_bands_and_factors_are_shown_with_their_limits() -> None:
    price = replace(
        MONTHLY,
        model=PriceModel.STEP,
        amount=None,
        bands=(Band(upto=3, amount=Decimal("0.3")), Band(amount=Decimal("0.2"))),
    )
    [(_spec, sku)] = view(
        make_document(specs=(make_spec(Sku(quantity=Quantity(least=1, most=8), prices=(price,))),))
    ).skus()
    assert [(int(b.after), b.upto, b.amount.minor if b.amount else None) for b in sku.prices[0].bands] == [
        (0, Decimal(3), 30), (3, None, 20),
    ]  # fmt: skip
    factor = Factor(
        unit=Text.same("GB"),
        model=PriceModel.TIER,
        bands=(UsageBand(upto=Decimal("1.5"), amount=Decimal(0)), UsageBand(amount=Decimal("0.01"))),
    )
    metered = replace(ON_DEMAND, factors=(factor,))
    [(_spec, sku)] = view(with_ids(metered)).skus()
    assert [(b.after, b.upto, b.rate) for b in sku.prices[0].factors[0].bands] == [
        (0, Decimal("1.5"), 0), (Decimal("1.5"), None, Decimal("0.01")),
    ]  # fmt: skip
    assert sku.prices[0].least.usage_price == Decimal("0.01")


def test_unknown_type_has_no_view() -> None:
    with pytest.raises(LookupError):
        view(Document(product_type="NOTHING"))


def test_type_specific_answers_for_buyers_are_shown() -> None:
    """business-rules §2.3 "seller defines acceptance criteria", "Delivery SLA and service flow": a choice by its name,
    in both languages, without the answers for reviewers."""
    answers = {
        "version": "2.1", "service_flow": "standard", "delivery_days": "5", "acceptance": "上线 <b>验收</b>",
        "acceptance_en": "It runs.", "web_site": "no",
    }  # fmt: skip
    shown_answers = view(Document(product_type="MANUAL_SERVICE", details=Details(fields=answers))).answers
    assert [answer for _question, answer in shown_answers] == [
        Text.same("2.1"), Text(en="standard", zh="标准流程"), Text.same("5"), Text(zh="上线 <b>验收</b>", en="It runs."),
    ]  # fmt: skip
    assert view(Document(product_type="MANUAL_SERVICE")).answers == ()
    assert view(Document(product_type="SAAS", details=Details(fields={"web_site": "no"}))).answers == ()


def test_answers_are_checked_by_the_text_rules() -> None:
    """business-rules §2.3: "no "contact us for price"", also in answers for buyers."""
    answers = {"acceptance": "验收项目以合同为准，具体价格请咨询客服。", "acceptance_en": "It runs."}
    document = Document(product_type="MANUAL_SERVICE", details=Details(fields=answers))
    findings = {(finding.section, finding.field) for finding in check_texts(texts_of(document), link_hosts=[])}
    assert ("details", "fields.acceptance") in findings
    assert not check_texts(
        texts_of(replace(document, details=Details(fields={"acceptance": "系统上线并稳定运行七天。"}))), link_hosts=[]
    )
