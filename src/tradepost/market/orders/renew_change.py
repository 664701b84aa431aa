"""Renew a service as another edition of the same specification or with another quantity (business-rules §4.5, saas-v2
§8.1).

Possible near the end of the service, at the target's present price, after a call asks the seller whether it can
(``fulfilment/renew_changing.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.models import Subscription

from . import quotes
from .agreements import accept
from .changes import check_no_open_change
from .convert import WithinSpec, check_within
from .models import Order
from .place import find_offer, price_choice, store_line, store_unpaid
from .pricing import PricedChoice
from .renew import check_renewable
from .reserve import reserve_added


def place_changed_renewal(
    buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta, days_before: int
) -> Order:
    """Store the unpaid order. The service must belong to the buyer. Raises ``Refused`` and then stores nothing.

    ``days_before``: days before the end from which a renewal may change the service.
    """
    with transaction.atomic():
        # The lock of the subscription makes sure that two tabs create one order.
        subscription = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("offer__sku", "buyer")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_renewable(subscription, now=now)
        offer, price = check_target(
            subscription, command.product_id, quantity=command.quantity, periods=command.periods, now=now,
            days_before=days_before,
        )  # fmt: skip
        acceptance = accept(
            offer.sku.spec.product, agreed=command.agreed, shown_stamp=command.agreements,
            pay_within=unpaid_timeout, now=now,
        )  # fmt: skip
        shown_quote = (
            quotes.check_quote(quotes.read_quote(buyer, command.quote), offer, price, now=now)
            if command.quote
            else None
        )
        order = store_unpaid(
            buyer, Order.Type.RENEW, price.total, now=now, pay_before=min(now + unpaid_timeout, last_moment)
        )
        line = store_line(order, offer, price, subscription=subscription, accepted=acceptance, now=now)
        if price.quantity > subscription.quantity:
            reserve_added(line, before=subscription.quantity)
        if shown_quote is not None:
            quotes.store_quote(shown_quote, order, offer, price, now=now)
    return order


def check_target(
    subscription: Subscription, product_id: str, *, quantity: int, periods: int, now: datetime, days_before: int
) -> tuple[Offer, PricedChoice]:
    """Return the target offer and its price. Raises ``Refused`` if the renewal is not possible now or changes nothing."""
    check_renewable(subscription, now=now)
    check_near_end(subscription, now=now, days_before=days_before)
    check_no_open_change(subscription)
    offer = find_offer(product_id, renewed=True)
    check_within(subscription, offer)
    if keeps_edition_and_quantity(subscription, offer, quantity):
        raise Refused(
            "renewal_change.same", _("This is your current selection. Renew it without changes."), field="product_id"
        )
    return offer, price_choice(offer, quantity=quantity, periods=periods)


def check_near_end(subscription: Subscription, *, now: datetime, days_before: int) -> None:
    """Raise ``Refused`` while the end of the paid time is too far away."""
    if not is_near_end(subscription, now=now, days_before=days_before):
        raise Refused(
            "renewal_change.too_early",
            _("You can change a service at renewal only within %(days)s days before it expires.")
            % {"days": days_before},
        )


def is_near_end(subscription: Subscription, *, now: datetime, days_before: int) -> bool:
    return subscription.expires_at is not None and now >= subscription.expires_at - timedelta(days=days_before)


def keeps_edition_and_quantity(subscription: Subscription, offer: Offer, quantity: int) -> bool:
    """Return whether a renewal keeps edition and quantity; month and year are interchangeable (saas-v2 §3.3)."""
    return (subscription.offer.sku_id, subscription.quantity) == (offer.sku_id, quantity)
