"""A trial becomes formal: an order for paid time of what is held on trial (business-rules §3.5).

It is a purchase in what may be bought, by whom and how much of it; what is bought is one of the prices by the month or year
of the same specification, whose edition may be another one.
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
from .changes import check_free
from .models import Order
from .place import find_offer, quote, store_line, store_unpaid
from .reserve import reserve


class WithinSpec(Struct, frozen=True, kw_only=True):
    """What a buyer chose for a service of its own: ``product_id`` is an offer's of the specification that is held, in any of
    its editions. ``quote`` as ``quotes.show`` gave it to the page; empty where nothing was shown: then the price of the
    moment holds."""

    subscription: int
    product_id: str
    quantity: int
    periods: int
    agreed: bool = False
    agreements: str = ""
    quote: str = ""


def place_conversion(buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Store the order, unpaid. Raises ``Refused``; nothing is stored then. The service must be the buyer's own."""
    with transaction.atomic():
        # Under the lock of what is held, so that two tabs make one order.
        held = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("offer__sku", "buyer")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_convertible(held, now=now)
        check_free(held)
        offer = find_offer(command.product_id)
        check_within(held, offer)
        priced = quote(offer, quantity=command.quantity, periods=command.periods)
        accepted = accept(
            offer.sku.spec.product, agreed=command.agreed, shown=command.agreements,
            pay_within=unpaid_timeout, now=now,
        )  # fmt: skip
        check_audience(buyer, offer)
        shown = quotes.check(quotes.read(buyer, command.quote), offer, priced, now=now) if command.quote else None
        order = store_unpaid(
            buyer, Order.Type.TRIAL_TO_FORMAL, priced.total, now=now,
            pay_before=min(now + unpaid_timeout, last_moment),
        )  # fmt: skip
        taken = reserve(order, offer, quantity=priced.quantity, now=now)
        store_line(order, offer, priced, subscription=held, stock_taken=taken, accepted=accepted, now=now)
        if shown is not None:
            quotes.keep(shown, order, offer, priced, now=now)
    return order


def check_convertible(held: Subscription, *, now: datetime) -> datetime:
    """Until when it can become formal. Raises ``Refused`` when it is no trial, that is over, or an operator has frozen it: its
    time runs on (operations.md §7)."""
    until = convertible_until(held)
    if until is None and not held.offer.trial:
        raise Refused("conversion.no_trial", _("This service is not a trial: renew it instead."))
    if until is None or now >= until:
        raise Refused("conversion.too_late", _("This trial has ended: its data is being deleted."))
    if frozen_by_hand([held]):
        raise Refused(
            "conversion.frozen",
            _("The operator has frozen this trial: it cannot become formal before that is lifted. Ask the operator."),
        )
    return until


def check_within(held: Subscription, offer: Offer) -> None:
    """Raises ``Refused`` for what is no paid time of the specification that is held."""
    if offer.sku.spec_id != held.offer.sku.spec_id or not offer.renewable:
        raise Refused(
            "service.other_spec", _("Choose one of the prices of the same specification."), field="product_id"
        )
