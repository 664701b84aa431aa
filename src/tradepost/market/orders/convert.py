"""Convert a trial into a paid service (business-rules §3.5).

The rules of a purchase apply. The buyer chooses a monthly or yearly price of the same specification, of any edition.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.convertible import convertible_until
from tradepost.market.subscriptions.frozen_by_hand import frozen_by_hand
from tradepost.market.subscriptions.models import Subscription

from . import quotes
from .agreements import accept
from .audience import check_audience
from .changes import check_no_open_change
from .models import Order
from .place import find_offer, price_choice, store_line, store_unpaid
from .reserve import reserve


class WithinSpec(Struct, frozen=True, kw_only=True):
    """Offer that a buyer chose for an existing service. ``product_id``: an offer of the same specification. ``quote``:
    quote from ``quotes.sign_quote``; empty if no page showed one, and then the present price applies."""

    subscription: int
    product_id: str
    quantity: int
    periods: int
    agreed: bool = False
    agreements: str = ""
    quote: str = ""


def place_conversion(buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Store the unpaid order. The service must belong to the buyer. Raises ``Refused`` and then stores nothing."""
    with transaction.atomic():
        # The lock of the subscription makes sure that two tabs create one order.
        subscription = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("offer__sku", "buyer")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_convertible(subscription, now=now)
        check_no_open_change(subscription)
        offer = find_offer(command.product_id)
        check_within(subscription, offer)
        price = price_choice(offer, quantity=command.quantity, periods=command.periods)
        acceptance = accept(
            offer.sku.spec.product, agreed=command.agreed, shown_stamp=command.agreements,
            pay_within=unpaid_timeout, now=now,
        )  # fmt: skip
        check_audience(buyer, offer)
        shown_quote = (
            quotes.check_quote(quotes.read_quote(buyer, command.quote), offer, price, now=now)
            if command.quote
            else None
        )
        order = store_unpaid(
            buyer, Order.Type.TRIAL_TO_FORMAL, price.total, now=now,
            pay_before=min(now + unpaid_timeout, last_moment),
        )  # fmt: skip
        stock_taken = reserve(order, offer, quantity=price.quantity, now=now)
        store_line(
            order, offer, price, subscription=subscription, stock_taken=stock_taken, accepted=acceptance, now=now
        )
        if shown_quote is not None:
            quotes.store_quote(shown_quote, order, offer, price, now=now)
    return order


def check_convertible(subscription: Subscription, *, now: datetime) -> datetime:
    """Return the deadline of the conversion. Raises ``Refused`` if the service is not a trial, the trial has ended, or
    an operator has frozen it (operations.md §7)."""
    until = convertible_until(subscription)
    if until is None and not subscription.offer.trial:
        raise Refused("conversion.no_trial", _("This service is not a trial: renew it instead."))
    if until is None or now >= until:
        raise Refused(
            "conversion.too_late", _("This trial has ended and can no longer be converted to a formal service.")
        )
    if frozen_by_hand([subscription]):
        raise Refused(
            "conversion.frozen",
            _(
                "The operator has frozen this trial, so it cannot become a formal service. Ask the operator to "
                "unfreeze it."
            ),
        )
    return until


def check_within(subscription: Subscription, offer: Offer) -> None:
    """Raise ``Refused`` unless the offer sells paid time of the same specification."""
    if offer.sku.spec_id != subscription.offer.sku.spec_id or not offer.renewable:
        raise Refused(
            "service.other_spec", _("Choose one of the prices of the same specification."), field="product_id"
        )
