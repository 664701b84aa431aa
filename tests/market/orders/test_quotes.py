"""A quote is valid until it expires or its price changes; then the refusal names the old and new price, and nothing is ordered."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_product
from tests.factories.products import MONTHLY, ON_DEMAND, YEARLY, make_sku, make_spec
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Band, Price
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import User
from tradepost.market.orders import quotes
from tradepost.market.orders.models import Order, OrderLine, Quote
from tradepost.market.orders.place import PlaceOrder, place_order, price_choice, sold_version
from tradepost.market.orders.pricing import read_stored

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
STEPS = replace(
    MONTHLY,
    model=PriceModel.STEP,
    amount=None,
    bands=(Band(upto=3, amount=Decimal("0.3")), Band(amount=Decimal("0.2"))),
)


def product_by_seats(price: Price = STEPS) -> Product:
    return make_product(
        specs=(make_spec(make_sku(price, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)),)
    )


def shown_quote(buyer: User, offer: Offer, *, quantity: int = 8, periods: int = 1, now: datetime = NOW) -> str:
    return quotes.sign_quote(
        buyer, offer, price_choice(offer, quantity=quantity, periods=periods), now=now, lasts=HOUR,
        version=sold_version(offer.sku.spec.product),
    )  # fmt: skip


def order(buyer: User, offer: Offer, text: str, *, quantity: int = 8, now: datetime = NOW) -> Order:
    command = PlaceOrder(product_id=offer.product_id, quantity=quantity, agreed=True, quote=text)
    return place_order(buyer, command, now=now, unpaid_timeout=HOUR)


def reprice(product: Product, price: Price) -> None:
    """List the seller's next version with another price."""
    document = listed_document(product)
    assert document is not None
    (spec,) = document.pricing.specs
    (sku,) = spec.skus
    pricing = replace(document.pricing, specs=(replace(spec, skus=(replace(sku, prices=(price,)),)),))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)


def test_order_costs_the_quoted_price_and_stores_its_breakdown() -> None:
    """business-rules §3.3: 3×0.3 + 5×0.2 = 1.90."""
    buyer, offer = make_buyer(), make_offer(product_by_seats())
    placed = order(buyer, offer, shown_quote(buyer, offer), now=NOW + HOUR - timedelta(seconds=1))
    stored_quote, line = Quote.objects.get(), OrderLine.objects.get()
    assert (placed.total, stored_quote.total, line.amount) == (Money(190, "CNY"),) * 3
    assert [(part.units, part.amount_minor) for part in read_stored(line.price_lines)] == [(3, 90), (5, 100)]
    assert read_stored(stored_quote.lines) == read_stored(line.price_lines)
    assert (stored_quote.order, stored_quote.version, stored_quote.made_at, stored_quote.expires_at) == (
        placed,
        line.version,
        NOW,
        NOW + HOUR,
    )


def test_price_change_is_reported_and_nothing_is_ordered() -> None:
    product = product_by_seats()
    buyer, offer = make_buyer(), make_offer(product)
    text = shown_quote(buyer, offer)
    reprice(product, replace(STEPS, bands=(Band(upto=3, amount=Decimal("0.3")), Band(amount=Decimal("0.25")))))
    with pytest.raises(quotes.PriceChanged) as error:
        order(buyer, make_offer(product), text)
    assert (error.value.code, error.value.status) == ("order.price_changed", 409)
    assert (error.value.before, error.value.now) == (Money(190, "CNY"), Money(215, "CNY"))
    assert "1.90" in error.value.message
    assert "2.15" in error.value.message
    assert (Order.objects.count(), Quote.objects.count()) == (0, 0)


def test_new_version_at_the_same_price_keeps_the_quote() -> None:
    product = product_by_seats()
    buyer, offer = make_buyer(), make_offer(product)
    text, before = shown_quote(buyer, offer), sold_version(product)
    document = listed_document(product)
    assert document is not None
    name = replace(document.base, highlights=())
    drafts.save_section(product, "base", replace(name, category="office"), seen=0, by=None, now=NOW)
    list_draft(product, currency="CNY", now=NOW)
    assert order(buyer, make_offer(product), text).total == Money(190, "CNY")
    assert Quote.objects.get().version_id == before, "the quoted version"
    assert OrderLine.objects.get().version_id == sold_version(product) != before, "the version on sale"


def test_expired_quote_must_be_confirmed_at_the_same_price() -> None:
    buyer, offer = make_buyer(), make_offer(product_by_seats())
    with pytest.raises(quotes.PriceChanged) as error:
        order(buyer, offer, shown_quote(buyer, offer), now=NOW + HOUR)
    assert error.value.before == error.value.now == Money(190, "CNY")
    assert not Order.objects.exists()


@pytest.mark.parametrize("defect", ["another buyer's", "another choice", "no quote", "a long text", "changed"])
def test_invalid_quote_is_refused(defect: str) -> None:
    buyer, offer = make_buyer(), make_offer(product_by_seats())
    text, quantity = shown_quote(buyer, offer), 8
    match defect:
        case "another buyer's":
            text = shown_quote(make_buyer(), offer)
        case "another choice":
            quantity = 9
        case "no quote":
            text = "-"
        case "a long text":
            text = "x" * 5000
        case "changed":
            text = ("A" if text[0] != "A" else "B") + text[1:]
    with pytest.raises(Refused, match=r"order\.(quote_unknown|price_changed)"):
        order(buyer, offer, text, quantity=quantity)
    assert not Order.objects.exists()


def test_quote_includes_the_price_of_usage() -> None:
    """The total to open is zero before and after; only the price of usage changes."""
    product = make_product(prices=(ON_DEMAND,))
    buyer, offer = make_buyer(), make_offer(product)
    text = shown_quote(buyer, offer, quantity=1)
    dearer = replace(ON_DEMAND, factors=(replace(ON_DEMAND.factors[0], amount=Decimal("0.003")),))
    reprice(product, dearer)
    with pytest.raises(quotes.PriceChanged):
        order(buyer, make_offer(product), text, quantity=1)
    assert not Order.objects.exists()


def test_order_without_a_quote_costs_the_current_price() -> None:
    buyer, offer = make_buyer(), make_offer(make_product(prices=(YEARLY,)))
    assert order(buyer, offer, "", quantity=1).total == Money.of(1000, "CNY")
    assert not Quote.objects.exists()
