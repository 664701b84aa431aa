"""On-demand and package orders: price and quota, what a package requires, and that free orders move no money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.buying import make_subscription
from tests.factories.products import MONTHLY, ON_DEMAND, PACKAGE
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment import order_paid
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.place import PlaceOrder, price_choice
from tradepost.market.orders.pricing import Tariff, calculate_price
from tradepost.market.payments import debts, ledger
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.subscriptions.models import Subscription

HOUR = timedelta(hours=1)


def metered_product() -> tuple[Product, Offer, Offer]:
    product = make_product(prices=(ON_DEMAND, PACKAGE))
    return product, make_offer(product), make_offer(product, mode="ON_DEMAND_PKG")


def order(buyer: User, offer: Offer, *, periods: int = 1) -> Order:
    command = PlaceOrder(product_id=offer.product_id, agreed=True, periods=periods)
    return Order.objects.get(pk=buy(buyer, command, now=NOW, unpaid_timeout=HOUR).pk)


@given(st.integers(1, 10**9), st.integers(1, 10**4), st.integers(1, 120), st.decimals("0.0001", "1000000", places=4))
def test_quota_of_a_package_grows_with_the_price(unit: int, quantity: int, periods: int, quota: Decimal) -> None:
    """Our choice where the documents are silent: like the price, the quota is per period and unit of quantity."""
    priced = calculate_price(Tariff(currency="CNY", unit_minor=unit, quota=quota), quantity=quantity, periods=periods)
    assert priced.quota == quota * quantity * periods
    assert priced.total.minor * quota == priced.quota * unit, "the price per unit of usage is constant"
    assert priced.quota.as_tuple().exponent == -4


@pytest.mark.django_db
def test_quote_of_each_mode() -> None:
    _product, on_demand, package = metered_product()
    opening = price_choice(on_demand, quantity=1, periods=9)
    assert (opening.total.minor, opening.periods, opening.quota) == (0, 1, Decimal(0))
    three_periods = price_choice(package, quantity=1, periods=3)
    assert (three_periods.total, three_periods.quota) == (Money.of(60, "CNY"), Decimal(30_000))
    with pytest.raises(Refused, match=r"order\.periods"):
        price_choice(package, quantity=1, periods=2)


@pytest.mark.django_db
def test_free_order_is_opened_at_once_and_moves_no_money() -> None:
    _product, on_demand, _package = metered_product()
    placed = order(make_buyer(balance="0"), on_demand)
    assert (placed.status, placed.total_minor, placed.paid_at) == ("processing", 0, NOW)
    assert Event.objects.get(name="order_paid").facts == {"v": 1, "order": placed.number}
    assert not Job.objects.exists(), "no payment timeout is scheduled"
    line = OrderLine.objects.get(order=placed)
    assert (line.period_type, line.period_number, line.usage_price, line.usage_unit_en, line.quota) == (
        "", 0, Decimal("0.0025"), "calls", Decimal(0),
    )  # fmt: skip
    complete_order(placed, now=NOW)
    assert not Transfer.objects.exists()
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_undelivered_free_order_is_refunded_without_a_transfer() -> None:
    """business-rules §4.2: refunded in full, which is nothing."""
    _product, on_demand, _package = metered_product()
    placed = order(make_buyer(balance="10"), on_demand)
    give_up_order(placed, now=NOW, reason="000005")
    assert Order.objects.get().status == "refunded"
    assert set(Transfer.objects.values_list("reason", flat=True)) == {"top_up"}
    assert Account.objects.get(kind="buyer").balance == Money.of(10, "CNY")
    assert ledger.verify().problems == ()


@pytest.mark.django_db
def test_order_with_a_price_stays_unpaid() -> None:
    placed = order(make_buyer(), make_offer(prices=(MONTHLY,)))
    assert (placed.status, placed.paid_at) == ("unpaid", None)
    assert not Event.objects.filter(name="order_paid").exists()


@pytest.mark.django_db
def test_package_keeps_its_terms_when_the_offer_changes() -> None:
    _product, on_demand, package = metered_product()
    buyer = make_buyer()
    make_subscription(make_order(buyer, offer=on_demand, paid=True))
    placed = order(buyer, package, periods=3)
    Offer.objects.filter(pk=package.pk).update(quota=1, usage_unit="次")
    line = OrderLine.objects.get(order=placed)
    assert (placed.status, placed.total, line.quota, line.usage_unit, line.period_number) == (
        "unpaid", Money.of(60, "CNY"), Decimal(30_000), "次调用", 3,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["", "opening", "frozen", "released", "failed"])
def test_package_requires_the_same_product_on_demand_and_active(status: str) -> None:
    """business-rules §3.2: requires on-demand opened first."""
    _product, on_demand, package = metered_product()
    _other, other_product_offer, _ = metered_product()
    buyer = make_buyer()
    make_subscription(make_order(buyer, offer=other_product_offer, paid=True))
    make_subscription(make_order(make_buyer(), offer=on_demand, paid=True))
    if status:
        own = make_subscription(make_order(buyer, offer=on_demand, paid=True))
        Subscription.objects.filter(pk=own.pk).update(status=status)
    before = Order.objects.count()
    with pytest.raises(Refused) as error:
        order(buyer, package)
    assert (error.value.code, error.value.field) == ("order.needs_on_demand", "product_id")
    assert Order.objects.count() == before


@pytest.mark.django_db
def test_buyer_with_arrears_cannot_open_on_demand_services() -> None:
    """business-rules §4.4: on-demand arrears. Prepaid orders create no debt; debts of other buyers do not matter."""
    _product, on_demand, package = metered_product()
    buyer, seller = make_buyer(balance="50"), make_seller()
    make_subscription(make_order(buyer, offer=on_demand, paid=True))
    debts.book_debt(buyer, seller, Money.of("2.50", "CNY"), reference="1", now=NOW)
    orders, jobs, events = Order.objects.count(), Job.objects.count(), Event.objects.count()
    with pytest.raises(Refused) as error:
        order(buyer, on_demand)
    assert (error.value.code, error.value.field, error.value.status) == ("order.arrears", "product_id", 409)
    assert "2.50" in error.value.message
    assert (Order.objects.count(), Job.objects.count(), Event.objects.count()) == (orders, jobs, events)
    assert order(buyer, package).status == "unpaid"
    assert order(make_buyer(), on_demand).status != "unpaid"
    debts.collect(buyer, seller, Money.of("2.50", "CNY"), reference="1", now=NOW)
    assert order(buyer, on_demand).status != "unpaid"


@pytest.mark.django_db
def test_package_paid_after_its_on_demand_service_ended_is_refunded_without_a_call() -> None:
    _product, on_demand, package = metered_product()
    buyer = make_buyer(balance="50")
    service = make_subscription(make_order(buyer, offer=on_demand, paid=True))
    placed = make_order(buyer, offer=package, paid=True)
    assert ledger.buyer_account(buyer, "CNY").balance == Money.of(30, "CNY")
    Subscription.objects.filter(pk=service.pk).update(status="released")
    order_paid.on_order_paid(OrderPaid(order=placed.number), NOW)
    assert Order.objects.get(pk=placed.pk).status == "refunded"
    assert ledger.buyer_account(buyer, "CNY").balance == Money.of(50, "CNY")
    assert Subscription.objects.count() == 1
    assert ledger.verify().problems == ()
