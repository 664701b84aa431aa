"""Renew what a buyer holds: an order like any other, for more of the same (business-rules §4.4, §4.5).

What a renewal costs the platform does not say (§16): here it is the price that the product has when the renewal is ordered.
What was withdrawn from sale runs until its end and is not renewed (§2.8); while its trading is frozen a product is still
renewed: a freeze stops new purchases, and whoever holds a service keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until, renewed_end

from .changes import open_changes
from .models import Order
from .place import RENEWED, check_agreed, find_offer, quote, store_line, store_unpaid
from .pricing import Priced


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewService:
    """What a buyer chose: ``product_id`` is an offer's of the SKU that is held, since month and year may be changed for
    each other (saas-v2 §3.3); the quantity stays."""

    subscription: int
    product_id: str
    periods: int
    agreed: bool = False


def place_renewal(buyer: User, command: RenewService, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Store the order, unpaid. Raises ``Refused``; nothing is stored then. The service must be the buyer's own."""
    with transaction.atomic():
        # Under the lock of what is held, so that two tabs make one order.
        held = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("offer")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_renewable(held, now=now)
        if open_changes(held):
            raise Refused(
                "renewal.open", _("This service has an order that is not done yet. End or pay that one first.")
            )
        offer = find_offer(command.product_id, renewed=True)
        if offer.sku_id != held.offer.sku_id or not offer.renewable:
            raise Refused("renewal.other", _("A renewal keeps the edition: choose one of its durations."), field="plan")
        priced = quote(offer, quantity=held.quantity, periods=command.periods)
        check_agreed(agreed=command.agreed)
        order = store_unpaid(
            buyer, Order.Type.RENEW, priced.total, now=now, pay_before=min(now + unpaid_timeout, last_moment)
        )
        store_line(order, offer, priced, subscription=held, now=now)
    return order


def check_renewable(held: Subscription, *, now: datetime) -> datetime:
    """Until when it can be renewed. Raises ``Refused`` when it never could, or that is over."""
    until = renewable_until(held)
    if until is None:
        raise Refused("renewal.not_possible", _("This service cannot be renewed."))
    if now >= until:
        raise Refused("renewal.too_late", _("The time to renew this service is over: its data is being deleted."))
    return until


@dataclass(frozen=True, slots=True)
class Option:
    """One way to renew a service, and until when it would last then."""

    offer: Offer
    priced: Priced
    until: datetime


def renewal_options(held: Subscription) -> list[Option]:
    """By the present price first, then by the other period of the same edition; shorter before longer. Nothing when it
    cannot be renewed, or was withdrawn from sale."""
    if renewable_until(held) is None:
        return []
    on_sale = Offer.objects.select_related("sku__spec__product__seller").filter(
        sku=held.offer.sku_id, on_sale=True, sku__spec__product__status__in=RENEWED
    )
    offers = [offer for offer in on_sale.order_by("period_type", "pk") if offer.renewable]
    offers.sort(key=lambda offer: offer.pk != held.offer_id)
    return [
        option for offer in offers for periods in sorted(offer.period_numbers) for option in _of(held, offer, periods)
    ]


def _of(held: Subscription, offer: Offer, periods: int) -> Iterator[Option]:
    try:
        priced = quote(offer, quantity=held.quantity, periods=periods)
    except Refused:  # a quantity that is not offered any more
        return
    yield Option(offer, priced, renewed_end(held, offer.period_type, periods))
