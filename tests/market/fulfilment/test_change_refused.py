"""Changes in use that are not ordered: by what stands against them, by a second tab, by a quote that does not hold any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_order
from tests.market.fulfilment.changes import HOUR, LATER, change_ordered, changeable, changed, freeze, large_of, quoted
from tests.market.fulfilment.services import (
    END,
    again,
    done,
    open_call,
    ordered,
    service,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product, PurchaseLimit, UpgradeRule
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.change_fee import recompute
from tradepost.market.orders.models import LimitUse, Order, OrderLine, Quote
from tradepost.market.orders.quotes import PriceChanged
from tradepost.market.orders.reserve import used
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
FEE = 90_18
"""100 a month more over 671 of 744 hours."""


# --- who may not ------------------------------------------------------------------------------------------------------


def nothing_ordered() -> bool:
    return not Order.objects.filter(order_type=Order.Type.CHANGE).exists() and not Quote.objects.exists()


def test_a_protocol_without_the_word_offers_no_change() -> None:
    """saas-v2 §8.1: period SaaS alone."""
    held = changeable(service("license_v1"))
    with pytest.raises(Refused) as refused:
        change_ordered(held)
    assert refused.value.code == "change.not_spoken"
    assert nothing_ordered()


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("no case", "change.not_spoken"),
        ("frozen", "change.frozen"),
        ("expired", "change.expired"),
        ("the last hour", "change.too_late"),
        ("a renewal unpaid", "change.open"),
        ("no rule", "change.no_rule"),
        ("a lapsed rule", "change.no_rule"),
        ("sales stopped", "product.stopped"),
        ("trading frozen", "product.frozen"),
        ("less", "change.less"),
        ("fewer", "order.quantity"),
        ("too many", "order.quantity"),
        ("another quantity of another edition", "order.quantity"),
        ("a price of once upon a time", "change.no_price"),
        ("once", "change.not_possible"),
    ],
)
def test_what_stands_against_a_change_is_said_and_nothing_is_ordered(case: str, code: str) -> None:
    """business-rules §4.6: "resource effective, provisioned, no pending order"; the rule void if delisted, mode lost, or price
    inverted."""
    held = service(once=True) if case == "once" else changeable(service())
    offer, quantity, now, own = held.offer, 2, LATER, Offer.objects.filter(sku=held.offer.sku_id)
    match case:
        case "no case":
            Address.objects.update(proven=[])
        case "once":
            Address.objects.update(proven=["upgradeInstance"])
        case "frozen":
            freeze(held)
        case "expired":
            now = END
        case "the last hour":
            now = END - timedelta(minutes=20)
        case "a renewal unpaid":
            ordered(held)
        case "no rule":
            UpgradeRule.objects.all().delete()
            offer, quantity = large_of(held), 1
        case "a lapsed rule":
            UpgradeRule.objects.update(lapsed_at=LATER)
            offer, quantity = large_of(held), 1
        case "sales stopped":
            Product.objects.update(status=Product.Status.STOPPED)
        case "trading frozen":
            Product.objects.update(status=Product.Status.FROZEN)
        case "less":
            Offer.objects.filter(pk=large_of(held).pk).update(price_minor=9_999)
            offer, quantity = large_of(held), 1
        case "fewer":
            quantity = 1
        case "too many":
            quantity = 51
        case "another quantity of another edition":
            offer = large_of(held)
        case "a price of once upon a time":
            own.filter(period_type="year").update(currency="USD")
            own.filter(period_type="month").update(on_sale=False)
    with pytest.raises(Refused) as refused:
        change_ordered(held, offer, quantity, now=now)
    assert refused.value.code == code
    assert nothing_ordered()


def test_two_tabs_make_one_change() -> None:
    held = changeable(service())
    change_ordered(held)
    with pytest.raises(Refused) as refused:
        change_ordered(held, held.offer, 2)
    assert refused.value.code == "change.open"
    assert Order.objects.filter(order_type="CHANGE").count() == 1


def test_a_limit_of_a_quantity_holds_for_what_is_added_too() -> None:
    """business-rules §3.7: per user, quantity per attribute."""
    held = changeable(service())
    PurchaseLimit.objects.create(product=held.product, maximum=5)
    with pytest.raises(Refused) as refused:
        change_ordered(held, held.offer, 6)
    assert refused.value.code == "order.limit"
    assert nothing_ordered()
    changed(held, held.offer, 5)
    done(open_call(), now=LATER)
    with pytest.raises(Refused) as refused:
        change_ordered(held, held.offer, 6)
    assert refused.value.code == "order.limit"


def test_what_is_being_added_counts_for_other_purchases_until_it_is_given_up() -> None:
    """business-rules §3.7: quantity; refunded orders are not counted. A change that waits for its payment or its seller has its
    place, so that nobody buys past the limit meanwhile."""
    held = changeable(service())
    limit = PurchaseLimit.objects.create(product=held.product, maximum=6)
    change = change_ordered(held, held.offer, 5)
    assert used(limit, held.buyer_id, now=LATER) == LimitUse.objects.get().used == 5
    orders = Order.objects.count()
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(held.buyer, offer=held.offer, quantity=2, now=LATER)
    assert (Order.objects.count(), LimitUse.objects.get().used) == (orders, 5)
    cancel_order(change, now=LATER, actor="buyer")
    assert LimitUse.objects.get().used == 1
    make_order(held.buyer, offer=held.offer, quantity=5, now=LATER)
    assert LimitUse.objects.get().used == 6


# --- as it was quoted -------------------------------------------------------------------------------------------------


def test_a_quote_holds_past_the_hour_from_which_it_counts() -> None:
    """Issue 11: "valid as quoted until it expires"."""
    held = changeable(service())
    quote = quoted(held, large_of(held), 1)
    order = change_ordered(held, quote=quote, now=LATER + HOUR - timedelta(seconds=1))
    line, kept = OrderLine.objects.get(order=order), Quote.objects.get()
    assert (order.total_minor, kept.total_minor) == (FEE, FEE)
    assert line.change_terms is not None
    assert recompute(line.change_terms).minor == FEE


def test_an_expired_quote_is_asked_again() -> None:
    held = changeable(service())
    quote = quoted(held, large_of(held), 1)
    with pytest.raises(PriceChanged) as refused:
        change_ordered(held, quote=quote, now=LATER + HOUR)
    assert (refused.value.before, refused.value.now) == (Money(FEE, "CNY"), Money(10_000 * 670 // 744, "CNY"))
    assert nothing_ordered()


def test_a_price_that_changed_is_asked_again() -> None:
    held = changeable(service())
    quote = quoted(held, large_of(held), 1)
    Offer.objects.filter(pk=large_of(held).pk).update(price_minor=30_000)
    with pytest.raises(PriceChanged) as refused:
        change_ordered(held, quote=quote)
    assert (refused.value.before, refused.value.now) == (Money(FEE, "CNY"), Money(2 * FEE + 1, "CNY"))
    assert nothing_ordered()


@pytest.mark.parametrize("wrong", ["another choice", "another service's", "changed", "another buyer's"])
def test_a_quote_is_of_this_service_and_this_choice(wrong: str) -> None:
    held = changeable(service())
    quote = quoted(held, large_of(held), 1)
    offer, quantity = large_of(held), 1
    match wrong:
        case "another choice":
            offer, quantity = held.offer, 2
        case "another service's":
            other = changeable(service())
            Subscription.objects.filter(pk=other.pk).update(buyer=held.buyer)
            quote = quoted(again(other), large_of(other), 1)
        case "another buyer's":
            other = changeable(service())
            quote = quoted(other, large_of(other), 1)
        case "changed":
            quote = quote[:-1] + ("A" if quote[-1] != "A" else "B")
    with pytest.raises(Refused):
        change_ordered(held, offer, quantity, quote=quote)
    assert nothing_ordered()
