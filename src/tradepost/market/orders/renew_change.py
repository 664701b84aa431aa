"""Renew as something else: another edition of the same specification, more or fewer units (business-rules §4.5, saas-v2 §8.1).

It is ordered for a service whose end is near, at the price that the target has today, and after its seller was asked whether
it can (``fulfilment/renew_changing.py``).
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
from .changes import check_free
from .convert import WithinSpec, check_within
from .models import Order
from .place import find_offer, quote, store_line, store_unpaid
from .pricing import Priced
from .renew import check_renewable
from .reserve import reserve_added


def place_changed_renewal(
    buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta, days_before: int
) -> Order:
    """Store the order, unpaid. Raises ``Refused``; nothing is stored then. The service must be the buyer's own.

    ``days_before``: from so many days before its end on a service is changed when it is renewed.
    """
    with transaction.atomic():
        # Under the lock of what is held, so that two tabs make one order.
        held = (
            Subscription.objects.select_for_update(of=("self",))
            .select_related("offer__sku", "buyer")
            .get(pk=command.subscription, buyer=buyer)
        )
        last_moment = check_renewable(held, now=now)
        offer, priced = check_target(
            held, command.product_id, quantity=command.quantity, periods=command.periods, now=now,
            days_before=days_before,
        )  # fmt: skip
        accepted = accept(
            offer.sku.spec.product, agreed=command.agreed, shown=command.agreements,
            pay_within=unpaid_timeout, now=now,
        )  # fmt: skip
        shown = quotes.check(quotes.read(buyer, command.quote), offer, priced, now=now) if command.quote else None
        order = store_unpaid(
            buyer, Order.Type.RENEW, priced.total, now=now, pay_before=min(now + unpaid_timeout, last_moment)
        )
        line = store_line(order, offer, priced, subscription=held, accepted=accepted, now=now)
        if priced.quantity > held.quantity:
            reserve_added(line, before=held.quantity)
        if shown is not None:
            quotes.keep(shown, order, offer, priced, now=now)
    return order


def check_target(
    held: Subscription, product_id: str, *, quantity: int, periods: int, now: datetime, days_before: int
) -> tuple[Offer, Priced]:
    """What the service would be renewed as, and its price. Raises ``Refused`` when it is not possible (yet, or any more), and
    for what is no change."""
    check_renewable(held, now=now)
    check_near(held, now=now, days_before=days_before)
    check_free(held)
    offer = find_offer(product_id, renewed=True)
    check_within(held, offer)
    if is_plain(held, offer, quantity):
        raise Refused("renewal_change.same", _("This is what you have: renew it as it is."), field="product_id")
    return offer, quote(offer, quantity=quantity, periods=periods)


def check_near(held: Subscription, *, now: datetime, days_before: int) -> None:
    """Raises ``Refused`` while the end of the paid time is too far away."""
    if not is_near(held, now=now, days_before=days_before):
        raise Refused(
            "renewal_change.too_early",
            _("A service can be changed at its renewal from %(days)s days before its end on.") % {"days": days_before},
        )


def is_near(held: Subscription, *, now: datetime, days_before: int) -> bool:
    return held.expires_at is not None and now >= held.expires_at - timedelta(days=days_before)


def is_plain(held: Subscription, offer: Offer, quantity: int) -> bool:
    """Whether a renewal as this is one of the very thing that is held: the edition and the quantity stay, month and year may be
    changed for each other (saas-v2 §3.3)."""
    return (held.offer.sku_id, held.quantity) == (offer.sku_id, quantity)
