"""Sale controls, freezes and stops: the rules of business-rules §2.8 and §3.7, and refusals that change nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW, make_offer, make_product
from tests.factories.products import MONTHLY, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Move
from tradepost.market.base.values import replace
from tradepost.market.catalog import controls, delist, trading
from tradepost.market.catalog.document import Band
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import (
    Offer,
    Product,
    PurchaseLimit,
    SalesTarget,
    Shelf,
    Sku,
    Spec,
    Stock,
    TargetBuyer,
    Version,
)
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.projection import differences

pytestmark = pytest.mark.django_db
FREE = replace(MONTHLY, amount=Decimal(0))
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)


def two_specs() -> Product:
    return make_product(
        specs=(
            make_spec(make_sku(MONTHLY), name="标准版"),
            make_spec(make_sku(YEARLY), name="企业版", name_en="Business"),
        )
    )


# --- limits and targets -------------------------------------------------------------------------------------------------


def test_limit_is_for_the_product_or_one_spec() -> None:
    product = two_specs()
    key = Spec.objects.filter(product=product).order_by("position")[1].key
    controls.set_limit(product, maximum=5, until_expiry=False, now=NOW, by="s")
    controls.set_limit(product, maximum=1, until_expiry=True, spec_key=key, now=NOW, by="s")
    controls.set_limit(product, maximum=7, until_expiry=False, now=NOW, by="s")
    rows = PurchaseLimit.objects.order_by("spec_key").values_list("spec_key", "maximum", "until_expiry")
    assert list(rows) == [("", 7, False), (key, 1, True)]
    assert Move.objects.filter(lifecycle="controls", subject=str(product.pk)).count() == 3
    controls.remove_limit(product, spec_key=key, now=NOW, by="s")
    assert PurchaseLimit.objects.count() == 1


@pytest.mark.parametrize(("maximum", "spec_key"), [(0, ""), (-1, ""), (1_000_001, ""), (1, "0123456789abcdef")])
def test_invalid_limit_changes_nothing(maximum: int, spec_key: str) -> None:
    product = two_specs()
    with pytest.raises(Refused):
        controls.set_limit(product, maximum=maximum, until_expiry=False, spec_key=spec_key, now=NOW, by="s")
    assert not PurchaseLimit.objects.exists()
    assert not Move.objects.filter(lifecycle="controls").exists()


def test_free_product_needs_a_limit_unless_it_is_a_trial() -> None:
    """business-rules §2.8, §3.5: a price-0 package must have a purchase limit; no zero-price spec as free trial."""
    banded = replace(
        MONTHLY, model=PriceModel.STEP, amount=None, bands=(Band(upto=3, amount=Decimal(0)), Band(amount=Decimal(1)))
    )
    seats = make_sku(banded, YEARLY, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
    for product, fields in (
        (make_product(prices=(FREE, YEARLY)), ["specs.0.skus.0.prices.0.amount"]),
        (make_product(specs=(make_spec(seats),)), ["specs.0.skus.0.prices.0.amount"]),
        (make_product(prices=(MONTHLY, TRIAL)), []),
        (make_product(prices=(ONCE,)), []),
    ):
        document = listed_document(product)
        assert document is not None
        findings = list(controls.zero_price_findings(product, document))
        assert [finding.field for finding in findings] == fields
        assert all((finding.code, finding.rule) == ("product.zero_price", controls.ZERO_PRICE) for finding in findings)
        if not fields:
            continue
        key = document.pricing.specs[0].key
        controls.set_limit(product, maximum=1, until_expiry=False, spec_key=key, now=NOW, by="s")
        assert list(controls.zero_price_findings(product, document)) == []
        with pytest.raises(Refused, match=r"limit\.needed"):
            controls.remove_limit(product, spec_key=key, now=NOW, by="s")
        assert PurchaseLimit.objects.filter(product=product).exists()


def test_buyer_list_is_read_as_typed_with_name_and_id() -> None:
    """business-rules §3.7: listed users by account name and ID."""
    product = make_product()
    typed = "abc123, li@lantian.example\n\nwang@x.example\tDEF456\n"
    controls.set_target(product, audience="listed", buyers=controls.read_buyers(typed), now=NOW, by="s")
    assert set(TargetBuyer.objects.values_list("customer_id", "email")) == {
        ("abc123", "li@lantian.example"), ("def456", "wang@x.example"),
    }  # fmt: skip
    controls.set_target(product, audience="companies", now=NOW, by="s")
    assert (SalesTarget.objects.get().audience, TargetBuyer.objects.count()) == ("companies", 0)
    controls.remove_target(product, now=NOW, by="s")
    assert not SalesTarget.objects.exists()


@pytest.mark.parametrize(
    "typed", ["abc123", "a@x.example", "abc a@x.example b@x.example", "ab/c a@x.example", "abc a@@x"]
)
def test_invalid_buyer_line_is_refused_and_nothing_is_saved(typed: str) -> None:
    product = make_product()
    with pytest.raises(Refused, match=r"target\.buyers") as refusal:
        controls.set_target(product, audience="listed", buyers=controls.read_buyers(typed), now=NOW, by="s")
    assert refusal.value.field == "buyers"
    assert not SalesTarget.objects.exists()


def test_only_own_products_are_linked_and_the_list_is_limited() -> None:
    product, foreign = make_product(), make_product()
    with pytest.raises(Refused, match=r"target\.holders_of"):
        controls.set_target(product, audience="holders", holders_of=foreign, now=NOW, by="s")
    with pytest.raises(Refused, match=r"target\.audience"):
        controls.set_target(product, audience="friends", now=NOW, by="s")
    too_many = [(f"a{n}", f"a{n}@x.example") for n in range(controls.MAX_BUYERS + 1)]
    with pytest.raises(Refused, match=r"target\.buyers"):
        controls.set_target(product, audience="listed", buyers=too_many, now=NOW, by="s")
    assert not SalesTarget.objects.exists()


# --- stock --------------------------------------------------------------------------------------------------------------


def with_stock(*, total: int = 999, used: int = 0) -> Product:
    """A product of a deliverable type with stock; hardware cannot be delivered yet."""
    product = make_product()
    Stock.objects.create(product=product, total=total, used=used)
    return product


def test_hardware_starts_with_999_and_other_types_have_no_stock() -> None:
    """business-rules §3.7."""
    hardware = make_product(product_type="HARDWARE", prices=(ONCE,), bound=False, on_sale=False)
    controls.ensure_stock(hardware)
    assert Stock.objects.get(product=hardware).total == 999
    with pytest.raises(Refused, match=r"stock\.none"):
        controls.change_stock(make_product(), 5, now=NOW, by="s")


@pytest.mark.parametrize(
    ("change", "total"),
    [
        (1, 11),
        (9_999_999, 10_000_009),
        (-5, 5),
        (-6, None),
        (-7, None),
        (0, None),
        (10_000_000, None),
        (-10_000_000, None),
    ],
)
def test_stock_change_has_bounds_and_exceeds_the_consumption(change: int, total: int | None) -> None:
    """business-rules §3.7: change −9,999,999…9,999,999; total must exceed consumption."""
    product = with_stock(total=10, used=4)
    if total is None:
        with pytest.raises(Refused):
            controls.change_stock(product, change, now=NOW, by="s")
    else:
        controls.change_stock(product, change, now=NOW, by="s")
    assert Stock.objects.get(product=product).total == (total or 10)


def test_stock_is_changed_only_on_sale() -> None:
    product = with_stock()
    trading.freeze(product, cause="checked", actor="op", now=NOW)
    with pytest.raises(Refused, match=r"stock\.not_on_sale"):
        controls.change_stock(product, 1, now=NOW, by="s")


# --- hide and show ------------------------------------------------------------------------------------------------------


def test_showing_a_product_makes_all_specs_public() -> None:
    """business-rules §2.8: switching back makes all specs public."""
    product = two_specs()
    keys = list(Spec.objects.filter(product=product).values_list("key", flat=True))
    controls.hide_spec(product, keys[0], hidden=True, now=NOW, by="s")
    controls.hide(product, now=NOW, by="s")
    assert Product.objects.get(pk=product.pk).hidden
    assert Spec.objects.filter(product=product, hidden=True).count() == 1
    controls.show(product, now=NOW, by="s")
    assert not Product.objects.get(pk=product.pk).hidden
    assert not Spec.objects.filter(product=product, hidden=True).exists()


def test_hidden_product_stays_hidden_after_a_freeze() -> None:
    """shelf §2: the seller sets hidden, and it survives unfreezing."""
    product = make_product()
    controls.hide(product, now=NOW, by="s")
    trading.freeze(product, cause="checked", actor="op", now=NOW)
    trading.unfreeze(product, actor="op", now=NOW)
    stored_product = Product.objects.get(pk=product.pk)
    assert (stored_product.status, stored_product.hidden) == ("on_sale", True)


# --- freeze and stop ----------------------------------------------------------------------------------------------------


def test_freeze_has_a_reason_and_sends_notices() -> None:
    product = make_product()
    for cause in ("", "  ", "x" * 501):
        with pytest.raises(Refused):
            trading.freeze(product, cause=cause, actor="op", now=NOW)
    assert Product.objects.get(pk=product.pk).status == "on_sale"
    trading.freeze(product, cause="interface does not answer", actor="op", now=NOW)
    move = Move.objects.get(lifecycle="product", subject=str(product.pk), event="freeze")
    assert (move.actor, move.note) == ("op", "interface does not answer")
    assert Event.objects.get(name="product_frozen").facts["cause"] == "interface does not answer"
    with pytest.raises(IllegalTransition):
        trading.freeze(product, cause="again", actor="op", now=NOW)
    trading.unfreeze(product, actor="op", now=NOW)
    with pytest.raises(IllegalTransition):
        trading.unfreeze(product, actor="op", now=NOW)
    assert Event.objects.filter(name__startswith="product_").count() == 2


def test_stopped_product_stops_everything_below_for_ever() -> None:
    """business-rules §2.8: stopped sale, irreversible; shelf §6: nothing purchasable below a stopped node."""
    product = two_specs()
    controls.set_limit(product, maximum=1, until_expiry=False, now=NOW, by="s")
    delist.stop(product, reason="end of life", actor="op", now=NOW, by_operator=True)
    stored_product = Product.objects.get(pk=product.pk)
    assert stored_product.status == "stopped"
    for model in (Spec, Sku, Offer):
        assert not model._default_manager.filter(stopped_at=None).exists()
    assert not Offer.objects.filter(on_sale=True).exists()
    assert not Version.objects.filter(product=product, status="listed").exists()
    facts = Event.objects.get(name="product_stopped").facts
    assert (facts["what"], facts["by_operator"], facts["reason"]) == ("product", True, "end of life")
    for restart in (
        lambda: delist.stop(stored_product, reason="x", actor="op", now=NOW),
        lambda: trading.unfreeze(stored_product, actor="op", now=NOW),
        lambda: controls.show(stored_product, now=NOW, by="s"),
        lambda: controls.set_limit(stored_product, maximum=2, until_expiry=False, now=NOW, by="s"),
    ):
        with pytest.raises(Refused):
            restart()
    assert PurchaseLimit.objects.get().maximum == 1


def test_stopped_spec_stops_its_skus_and_the_rest_stays_on_sale() -> None:
    product = two_specs()
    spec = Spec.objects.filter(product=product).order_by("position")[0]
    delist.stop(spec, reason="replaced", actor="s", now=NOW)
    assert list(Offer.objects.filter(on_sale=True).values_list("period_type", flat=True)) == ["year"]
    stopped = {spec.key, Sku.objects.get(spec=spec).code, Offer.objects.get(sku__spec=spec).product_id}
    assert delist.stopped_of([product.pk]) == {product.pk: stopped}
    assert Product.objects.get(pk=product.pk).status == "on_sale"
    document = listed_document(product)
    assert document is not None
    assert list(differences(Product.objects.get(pk=product.pk), document)) == [], (
        "except for stops, the rows equal the document"
    )
    with pytest.raises(Refused, match=r"delist\.stopped"):
        delist.stop(spec, reason="again", actor="s", now=NOW)
    with pytest.raises(Refused, match=r"product\.no_reason"):
        delist.stop(make_offer(product).sku, reason=" ", actor="s", now=NOW)
    assert spec.key not in controls.spec_names(product)


def test_unlisted_product_cannot_be_stopped() -> None:
    product = make_product(on_sale=False)
    with pytest.raises(IllegalTransition):
        delist.stop(product, reason="x", actor="s", now=NOW)
    assert not Event.objects.filter(name="product_stopped").exists()


def test_hidden_frozen_or_stopped_products_leave_the_shelf_at_once() -> None:
    product = make_product()

    def on_shelf() -> bool:
        return Shelf.objects.filter(product=product).exists()

    assert on_shelf()
    controls.hide(product, now=NOW, by="s")
    assert not on_shelf()
    controls.show(product, now=NOW, by="s")
    assert on_shelf()
    trading.freeze(product, cause="checked", actor="op", now=NOW)
    assert not on_shelf()
    trading.unfreeze(product, actor="op", now=NOW)
    assert on_shelf()
    delist.stop(product, reason="end of life", actor="op", now=NOW)
    assert not on_shelf()
