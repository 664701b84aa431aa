"""Sales controls at checkout: audience, limits, stock, trials, frozen and stopped trading (business-rules §2.8, §3.5, §3.7).
A refused order changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product, make_subscription
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, YEARLY, make_sku, make_spec
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.values import replace
from tradepost.market.catalog import controls, delist, trading
from tradepost.market.catalog.models import Offer, Product, PurchaseLimit, Spec, Stock
from tradepost.market.identity.models import User
from tradepost.market.orders import cancel
from tradepost.market.orders.buy import buy
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import LimitUse, Order, OrderLine, TrialUse
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import UNPAID_TIMEOUT, PlaceOrder
from tradepost.market.orders.renew import RenewService, place_renewal, renewal_options
from tradepost.market.orders.reserve import used_units
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
SEATS = make_sku(MONTHLY, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)


def order(buyer: User, offer: Offer, *, quantity: int = 1, periods: int = 1, now: datetime = NOW) -> Order:
    command = PlaceOrder(product_id=offer.product_id, quantity=quantity, periods=periods, agreed=True)
    return Order.objects.get(pk=buy(buyer, command, now=now, unpaid_timeout=HOUR).pk)


def refuse_order(buyer: User, offer: Offer, code: str, *, quantity: int = 1, periods: int = 1) -> Refused:
    """Check that the order is refused with the code and changes nothing. Return the refusal."""
    before = (Order.objects.count(), list(Stock.objects.values_list("used", flat=True)), LimitUse.objects.count())
    with pytest.raises(Refused) as error:
        order(buyer, offer, quantity=quantity, periods=periods)
    assert error.value.code == code
    after = (Order.objects.count(), list(Stock.objects.values_list("used", flat=True)), LimitUse.objects.count())
    assert after == before, "nothing changed"
    return error.value


def limited_offer(maximum: int, *, until_expiry: bool = False, of_spec: bool = False) -> Offer:
    product = make_product(specs=(make_spec(SEATS), make_spec(make_sku(YEARLY), name="企业版", name_en="Business")))
    key = Spec.objects.get(product=product, position=0).key if of_spec else ""
    controls.set_limit(product, maximum=maximum, until_expiry=until_expiry, spec_key=key, now=NOW, by="s")
    return make_offer(product)


# --- purchase limits --------------------------------------------------------------------------------------------------


def test_limit_of_one_allows_one_order_of_any_quantity() -> None:
    buyer, offer = make_buyer(), limited_offer(1)
    order(buyer, offer, quantity=50)
    assert refuse_order(buyer, offer, "order.limit").field == "quantity"
    order(make_buyer(), offer)


def test_limit_counts_quantities_over_orders_and_specs() -> None:
    buyer, offer = make_buyer(), limited_offer(10)
    yearly = Offer.objects.get(period_type="year")
    order(buyer, offer, quantity=6)
    refuse_order(buyer, offer, "order.limit", quantity=5)
    order(buyer, yearly)
    order(buyer, offer, quantity=3)
    assert "10" in refuse_order(buyer, yearly, "order.limit").message
    assert LimitUse.objects.get().used == 10


def test_limit_of_a_spec_does_not_affect_the_others() -> None:
    buyer, offer = make_buyer(), limited_offer(1, of_spec=True)
    order(buyer, offer)
    refuse_order(buyer, offer, "order.limit")
    for _ in range(3):
        order(buyer, Offer.objects.get(period_type="year"))


def test_cancelled_expired_and_refunded_orders_do_not_count() -> None:
    """business-rules §3.7: refunded orders are not counted."""
    buyer, offer = make_buyer(balance="1000"), limited_offer(1)
    cancel.cancel_order(order(buyer, offer), actor="buyer", now=NOW)
    assert LimitUse.objects.get().used == 0
    order(buyer, offer)
    jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=NOW + HOUR)
    paid = order(buyer, offer, now=NOW + HOUR)
    pay_order(paid, now=NOW + HOUR)
    refuse_order(buyer, offer, "order.limit")
    paid.refresh_from_db()
    give_up_order(paid, now=NOW + HOUR, reason="test")
    assert LimitUse.objects.get().used == 0
    order(buyer, offer, now=NOW + HOUR)


@pytest.mark.parametrize("until_expiry", [True, False])
def test_limit_can_end_when_the_service_expires(until_expiry: bool) -> None:
    """business-rules §3.7: "limited until resource expires"."""
    buyer, offer = make_buyer(balance="1000"), limited_offer(1, until_expiry=until_expiry)
    make_subscription(make_order(buyer, offer=offer, paid=True))
    refuse_order(buyer, offer, "order.limit")
    later = NOW + timedelta(days=40)
    assert used_units(PurchaseLimit.objects.get(), buyer.pk, now=later) == (0 if until_expiry else 1)
    Subscription.objects.update(expires_at=None, status=Subscription.Status.RELEASED)
    assert used_units(PurchaseLimit.objects.get(), buyer.pk, now=NOW) == (0 if until_expiry else 1)


def test_on_demand_is_not_limited_and_earlier_orders_count() -> None:
    product = make_product(prices=(MONTHLY, ON_DEMAND))
    buyer, monthly, usage = make_buyer(), make_offer(product), make_offer(product, mode="ON_DEMAND")
    order(buyer, monthly)
    controls.set_limit(product, maximum=1, until_expiry=False, now=NOW, by="s")
    refuse_order(buyer, monthly, "order.limit")
    for _ in range(2):
        order(buyer, usage)


# --- audience ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("audience", "certified", "sold"), [
    ("companies", "company", True), ("companies", "person", False), ("companies", "", False),
    ("people", "person", True), ("people", "company", False), ("people", "", False),
])  # fmt: skip
def test_audience_follows_the_certified_customer_type(audience: str, certified: str, sold: bool) -> None:
    """§3.7: "everyone / enterprise / individual". The company name on the profile is typed by the buyer and decides nothing."""
    offer = make_offer()
    controls.set_target(offer.sku.spec.product, audience=audience, now=NOW, by="s")
    buyer = make_buyer(company="" if certified == "company" else "蓝天公司", customer_type=certified)
    if sold:
        order(buyer, offer)
    else:
        refusal = refuse_order(buyer, offer, "order.not_for_you")
        assert refusal.status == 403
        assert offer.sku.spec.product.seller.contact_email in refusal.message, (
            "a blocked buyer is told to contact the seller"
        )


def test_only_listed_buyers_can_order_until_the_target_changes() -> None:
    buyer, other, offer = make_buyer(), make_buyer(), make_offer()
    product = offer.sku.spec.product
    controls.set_target(product, audience="listed", now=NOW, by="s")
    refuse_order(buyer, offer, "order.not_for_you")
    controls.set_target(product, audience="listed", buyers=[(buyer.customer_id, buyer.email.upper())], now=NOW, by="s")
    order(buyer, offer)
    refuse_order(other, offer, "order.not_for_you")
    controls.set_target(product, audience="listed", buyers=[(buyer.customer_id, other.email)], now=NOW, by="s")
    refuse_order(buyer, offer, "order.not_for_you")
    controls.remove_target(product, now=NOW, by="s")
    order(other, offer)


def test_only_holders_of_a_linked_product_can_order() -> None:
    base = make_offer()
    addon = make_offer(make_product(base.sku.spec.product.seller))
    controls.set_target(addon.sku.spec.product, audience="holders", holders_of=base.sku.spec.product, now=NOW, by="s")
    buyer = make_buyer(balance="1000")
    refuse_order(buyer, addon, "order.not_for_you")
    bought = make_order(buyer, offer=base, paid=True)
    refuse_order(buyer, addon, "order.not_for_you")
    complete_order(bought, now=NOW)
    order(buyer, addon)


def test_target_of_a_spec_does_not_affect_the_others() -> None:
    product = make_product(specs=(make_spec(SEATS), make_spec(make_sku(YEARLY), name="企业版", name_en="Business")))
    key = Spec.objects.get(product=product, position=1).key
    controls.set_target(product, audience="listed", spec_key=key, now=NOW, by="s")
    order(make_buyer(), make_offer(product))
    refuse_order(make_buyer(), Offer.objects.get(period_type="year"), "order.not_for_you")


# --- stock ------------------------------------------------------------------------------------------------------------


def offer_with_stock(total: int) -> Offer:
    product = make_product(
        specs=(make_spec(make_sku(ONCE, quantity_name="台", quantity_name_en="units", quantity_max=50)),)
    )
    Stock.objects.create(product=product, total=total)
    return make_offer(product)


def test_stock_is_reserved_at_order_and_released() -> None:
    """shelf §8: stock is reserved at order; §6: stock use = the sum over lines."""
    buyer, offer = make_buyer(balance="100000"), offer_with_stock(10)
    first, second = order(buyer, offer, quantity=4), order(buyer, offer, quantity=5)
    assert Stock.objects.get().used == 9
    assert "1" in refuse_order(buyer, offer, "order.sold_out", quantity=2).message
    cancel.cancel_order(first, actor="buyer", now=NOW)
    pay_order(second, now=NOW)
    assert Stock.objects.get().used == 5
    second.refresh_from_db()
    give_up_order(second, now=NOW, reason="test")
    assert Stock.objects.get().used == 0
    assert not Event.objects.filter(name="stock_empty").exists()


def test_seller_is_notified_once_each_time_stock_runs_out() -> None:
    """business-rules §3.7: 0 → message to seller."""
    buyer, offer = make_buyer(), offer_with_stock(2)
    order(buyer, offer)
    assert not Event.objects.filter(name="stock_empty").exists()
    last = order(buyer, offer)
    assert Event.objects.filter(name="stock_empty").count() == 1
    refuse_order(buyer, offer, "order.sold_out")
    assert sum(OrderLine.objects.values_list("stock_taken", flat=True)) == Stock.objects.get().used == 2
    cancel.cancel_order(last, actor="buyer", now=NOW)
    order(buyer, offer)
    assert Event.objects.filter(name="stock_empty").count() == 2


# --- trials -----------------------------------------------------------------------------------------------------------


def trial_product() -> tuple[Product, Offer, Offer]:
    product = make_product(prices=(MONTHLY, TRIAL))
    return product, make_offer(product), Offer.objects.get(trial=True)


def test_trial_is_a_free_order_that_a_buyer_gets_once() -> None:
    """business-rules §3.5: 3–180 days, order amount 0."""
    _product, monthly, free = trial_product()
    buyer = make_buyer()
    trial_order = order(buyer, free, periods=15)
    line = OrderLine.objects.get()
    assert (trial_order.order_type, trial_order.total_minor, trial_order.status) == ("TRIAL", 0, "processing")
    assert (line.period_type, line.period_number) == ("day", 15)
    refuse_order(buyer, free, "order.trial_used", periods=15)
    order(make_buyer(), free, periods=15)
    assert order(buyer, monthly).order_type == "NEW"


def test_undelivered_trial_can_be_ordered_again() -> None:
    _product, _monthly, free = trial_product()
    buyer = make_buyer()
    trial_order = order(buyer, free, periods=15)
    give_up_order(trial_order, now=NOW, reason="test")
    assert not TrialUse.objects.exists()
    order(buyer, free, periods=15)


def test_trial_cannot_be_renewed_or_used_as_a_renewal() -> None:
    _product, monthly, free = trial_product()
    buyer = make_buyer(balance="1000")
    trial_service = make_subscription(order(buyer, free, periods=15))
    assert trial_service.expires_at == NOW + timedelta(days=15)
    assert renewal_options(trial_service) == []
    paid_service = make_subscription(make_order(buyer, offer=monthly, paid=True))
    assert {option.offer.pk for option in renewal_options(paid_service)} == {monthly.pk}
    for subscription, product_id, code in (
        (trial_service, monthly.product_id, "renewal.not_possible"),
        (paid_service, free.product_id, "renewal.other"),
    ):
        with pytest.raises(Refused) as error:
            command = RenewService(subscription=subscription.pk, product_id=product_id, periods=1, agreed=True)
            place_renewal(buyer, command, now=NOW, unpaid_timeout=HOUR)
        assert error.value.code == code


def test_trial_does_not_count_toward_a_limit() -> None:
    product, monthly, free = trial_product()
    controls.set_limit(product, maximum=1, until_expiry=False, now=NOW, by="s")
    buyer = make_buyer()
    order(buyer, free, periods=15)
    order(buyer, monthly)
    refuse_order(buyer, monthly, "order.limit")


# --- frozen and stopped trading ---------------------------------------------------------------------------------------


def test_frozen_product_cannot_be_bought_or_paid_but_can_be_renewed() -> None:
    """shelf §5: product.frozen (also at payment) 409; §8: frozen products stay renewable."""
    buyer, offer = make_buyer(balance="1000"), make_offer()
    product = offer.sku.spec.product
    service = make_subscription(make_order(buyer, offer=offer, paid=True))
    in_flight = order(buyer, offer)
    trading.freeze(product, cause="interface does not answer", actor="op", now=NOW)
    assert refuse_order(buyer, offer, "product.frozen").status == 409
    before = ledger.buyer_account(buyer, "CNY").balance
    with pytest.raises(Refused, match=r"product\.frozen"):
        pay_order(in_flight, now=NOW)
    assert (Order.objects.get(pk=in_flight.pk).status, ledger.buyer_account(buyer, "CNY").balance) == ("unpaid", before)
    command = RenewService(subscription=service.pk, product_id=offer.product_id, periods=1, agreed=True)
    pay_order(place_renewal(buyer, command, now=NOW, unpaid_timeout=HOUR), now=NOW)
    trading.unfreeze(product, actor="op", now=NOW)
    pay_order(in_flight, now=NOW)


def test_stopped_product_cannot_be_bought_paid_or_renewed_but_runs_to_its_end() -> None:
    """business-rules §2.8: existing instances keep running until expiry."""
    buyer, offer = make_buyer(balance="1000"), make_offer()
    subscription = make_subscription(make_order(buyer, offer=offer, paid=True))
    in_flight = order(buyer, offer)
    delist.stop(offer.sku.spec.product, reason="end of life", actor="op", now=NOW)
    refuse_order(buyer, offer, "offer.unknown")
    with pytest.raises(Refused, match=r"product\.stopped"):
        pay_order(in_flight, now=NOW)
    subscription = Subscription.objects.select_related("offer").get(pk=subscription.pk)
    assert renewal_options(subscription) == []
    assert (subscription.status, subscription.expires_at) == ("active", datetime(2026, 4, 1, 8, tzinfo=NOW.tzinfo))


def test_hidden_product_and_spec_can_be_bought_by_link() -> None:
    """business-rules §2.8: store and search hide it, URL still sells."""
    offer = make_offer()
    product = offer.sku.spec.product
    controls.hide(product, now=NOW, by="s")
    controls.hide_spec(product, offer.sku.spec.key, hidden=True, now=NOW, by="s")
    order(make_buyer(), offer)
