"""Renewals: who may renew, until when, at what price, and only one order at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product, make_subscription
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE, YEARLY, make_sku, make_spec
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.orders.buy import renew
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.renew import RenewService, place_renewal, renewal_options
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
"""A month after NOW."""
SEATS = make_sku(MONTHLY, YEARLY, values={"e": "s"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
LARGE = make_sku(MONTHLY, values={"e": "l"}, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
SPEC = make_spec(SEATS, LARGE, name="规格", name_en="Spec",
    attributes=[{"code": "e", "name": "版本", "name_en": "Edition", "values": [
        {"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}]}])  # fmt: skip


def make_service(*, quantity: int = 1) -> Subscription:
    offer = make_offer(make_product(specs=(SPEC,)))
    return make_subscription(make_order(make_buyer(balance="100000"), offer=offer, quantity=quantity, paid=True))


def renewal_choice(subscription: Subscription, **other: object) -> RenewService:
    fields = {
        "subscription": subscription.pk,
        "product_id": subscription.offer.product_id,
        "periods": 1,
        "agreed": True,
    }
    return RenewService(**(fields | other))  # type: ignore[arg-type]  # what a form may hold


def place(subscription: Subscription, *, now: datetime = NOW, **other: object) -> Order:
    return place_renewal(subscription.buyer, renewal_choice(subscription, **other), now=now, unpaid_timeout=DAY)


def refusal_code(subscription: Subscription, *, now: datetime = NOW, **other: object) -> str:
    """Return the code of the refusal and check that nothing was stored."""
    before = (Order.objects.count(), Job.objects.count())
    with pytest.raises(Refused) as error:
        place(subscription, now=now, **other)
    assert (Order.objects.count(), Job.objects.count()) == before
    return error.value.code


def test_renewal_is_an_order_for_the_service() -> None:
    """business-rules §4.1, §4.5: type RENEW, its own number, paid like any other."""
    subscription = make_service(quantity=7)
    order = place(subscription, periods=3)
    line = OrderLine.objects.get(order=order)
    assert (order.order_type, order.status, order.total) == ("RENEW", "unpaid", Money.of(2100, "CNY"))
    assert (line.subscription_id, line.quantity, line.period_number, line.linear) == (subscription.pk, 7, 3, True)
    assert Job.objects.get(kind=UNPAID_TIMEOUT, key=order.number).due_at == NOW + DAY
    pay_order(order, now=NOW)
    assert Event.objects.filter(name="order_paid").latest("pk").facts == {"v": 1, "order": order.number}
    assert ledger.money_in_clearing(order.number) == 210_000


def test_renewal_can_change_only_between_month_and_year() -> None:
    """saas-v2 §3.3: productId is sent when the renewal changes the period type; another edition is a change."""
    subscription = make_service()
    own = Offer.objects.filter(sku__spec__product=subscription.product).order_by("pk")
    month, year, large = own
    options = [(option.offer.pk, option.priced.periods, option.until) for option in renewal_options(subscription)]
    assert options == [
        (month.pk, 1, datetime(2026, 5, 1, 8, tzinfo=UTC)),
        (month.pk, 3, datetime(2026, 7, 1, 8, tzinfo=UTC)),
        (month.pk, 6, datetime(2026, 10, 1, 8, tzinfo=UTC)),
        (year.pk, 1, datetime(2027, 4, 1, 8, tzinfo=UTC)),
        (year.pk, 2, datetime(2028, 4, 1, 8, tzinfo=UTC)),
    ]
    assert refusal_code(subscription, product_id=large.product_id) == "renewal.other"
    assert refusal_code(subscription, product_id=make_offer().product_id) == "renewal.other"
    assert place(subscription, product_id=year.product_id, periods=2).total == Money.of(2000, "CNY")


def test_renewal_costs_the_current_price() -> None:
    """business-rules §16: the price of renewals is not stated; ours is the one that is on sale."""
    subscription = make_service()
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=12_345)
    assert place(subscription).total.minor == 12_345


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"agreed": False}, "order.agreement"),
        ({"periods": 2}, "order.periods"),
        ({"periods": 0}, "order.periods"),
        ({"product_id": "OFFI0"}, "offer.unknown"),
    ],
)
def test_invalid_choice_is_refused(other: dict[str, object], code: str) -> None:
    assert refusal_code(make_service(), **other) == code  # type: ignore[arg-type]  # what a form may hold


def test_service_of_a_stopped_product_cannot_be_renewed() -> None:
    """business-rules §2.8."""
    subscription = make_service()
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    assert refusal_code(subscription) == "offer.unknown"
    assert renewal_options(subscription) == []


def test_quantity_that_is_no_longer_offered_cannot_be_renewed() -> None:
    subscription = make_service(quantity=7)
    subscription.offer.sku.quantity_max = 5
    subscription.offer.sku.save()
    assert refusal_code(subscription) == "order.quantity"
    assert renewal_options(Subscription.objects.get(pk=subscription.pk)) == []


@pytest.mark.parametrize(("prices", "mode"), [((ONCE,), "ONE_TIME"), ((ON_DEMAND,), "ON_DEMAND")])
def test_one_time_and_on_demand_services_cannot_be_renewed(prices: tuple[Price, ...], mode: str) -> None:
    """business-rules §4.5: one-time and on-demand not renewable."""
    offer = make_offer(make_product(prices=prices), mode=mode)
    assert refusal_code(make_subscription(make_order(offer=offer, paid=True))) == "renewal.not_possible"


def test_package_cannot_be_renewed() -> None:
    """business-rules §3.2."""
    product, buyer = make_product(prices=(ON_DEMAND, PACKAGE)), make_buyer()
    make_subscription(make_order(buyer, offer=make_offer(product), paid=True))
    package = make_subscription(make_order(buyer, offer=make_offer(product, mode="ON_DEMAND_PKG"), paid=True))
    assert refusal_code(package) == "renewal.not_possible"


def test_service_can_be_renewed_until_the_end_of_the_retention() -> None:
    """business-rules §4.4: renewal in the retention counts from the original expiry; at its end the data goes."""
    subscription = make_service()
    SUBSCRIPTION.move(subscription, SubscriptionEvent.FREEZE, now=END)
    last = END + 2 * DAY  # a day of grace and one of retention, as the lowest level has them
    assert refusal_code(subscription, now=last) == "renewal.too_late"
    order = place(subscription, now=last - timedelta(hours=1))
    assert order.pay_before == last, "a later payment would miss the end of the retention"
    assert renewal_options(subscription)[0].until == datetime(2026, 5, 1, 8, tzinfo=UTC)
    with pytest.raises(Refused, match=r"renewal\.too_late"):
        pay_order(order, now=last)
    assert ledger.money_in_clearing(order.number) == 0


@pytest.mark.parametrize("released", [False, True])
def test_ending_service_cannot_be_renewed_or_paid(*, released: bool) -> None:
    """operations.md §2: renewals are refused before the seller is asked to delete it."""
    subscription = make_service()
    order = place(subscription)
    SUBSCRIPTION.move(subscription, SubscriptionEvent.END, now=NOW)
    if released:
        SUBSCRIPTION.move(subscription, SubscriptionEvent.RELEASE, now=NOW)
    with pytest.raises(Refused, match=r"renewal\.not_possible"):
        pay_order(order, now=NOW)
    assert Order.objects.get(pk=order.pk).status == "unpaid"
    assert ledger.money_in_clearing(order.number) == 0
    assert refusal_code(subscription) == "renewal.not_possible"


def test_only_one_renewal_order_at_a_time() -> None:
    """business-rules §4.1: a resource in an unpaid order blocks other operations. So two tabs make one renewal."""
    subscription = make_service()
    first = place(subscription)
    assert refusal_code(subscription) == "renewal.open"
    cancel_order(first, actor="buyer", now=NOW)
    second = place(subscription)
    pay_order(second, now=NOW)
    assert refusal_code(subscription) == "renewal.open"


def test_service_of_another_buyer_cannot_be_renewed() -> None:
    subscription = make_service()
    with pytest.raises(Subscription.DoesNotExist):
        place_renewal(make_buyer(), renewal_choice(subscription), now=NOW, unpaid_timeout=DAY)
    assert not Order.objects.filter(order_type="RENEW").exists()


def test_free_renewal_needs_no_payment() -> None:
    subscription = make_service()
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=0)
    order = renew(subscription.buyer, renewal_choice(subscription), now=NOW, unpaid_timeout=DAY)
    assert Order.objects.get(pk=order.pk).status == "processing"
    assert Decimal(order.total_minor) == 0


def test_renewal_is_refused_if_it_differs_from_the_page() -> None:
    """The service or its price changed after the page was loaded; the buyer must confirm the new price first."""
    subscription = make_service(quantity=2)
    option = renewal_options(subscription)[0]
    price, until = option.priced.total, option.until
    assert refusal_code(subscription, shown=(Money(price.minor - 1, "CNY"), until)) == "renewal.moved"
    assert refusal_code(subscription, shown=(price, until + DAY)) == "renewal.moved"
    assert place(subscription, shown=(price, until)).total == price
