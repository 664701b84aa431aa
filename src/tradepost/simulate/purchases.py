"""What buyers do at the store: order, try, renew, pay, cancel."""

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

from .looking import UNPAID_TIMEOUT, Look, Post, as_shown, held_by


def buys(look: Look) -> Post | None:
    offers = Offer.objects.select_related("sku__spec__product").filter(on_sale=True, trial=False)
    return _order(look, look.one_of(list(offers.order_by("pk"))))


def tries(look: Look) -> Post | None:
    offers = Offer.objects.select_related("sku__spec__product").filter(on_sale=True, trial=True)
    return _order(look, look.one_of(list(offers.order_by("pk"))))


def _order(look: Look, offer: Offer | None) -> Post | None:
    if offer is None:
        return None
    quantity = look.chance.randint(offer.sku.quantity_min, min(offer.sku.quantity_max, 4))
    periods = look.chance.choice(offer.period_numbers) if offer.period_numbers else 1
    command = PlaceOrder(
        product_id=offer.product_id, quantity=quantity, periods=periods, agreed=True,
        idempotency_key=f"form-{look.chance.randrange(10**12)}",
    )  # fmt: skip
    each = Money(offer.price_minor, offer.currency).major
    shown = Decimal(0) if offer.trial else each * quantity * periods

    def do(now: datetime) -> Order:
        return as_shown(buy(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT), shown)

    name = offer.sku.spec.product.slug
    what = "tries" if offer.trial else "buys"
    return Post(words=f"{look.buyer} {what} {quantity} {name} for {periods} {offer.period_type or 'ever'}", do=do)


def renews(look: Look) -> Post | None:
    """For one of its durations, now and then until the buyer's day of the month."""
    held = held_by(look)
    day = look.chance.choice(DAYS) if look.chance.random() < 0.3 else 0
    seen = look.one_of(_renewals(held, day)) if held is not None else None
    if held is None or seen is None:
        return None
    product_id, periods, shown, _until = seen
    command = RenewService(subscription=held.pk, product_id=product_id, periods=periods, agreed=True, align_day=day)

    def do(now: datetime) -> Order:
        # As the page does: nobody orders what it did not show.
        if seen not in _renewals(Subscription.objects.select_related("buyer", "offer").get(pk=held.pk), day):
            raise Refused("renewal.moved", "prices or dates have changed")
        return as_shown(renew(look.buyer, command, now=now, unpaid_timeout=UNPAID_TIMEOUT), shown)

    words = f"{look.buyer} renews service {held.pk} for {periods} periods{f', to day {day}' if day else ''}"
    return Post(words=words, do=do, about=held.pk)


type Seen = tuple[str, int, Decimal, datetime]
"""A way to renew: offer, periods, price, until when."""


def _renewals(held: Subscription, day: int) -> list[Seen]:
    found = []
    for option in renewal_options(held):
        aligned = align_renewal(held, option.until, day) if day else None
        if bool(day) == bool(aligned):
            minor = option.offer.price_minor * held.quantity * option.priced.periods
            costs = Money(minor + (aligned.extra_minor if aligned else 0), option.offer.currency).major
            until = aligned.until if aligned else option.until
            found.append((option.offer.product_id, option.priced.periods, costs, until))
    return found


def pay(order: Order) -> Post:
    def do(now: datetime) -> None:
        pay_order(order, now=now)

    return Post(words=f"{order.buyer} pays order {order.pk}", do=do, about=about_of(order))


def about_of(order: Order) -> int | None:
    return order.lines.values_list("subscription_id", flat=True).first()


def _unpaid(look: Look) -> Order | None:
    own = Order.objects.select_related("buyer").filter(buyer=look.buyer, status=Order.Status.UNPAID)
    return look.one_of(list(own.order_by("pk")))


def pays(look: Look) -> Post | None:
    order = _unpaid(look)
    return pay(order) if order is not None else None


def cancels(look: Look) -> Post | None:
    order = _unpaid(look)
    if order is None:
        return None

    def do(now: datetime) -> None:
        cancel_order(order, actor=look.buyer.email, now=now)

    return Post(words=f"{look.buyer} cancels order {order.pk}", do=do, about=about_of(order))
