"""What must be so before something can be bought: a package is deducted from what the buyer has on demand, and who owes for
usage opens nothing more on demand (business-rules §3.2, §4.4)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import in_words
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.payments import debts
from tradepost.market.subscriptions.models import Freeze, Subscription

_STANDING = Freeze.objects.filter(subscription=OuterRef("pk"), lifted_at=None)
_WAITS = Exists(_STANDING.filter(reason=Freeze.Reason.USED_UP)) & ~Exists(
    _STANDING.exclude(reason=Freeze.Reason.USED_UP)
)
"""A package lifts the only reason for which it is frozen."""


def deducted_from(buyer: User, offer: Offer, *, of_any_state: bool = False) -> Subscription | None:
    """The service on demand that a package of this offer is deducted from: the oldest in use. One that is frozen does not
    count, since the package would run out unused, unless it waits for nothing but a package. ``of_any_state``: where none is
    in use the oldest that is frozen, for a package that is being opened already."""
    held = Subscription.objects.filter(
        buyer=buyer,
        product__specs=offer.sku.spec_id,
        offer__charging_mode=offer.charging.needs or "",
        offer__usage_unit=offer.usage_unit,
    ).order_by("pk")
    waiting = Q(status=Subscription.Status.FROZEN) & Q(_WAITS)
    found = held.filter(Q(status=Subscription.Status.ACTIVE) | waiting).first()
    if found is None and of_any_state:
        found = held.filter(status=Subscription.Status.FROZEN).first()
    return found


def lacks_prerequisite(buyer: User, offer: Offer) -> bool:
    return offer.charging.needs is not None and deducted_from(buyer, offer) is None


def check_prerequisite(buyer: User, offer: Offer) -> None:
    """Raises ``Refused``: when ordering, and again when an order that was paid later begins to be delivered."""
    if lacks_prerequisite(buyer, offer):
        raise Refused(
            "order.needs_on_demand",
            _(
                "A package is deducted from on-demand usage, so open this product on demand first. You can buy the "
                "package as soon as that service is active."
            ),
            field="product_id",
        )


def owed_before(buyer: User, offer: Offer) -> Money | None:
    """What the buyer has to pay before it can open this offer; None where nothing stands in the way. What is prepaid may be
    bought by who owes: it makes no debt."""
    if not offer.charging.postpaid:
        return None
    owed = debts.owed(buyer, offer.currency)
    return owed if owed.minor > 0 else None


def check_owes_nothing(buyer: User, offer: Offer) -> None:
    """Raises ``Refused`` when ordering; what was ordered before the debt is delivered."""
    owed = owed_before(buyer, offer)
    if owed is not None:
        raise Refused(
            "order.arrears",
            _("You owe %(amount)s for usage. Pay it by topping up your balance; then you can open more on demand.")
            % {"amount": in_words(owed)},
            field="product_id",
        )
