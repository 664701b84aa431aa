"""Actions of buyers in the store: order, try, renew, pay, cancel."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.orders.align import DAYS
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.orders.renew import RenewService, align_renewal, renewal_options
from tradepost.market.subscriptions.models import Subscription

from .looking import UNPAID_TIMEOUT, FormSubmission, PageVisit, check_price, choose_service


def buy_product(look: PageVisit) -> FormSubmission | None:
    offers = Offer.objects.select_related("sku__spec__product").filter(on_sale=True, trial=False)
    return _order(look, look.one_of(list(offers.order_by("pk"))))


def try_product(look: PageVisit) -> FormSubmission | None:
    offers = Offer.objects.select_related("sku__spec__product").filter(on_sale=True, trial=True)
    return _order(look, look.one_of(list(offers.order_by("pk"))))


def _order(look: PageVisit, offer: Offer | None) -> FormSubmission | None:
    if offer is None:
        return None
    quantity = look.chance.randint(offer.sku.quantity_min, min(offer.sku.quantity_max, 4))
    periods = look.chance.choice(offer.period_numbers) if offer.period_numbers else 1
    command = PlaceOrder(
        product_id=offer.product_id, quantity=quantity, periods=periods, agreed=True,
        idempotency_key=f"form-{look.chance.randrange(10**12)}",
    )  # fmt: skip
    unit_price = Money(offer.price_minor, offer.currency).major
    displayed_price = Decimal(0) if offer.trial else unit_price * quantity * periods

    def do(now: datetime) -> Order:
        return check_price(buy(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT), displayed_price)

    name = offer.sku.spec.product.slug
    verb = "tries" if offer.trial else "buys"
    return FormSubmission(
        words=f"{look.buyer} {verb} {quantity} {name} for {periods} {offer.period_type or 'ever'}", do=do
    )


def renew_service(look: PageVisit) -> FormSubmission | None:
    """Renew for one of the durations, sometimes until the buyer's day of the month."""
    service = choose_service(look)
    day = look.chance.choice(DAYS) if look.chance.random() < 0.3 else 0
    option = look.one_of(_renewals(service, day)) if service is not None else None
    if service is None or option is None:
        return None
    product_id, periods, displayed_price, _until = option
    command = RenewService(subscription=service.pk, product_id=product_id, periods=periods, agreed=True, align_day=day)

    def do(now: datetime) -> Order:
        # Like the page: a buyer cannot order an option that is no longer offered.
        if option not in _renewals(Subscription.objects.select_related("buyer", "offer").get(pk=service.pk), day):
            raise Refused("renewal.moved", "prices or dates have changed")
        return check_price(renew(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT), displayed_price)

    words = f"{look.buyer} renews service {service.pk} for {periods} periods{f', to day {day}' if day else ''}"
    return FormSubmission(words=words, do=do, about=service.pk)


type RenewalChoice = tuple[str, int, Decimal, datetime]
"""A renewal option: offer, periods, price, new end."""


def _renewals(service: Subscription, day: int) -> list[RenewalChoice]:
    options = []
    for option in renewal_options(service):
        alignment = align_renewal(service, option.until, day) if day else None
        if bool(day) == bool(alignment):
            minor = option.offer.price_minor * service.quantity * option.priced.periods
            costs = Money(minor + (alignment.extra_minor if alignment else 0), option.offer.currency).major
            until = alignment.until if alignment else option.until
            options.append((option.offer.product_id, option.priced.periods, costs, until))
    return options


def pay(order: Order) -> FormSubmission:
    def do(now: datetime) -> None:
        pay_order(order, now=now)

    return FormSubmission(words=f"{order.buyer} pays order {order.pk}", do=do, about=subscription_of(order))


def subscription_of(order: Order) -> int | None:
    return order.lines.values_list("subscription_id", flat=True).first()


def _unpaid(look: PageVisit) -> Order | None:
    unpaid_orders = Order.objects.select_related("buyer").filter(buyer=look.buyer, status=Order.Status.UNPAID)
    return look.one_of(list(unpaid_orders.order_by("pk")))


def pay_unpaid(look: PageVisit) -> FormSubmission | None:
    order = _unpaid(look)
    return pay(order) if order is not None else None


def cancel(look: PageVisit) -> FormSubmission | None:
    order = _unpaid(look)
    if order is None:
        return None

    def do(now: datetime) -> None:
        cancel_order(order, actor=look.buyer.email, now=now)

    return FormSubmission(words=f"{look.buyer} cancels order {order.pk}", do=do, about=subscription_of(order))
