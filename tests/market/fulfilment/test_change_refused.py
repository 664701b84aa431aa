"""Changes that are refused: by the state of the service, by a second tab, by a quote that no longer holds."""

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
from tradepost.market.orders.reserve import used_units
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
FEE = 90_18
"""100 more a month, over 671 of 744 hours."""


# --- refusals ---------------------------------------------------------------------------------------------------------


def no_change_ordered() -> bool:
    return not Order.objects.filter(order_type=Order.Type.CHANGE).exists() and not Quote.objects.exists()


def test_change_is_not_offered_without_a_protocol_activity() -> None:
    """saas-v2 §8.1: only SaaS by period."""
    subscription = changeable(service("license_v1"))
    with pytest.raises(Refused) as refusal:
        change_ordered(subscription)
    assert refusal.value.code == "change.not_spoken"
    assert no_change_ordered()


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
def test_impossible_change_is_refused_with_its_reason(case: str, code: str) -> None:
    """business-rules §4.6: "resource effective, provisioned, no pending order"; the rule void if delisted, mode lost, or price
    inverted."""
    subscription = service(once=True) if case == "once" else changeable(service())
    offer, quantity, now, source_offer = (
        subscription.offer,
        2,
        LATER,
        Offer.objects.filter(sku=subscription.offer.sku_id),
    )
    match case:
        case "no case":
            Address.objects.update(proven=[])
        case "once":
            Address.objects.update(proven=["upgradeInstance"])
        case "frozen":
            freeze(subscription)
        case "expired":
            now = END
        case "the last hour":
            now = END - timedelta(minutes=20)
        case "a renewal unpaid":
            ordered(subscription)
        case "no rule":
            UpgradeRule.objects.all().delete()
            offer, quantity = large_of(subscription), 1
        case "a lapsed rule":
            UpgradeRule.objects.update(lapsed_at=LATER)
            offer, quantity = large_of(subscription), 1
        case "sales stopped":
            Product.objects.update(status=Product.Status.STOPPED)
        case "trading frozen":
            Product.objects.update(status=Product.Status.FROZEN)
        case "less":
            Offer.objects.filter(pk=large_of(subscription).pk).update(price_minor=9_999)
            offer, quantity = large_of(subscription), 1
        case "fewer":
            quantity = 1
        case "too many":
            quantity = 51
        case "another quantity of another edition":
            offer = large_of(subscription)
        case "a price of once upon a time":
            source_offer.filter(period_type="year").update(currency="USD")
            source_offer.filter(period_type="month").update(on_sale=False)
    with pytest.raises(Refused) as refusal:
        change_ordered(subscription, offer, quantity, now=now)
    assert refusal.value.code == code
    assert no_change_ordered()


def test_two_tabs_make_one_change() -> None:
    subscription = changeable(service())
    change_ordered(subscription)
    with pytest.raises(Refused) as refusal:
        change_ordered(subscription, subscription.offer, 2)
    assert refusal.value.code == "change.open"
    assert Order.objects.filter(order_type="CHANGE").count() == 1


def test_quantity_limit_counts_the_added_quantity() -> None:
    """business-rules §3.7: per user, quantity per attribute."""
    subscription = changeable(service())
    PurchaseLimit.objects.create(product=subscription.product, maximum=5)
    with pytest.raises(Refused) as refusal:
        change_ordered(subscription, subscription.offer, 6)
    assert refusal.value.code == "order.limit"
    assert no_change_ordered()
    changed(subscription, subscription.offer, 5)
    done(open_call(), now=LATER)
    with pytest.raises(Refused) as refusal:
        change_ordered(subscription, subscription.offer, 6)
    assert refusal.value.code == "order.limit"


def test_pending_change_counts_for_the_limit_until_it_is_given_up() -> None:
    """business-rules §3.7: quantity; refunded orders are not counted. An open change reserves its quantity, so that
    nobody buys past the limit."""
    subscription = changeable(service())
    limit = PurchaseLimit.objects.create(product=subscription.product, maximum=6)
    change = change_ordered(subscription, subscription.offer, 5)
    assert used_units(limit, subscription.buyer_id, now=LATER) == LimitUse.objects.get().used == 5
    orders = Order.objects.count()
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(subscription.buyer, offer=subscription.offer, quantity=2, now=LATER)
    assert (Order.objects.count(), LimitUse.objects.get().used) == (orders, 5)
    cancel_order(change, now=LATER, actor="buyer")
    assert LimitUse.objects.get().used == 1
    make_order(subscription.buyer, offer=subscription.offer, quantity=5, now=LATER)
    assert LimitUse.objects.get().used == 6


# --- quotes -----------------------------------------------------------------------------------------------------------


def test_quote_is_valid_after_the_hour_of_its_price() -> None:
    """Issue 11: "valid as quoted until it expires"."""
    subscription = changeable(service())
    quote = quoted(subscription, large_of(subscription), 1)
    order = change_ordered(subscription, quote=quote, now=LATER + HOUR - timedelta(seconds=1))
    line, stored_quote = OrderLine.objects.get(order=order), Quote.objects.get()
    assert (order.total_minor, stored_quote.total_minor) == (FEE, FEE)
    assert line.change_terms is not None
    assert recompute(line.change_terms).minor == FEE


def test_expired_quote_needs_confirmation() -> None:
    subscription = changeable(service())
    quote = quoted(subscription, large_of(subscription), 1)
    with pytest.raises(PriceChanged) as error:
        change_ordered(subscription, quote=quote, now=LATER + HOUR)
    assert (error.value.before, error.value.now) == (Money(FEE, "CNY"), Money(10_000 * 670 // 744, "CNY"))
    assert no_change_ordered()


def test_changed_price_needs_confirmation() -> None:
    subscription = changeable(service())
    quote = quoted(subscription, large_of(subscription), 1)
    Offer.objects.filter(pk=large_of(subscription).pk).update(price_minor=30_000)
    with pytest.raises(PriceChanged) as error:
        change_ordered(subscription, quote=quote)
    assert (error.value.before, error.value.now) == (Money(FEE, "CNY"), Money(2 * FEE + 1, "CNY"))
    assert no_change_ordered()


@pytest.mark.parametrize("wrong", ["another choice", "another service's", "changed", "another buyer's"])
def test_quote_is_bound_to_service_and_choice(wrong: str) -> None:
    subscription = changeable(service())
    quote = quoted(subscription, large_of(subscription), 1)
    offer, quantity = large_of(subscription), 1
    match wrong:
        case "another choice":
            offer, quantity = subscription.offer, 2
        case "another service's":
            other = changeable(service())
            Subscription.objects.filter(pk=other.pk).update(buyer=subscription.buyer)
            quote = quoted(again(other), large_of(other), 1)
        case "another buyer's":
            other = changeable(service())
            quote = quoted(other, large_of(other), 1)
        case "changed":
            quote = quote[:-1] + ("A" if quote[-1] != "A" else "B")
    with pytest.raises(Refused):
        change_ordered(subscription, offer, quantity, quote=quote)
    assert no_change_ordered()
