"""The shelf: products that everyone may see, with their lowest price; rebuilt when necessary."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rich.console import Console

from tests import factories
from tests.factories import NOW
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, USES, YEARLY, make_sku, make_spec
from tests.factories.publishable import save_all
from tradepost.cli.migrate import apply
from tradepost.market.base.values import replace
from tradepost.market.catalog import shelf
from tradepost.market.catalog.document import Band, Price, Quantity, Sku
from tradepost.market.catalog.drafts import seal
from tradepost.market.catalog.lifecycle import PRODUCT, ProductEvent
from tradepost.market.catalog.listing import list_version, listed_document
from tradepost.market.catalog.models import Offer, Product, Shelf, ShelfTerm, Spec
from tradepost.market.catalog.reactions import on_seller_standing
from tradepost.market.catalog.shelf_models import ONLY_BY_USAGE
from tradepost.market.identity.events import SellerResumed, SellerSuspended
from tradepost.market.identity.models import Seller
from tradepost.protocols.commands import ChargingMode

pytestmark = pytest.mark.django_db


def shelf_slugs() -> set[str]:
    return set(Shelf.objects.values_list("product__slug", flat=True))


def seats(min_quantity: int, max_quantity: int, step: int = 1) -> Quantity:
    return Quantity(least=min_quantity, most=max_quantity, step=step)


TIER = Price(
    charging_mode=ChargingMode.PERIOD, period_type="month", period_numbers=(1, 3), model="tier",  # type: ignore[arg-type]
    bands=(Band(upto=10, amount=Decimal(5)), Band(amount=Decimal(4))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sku", "minor", "quantity", "periods"),
    [
        # found in use: "from ¥ 12" where the smallest purchase cost ¥ 60
        (Sku(quantity=seats(5, 200, 5), prices=(replace(MONTHLY, amount=Decimal(12)),)), 6000, 5, 1),
        (Sku(prices=(replace(MONTHLY, period_numbers=(6, 3)),)), 30_000, 1, 3),
        (Sku(quantity=seats(5, 200), prices=(replace(MONTHLY, period_numbers=(3,)),)), 150_000, 5, 3),
        (Sku(prices=(YEARLY, MONTHLY)), 10_000, 1, 1),
        (Sku(prices=(ONCE,)), 500_000, 1, 1),
        # shelf.md §4: tier prices can fall, so 11 units cost less than 10
        (Sku(quantity=seats(10, 20), prices=(TIER,)), 4400, 11, 1),
        (Sku(quantity=seats(1, 20), prices=(TIER,)), 500, 1, 1),
    ],
)
def test_card_shows_the_lowest_possible_price(sku: Sku, minor: int, quantity: int, periods: int) -> None:
    product = factories.make_product(specs=(make_spec(sku),))
    row = Shelf.objects.get(pk=product.pk)
    assert (row.price_from, row.total.minor, row.quantity, row.periods) == (minor, minor, quantity, periods)
    assert row.counted is (sku.quantity is not None)


def test_metered_products_are_sorted_last_and_trials_are_not_prices() -> None:
    trial = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(14,), trial=True)
    row = Shelf.objects.get(pk=factories.make_product(prices=(ON_DEMAND, PACKAGE)).pk)
    assert (row.price_from, row.minor, row.usage_price) == (ONLY_BY_USAGE, 0, Decimal("0.0025"))
    assert row.ways == shelf.WAY_BITS["on_demand"] | shelf.WAY_BITS["package"]
    row = Shelf.objects.get(pk=factories.make_product(prices=(USES,)).pk)
    assert (row.ways, shelf.WAY_BITS["trial"]) == (shelf.WAY_BITS["uses"], 64), "a new payment option has its own bit"
    row = Shelf.objects.get(pk=factories.make_product(prices=(trial, MONTHLY)).pk)
    assert (row.price_from, row.ways) == (10_000, shelf.WAY_BITS["trial"] | shelf.WAY_BITS["month"])


def test_only_public_products_are_on_the_shelf() -> None:
    """business-rules §2.8: hidden and frozen products are not in the store; stopped ones are removed."""
    public_product = factories.make_product(slug="seen")
    factories.make_product(slug="draft", on_sale=False)
    assert shelf_slugs() == {"seen"}
    terms = ShelfTerm.objects.count()
    for status, hidden in (
        (Product.Status.ON_SALE, True),
        (Product.Status.FROZEN, False),
        (Product.Status.STOPPED, False),
    ):
        Product.objects.filter(pk=public_product.pk).update(status=status, hidden=hidden)
        shelf.refresh(public_product)
        assert shelf_slugs() == set()
        assert ShelfTerm.objects.count() == 0
    Product.objects.filter(pk=public_product.pk).update(status=Product.Status.ON_SALE)
    shelf.refresh(public_product)
    assert shelf_slugs() == {"seen"}
    assert ShelfTerm.objects.count() == terms


def test_stopped_price_is_ignored_and_a_product_without_prices_leaves() -> None:
    product = factories.make_product(prices=(MONTHLY, YEARLY))
    Offer.objects.filter(period_type="month").update(on_sale=False)
    shelf.refresh(product)
    assert Shelf.objects.get().price_from == 100_000
    Offer.objects.update(on_sale=False)
    shelf.refresh(product)
    assert shelf_slugs() == set()


def test_hidden_spec_is_not_on_the_card() -> None:
    dear, cheap = make_spec(make_sku(YEARLY)), make_spec(make_sku(MONTHLY), name="内测", name_en="Preview")
    product = factories.make_product(specs=(dear, cheap))
    assert Shelf.objects.get().price_from == 10_000
    Spec.objects.filter(name_en="Preview").update(hidden=True)
    shelf.refresh(product)
    assert Shelf.objects.get().price_from == 100_000


def test_products_of_a_suspended_seller_leave_and_return() -> None:
    seller = factories.make_seller()
    factories.make_product(seller, slug="own")
    factories.make_product(slug="other")
    Seller.objects.filter(pk=seller.pk).update(status=Seller.Status.SUSPENDED)
    on_seller_standing(SellerSuspended(seller=seller.pk), NOW)
    assert shelf_slugs() == {"other"}
    Seller.objects.filter(pk=seller.pk).update(status=Seller.Status.ACTIVE)
    on_seller_standing(SellerResumed(seller=seller.pk), NOW)
    assert shelf_slugs() == {"own", "other"}


def test_new_version_is_found_by_its_words_once_listed() -> None:
    product = factories.make_product(name="旧名字", name_en="Former")
    document = listed_document(product)
    assert document is not None
    renamed = replace(document.base, name=replace(document.base.name, en="Latter"))
    save_all(product, replace(document, base=renamed), by=None, now=NOW)
    terms = set(ShelfTerm.objects.values_list("term", flat=True))
    assert "former" in terms
    version = seal(product, now=NOW, actor="seller")
    assert set(ShelfTerm.objects.values_list("term", flat=True)) == terms
    list_version(version, currency="CNY", actor="market", now=NOW)
    changed = set(ShelfTerm.objects.values_list("term", flat=True))
    assert "former" not in changed
    assert {"latter", "lat*"} <= changed
    shelf.refresh(product)
    assert set(ShelfTerm.objects.values_list("term", flat=True)) == changed


def test_shelf_is_filled_by_migrations_and_rebuilt_for_new_terms() -> None:
    """Products listed by an earlier release are on the shelf after the migrations."""
    first, second = factories.make_product(slug="first"), factories.make_product(slug="second")
    PRODUCT.move(factories.make_product(slug="gone"), ProductEvent.STOP, now=NOW, actor="seller")
    Shelf.objects.all().delete()
    assert apply(Console(quiet=True)) == 0
    assert shelf_slugs() == {"first", "second"}
    assert ShelfTerm.objects.filter(shelf=first.pk, term="doc").exists()
    Shelf.objects.filter(pk=second.pk).update(indexed_as=0, price_from=1)
    assert shelf.refresh_outdated() == 1
    assert Shelf.objects.get(pk=second.pk).price_from == 10_000
    assert shelf.refresh_outdated() == 0
