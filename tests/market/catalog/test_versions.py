"""Products have versions: a draft is editable, sealed versions never change, and the rows equal the listed version."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, YEARLY, make_document, make_sku, make_spec
from tests.factories.publishable import save_all
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Band, Base, Document, Pricing
from tradepost.market.catalog.evolves import check_changes, widens
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Offer, Product, Spec, Version
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.catalog.projection import differences
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
TIERED = replace(
    MONTHLY, model=PriceModel.TIER, amount=None, bands=(Band(upto=10, amount=Decimal(5)), Band(amount=Decimal(4)))
)


def draft_of(product: Product) -> Document:
    return documents.load(drafts.open_draft(product, by=None, now=LATER).document)


def with_specs(document: Document, *specs: documents.Spec) -> Document:
    return replace(document, pricing=Pricing(specs=specs))


def test_listed_version_equals_the_rows() -> None:
    product = make_product(prices=(MONTHLY, YEARLY, ONCE, ON_DEMAND, PACKAGE))
    document = listed_document(product)
    assert document is not None
    assert list(differences(product, document)) == []
    Offer.objects.filter(charging_mode="ONE_TIME").update(price_minor=1)
    assert len(list(differences(product, document))) == 1


def test_hundred_skus_are_listed_in_as_many_statements_as_one() -> None:
    """``sellable.MOST_SKUS`` is the limit of a product."""

    def statements(number: int) -> int:
        skus = [make_sku(MONTHLY, YEARLY, ON_DEMAND, values={"a": str(n)}) for n in range(number)]
        drafted = make_product(specs=(make_spec(*skus),), on_sale=False)
        with CaptureQueriesContext(connection) as first:
            product = list_draft(drafted, currency="CNY", now=NOW)
        with CaptureQueriesContext(connection) as queries:
            draft_of(product)
            list_draft(product, currency="CNY", now=LATER)
        assert Offer.objects.filter(sku__spec__product=product, on_sale=True).count() == 3 * number
        return len(first) + len(queries)

    assert statements(100) <= statements(1)


def test_modification_applies_when_listed_and_sold_services_keep_their_version() -> None:
    """business-rules §2.8: a modification applies only after review."""
    product = make_product(prices=(MONTHLY,))
    order = make_order(buyer=make_buyer(balance="1000"), offer=make_offer(product))
    first = order.lines.get().version_id
    name = Text(zh="新名字", en="New name")
    drafts.save_section(product, "base", replace(draft_of(product).base, name=name), seen=0, by=None, now=LATER)
    assert Product.objects.get().name != "新名字"
    changed = list_draft(product, currency="CNY", now=LATER)
    assert (changed.name, Version.objects.get(status="listed").number) == ("新名字", 2)
    assert order.lines.get().version_id == first
    assert Version.objects.get(pk=first).status == Version.Status.RETIRED
    later = make_order(buyer=make_buyer(balance="1000"), offer=make_offer(product))
    assert later.lines.get().version.number == 2


def test_ids_stay_with_their_items_and_foreign_ids_are_refused() -> None:
    product = make_product(prices=(MONTHLY, YEARLY))
    before = draft_of(product)
    (spec,), (sku,) = before.pricing.specs, before.pricing.specs[0].skus
    ids = [price.product_id for price in sku.prices]
    other_product = make_product(prices=(MONTHLY,))
    stolen = draft_of(other_product).pricing.specs[0]
    dearer = make_sku(replace(MONTHLY, amount=Decimal(120), product_id=ids[1]), YEARLY, ONCE)
    pricing = Pricing(specs=(replace(spec, skus=(dearer,)), replace(stolen, name=Text.same("b"))))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=LATER)
    after = draft_of(product).pricing.specs
    assert (after[0].key, after[0].skus[0].code) == (spec.key, sku.code)
    assert [p.product_id for p in after[0].skus[0].prices][:2] == ids
    assert after[1].key != stolen.key
    assert after[1].skus[0].code != stolen.skus[0].code
    assert Offer.objects.get(product_id=ids[0]).price_minor == 10_000  # drafts do not change prices
    list_draft(product, currency="CNY", now=LATER)
    assert Offer.objects.get(product_id=ids[0]).price_minor == 12_000
    assert Spec.objects.filter(product=product).count() == 2


def test_removed_item_that_returns_has_its_id_again() -> None:
    """A draft is saved while the seller types: a price that is cleared and typed again is the same price."""
    product = make_product(prices=(MONTHLY,))
    (spec,) = draft_of(product).pricing.specs
    (sku,) = spec.skus

    def save(*specs: documents.Spec) -> tuple[documents.Spec, ...]:
        revision = drafts.open_draft(product, by=None, now=LATER).revisions.get("pricing", 0)
        drafts.save_section(product, "pricing", Pricing(specs=specs), seen=revision, by=None, now=LATER)
        return draft_of(product).pricing.specs

    both = save(replace(spec, skus=(replace(sku, prices=(*sku.prices, YEARLY)),)))
    save(replace(spec, skus=(replace(sku, prices=()),)))
    save(replace(spec, skus=()))
    assert save() == ()
    restored = save(replace(spec, skus=(make_sku(MONTHLY, YEARLY),)))
    assert restored == both
    assert list(check_changes(listed_document(product) or Document(product_type="SAAS"), draft_of(product))) == []
    assert save(replace(spec, key="0" * 16))[0].key not in {spec.key, "0" * 16}


@pytest.mark.parametrize("change", [{"document": {"v": 1}}, {"sha256": "0" * 64}, {"number": 9}])
def test_database_refuses_changes_of_sealed_versions(change: dict[str, object]) -> None:
    version = Version.objects.get(product=make_product())
    with pytest.raises(Error, match="sealed"), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(**change)


def test_two_tabs_lose_nothing() -> None:
    """Issue 9: two tabs editing one draft lose nothing."""
    product = make_product()
    draft = drafts.open_draft(product, by=None, now=LATER)
    base, support = draft_of(product).base, draft_of(product).support
    own_change = replace(base, summary=Text.same("mine"))
    drafts.save_section(product, "base", own_change, seen=draft.revisions.get("base", 0), by=None, now=LATER)
    # The other tab writes another section without a conflict.
    drafts.save_section(product, "support", replace(support, phone="1"), seen=0, by=None, now=LATER)
    with pytest.raises(Refused, match=r"draft\.changed") as refusal:
        drafts.save_section(product, "base", replace(base, summary=Text.same("theirs")), seen=0, by=None, now=LATER)
    assert refusal.value.status == 409
    assert draft_of(product).base == own_change
    # Sending the same content again is not a conflict.
    drafts.save_section(product, "base", own_change, seen=0, by=None, now=LATER)
    assert draft_of(product).support.phone == "1"


def test_unstorable_text_is_refused_and_nothing_is_saved() -> None:
    product = make_product()
    before = draft_of(product)
    with pytest.raises(Refused, match=r"draft\.characters"):
        drafts.save_section(
            product, "base", replace(before.base, name=Text(zh="a\0", en="b")), seen=0, by=None, now=LATER
        )
    assert draft_of(product) == before


def test_submitted_version_is_not_edited_and_returns_as_a_copy() -> None:
    product = make_product(on_sale=False)
    version = drafts.seal(product, now=NOW, actor="x")
    with pytest.raises(Refused, match=r"draft\.handed_in"):
        drafts.save_section(product, "base", Base(), seen=0, by=None, now=LATER)
    drafts.reject(version, now=LATER, actor="x")
    new_draft = drafts.open_draft(product, by=None, now=LATER)
    assert (new_draft.number, new_draft.base_id, new_draft.document) == (2, version.pk, version.document)
    with pytest.raises(Refused, match=r"draft\.none"):
        drafts.discard(make_product())
    drafts.discard(product)
    assert Product.objects.filter(pk=product.pk).exists()  # submitted versions stay as evidence


def test_undeliverable_product_is_never_listed(settings: Any) -> None:
    """Issue 9: a product is never sold without working delivery."""
    settings.CLOUD = ""
    product = make_product(prices=(ONCE,), product_type="IMAGE", bound=False, on_sale=False)
    with pytest.raises(Refused, match=r"product\.undeliverable"):
        list_draft(product, currency="CNY", now=LATER)
    assert Product.objects.get().status == Product.Status.DRAFT
    assert Version.objects.get().status == Version.Status.DRAFT


def test_stopped_product_has_no_draft() -> None:
    product = make_product()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.STOPPED)
    with pytest.raises(Refused, match=r"product\.stopped"):
        drafts.open_draft(product, by=None, now=LATER)


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ((5, 95, 1), (1, 100, 1), True),
        ((5, 95, 1), (10, 90, 1), False),
        ((5, 95, 5), (1, 100, 5), False),
        ((6, 96, 5), (1, 101, 5), True),
        ((5, 95, 5), (5, 95, 1), False),
    ],
)
def test_ranges_may_widen_on_the_old_grid(old: tuple[int, int, int], new: tuple[int, int, int], fits: bool) -> None:
    """business-rules §2.8 and the examples of shelf §4: 5–95 → 1–100 ok; 10–90 not; the step cannot change."""
    a, b = (documents.Quantity(least=x[0], most=x[1], step=x[2]) for x in (old, new))
    assert widens(a, b) is fits


SEATS: dict[str, Any] = {"quantity_name": "席位", "quantity_name_en": "Seats", "quantity_min": 5, "quantity_max": 95}
OLD = make_spec(make_sku(MONTHLY, YEARLY, **SEATS), make_sku(ON_DEMAND, PACKAGE, values={"a": "b"}))


def changed(change: str) -> Pricing:
    seats, usage = OLD.skus
    month, year = seats.prices
    demand, package = usage.prices
    factor = replace(demand.factors[0], cycle="day")
    sections = {
        "text": replace(OLD, name=Text.same("x")),
        "price": replace(OLD, skus=(replace(seats, prices=(replace(month, amount=Decimal(7)), year)), usage)),
        "more": replace(OLD, skus=(replace(seats, prices=(month, year, ONCE)), usage)),
        "spec": None,
        "sku": replace(OLD, skus=(seats,)),
        "period": replace(OLD, skus=(replace(seats, prices=(month,)), usage)),
        "model": replace(OLD, skus=(replace(seats, prices=(replace(TIERED), year)), usage)),
        "quantity": replace(OLD, skus=(replace(seats, quantity=None), usage)),
        "package": replace(OLD, skus=(seats, replace(usage, prices=(demand, replace(package, amount=Decimal(9)))))),
        "factor": replace(OLD, skus=(seats, replace(usage, prices=(replace(demand, factors=(factor,)), package)))),
    }[change]
    return Pricing(specs=(sections,) if sections else (make_spec(make_sku(MONTHLY)),))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("text", ""), ("price", ""), ("more", ""), ("spec", "spec_missing"), ("sku", "sku_missing"),
        ("period", "price_missing"), ("model", "model"), ("quantity", "quantity"), ("package", "package"),
        ("factor", "factor"),
    ],
)  # fmt: skip
def test_modification_changes_only_what_is_allowed(change: str, code: str) -> None:
    """business-rules §2.8: specs are stopped, not deleted; mode, model, step and packages are fixed; periods are added."""
    listed_version = with_specs(make_document(), *drafts.with_product_ids(Pricing(specs=(OLD,)), Pricing()).specs)
    pricing = changed(change)
    pricing = Pricing(specs=tuple(replace(s, key=k.key) for s, k in zip(pricing.specs, listed_version.pricing.specs, strict=True) if change != "spec") or pricing.specs)  # fmt: skip
    draft = replace(listed_version, pricing=drafts.with_product_ids(pricing, listed_version.pricing))
    codes = [f.code for f in check_changes(listed_version, draft)]
    assert codes == ([f"evolves.{code}"] if code else [])
    all_ids = {s.key for s in listed_version.pricing.specs} | {
        k.code for s in listed_version.pricing.specs for k in s.skus
    }
    all_ids |= {p.product_id for _s, _k, p in listed_version.prices()}
    if code.endswith("missing"):
        assert list(check_changes(listed_version, draft, stopped=all_ids)) == []


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
texts = st.builds(Text, zh=words, en=words)
amounts = st.integers(0, 10**6).map(lambda n: Decimal(n).scaleb(-2))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(texts, min_size=1, max_size=3),
    values=st.lists(st.lists(amounts, min_size=1, max_size=3), min_size=1, max_size=2),
)
def test_any_chain_of_versions_equals_the_rows(names: list[Text], values: list[list[Decimal]]) -> None:
    """Issue 9: projection of the listed document equals the rows."""
    product = make_product()
    for amounts_of in values:
        base = draft_of(product)
        ways = [("month", (1,)), ("year", (1, 2)), ("day", (30,))]
        prices = tuple(
            replace(MONTHLY, amount=amount, period_type=period, period_numbers=numbers)
            for amount, (period, numbers) in zip(amounts_of, ways, strict=False)
        )
        specs = [replace(make_spec(make_sku(*prices)), name=name) for name in names]
        specs = [replace(s, key=old.key) for s, old in zip(specs, base.pricing.specs, strict=False)] + specs[
            len(base.pricing.specs) :
        ]
        save_all(product, replace(base, pricing=Pricing(specs=tuple(specs))), by=None, now=LATER)
        product = list_draft(product, currency="CNY", now=LATER)
        document = listed_document(product)
        assert document is not None
        assert list(differences(product, document)) == []
