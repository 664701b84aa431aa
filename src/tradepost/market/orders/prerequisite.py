"""Prerequisites of a purchase: a package needs a pay-per-use service, and buyers in arrears cannot open more
pay-per-use services (business-rules §3.2, §4.4)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.payments import debts
from tradepost.market.subscriptions.models import Freeze, Subscription

_ACTIVE_FREEZES = Freeze.objects.filter(subscription=OuterRef("pk"), lifted_at=None)
_HAS_ONLY_USED_UP_FREEZE = Exists(_ACTIVE_FREEZES.filter(reason=Freeze.Reason.USED_UP)) & ~Exists(
    _ACTIVE_FREEZES.exclude(reason=Freeze.Reason.USED_UP)
)
"""A package lifts the only freeze of the service."""


def service_for_package(buyer: User, offer: Offer, *, of_any_state: bool = False) -> Subscription | None:
    """Return the pay-per-use service from which a package of this offer is deducted: the oldest active one.

    A frozen service qualifies only if it is frozen solely for a used-up package. ``of_any_state``: fall back to the
    oldest frozen service, for a package whose delivery has begun.
    """
    services = Subscription.objects.filter(
        buyer=buyer,
        product__specs=offer.sku.spec_id,
        offer__charging_mode=offer.charging.needs or "",
        offer__usage_unit=offer.usage_unit,
    ).order_by("pk")
    is_waiting = Q(status=Subscription.Status.FROZEN) & Q(_HAS_ONLY_USED_UP_FREEZE)
    service = services.filter(Q(status=Subscription.Status.ACTIVE) | is_waiting).first()
    if service is None and of_any_state:
        service = services.filter(status=Subscription.Status.FROZEN).first()
    return service


def lacks_prerequisite(buyer: User, offer: Offer) -> bool:
    return offer.charging.needs is not None and service_for_package(buyer, offer) is None


def check_prerequisite(buyer: User, offer: Offer) -> None:
    """Raise ``Refused`` if the prerequisite is missing. Called at order time and again when delivery begins."""
    if lacks_prerequisite(buyer, offer):
        raise Refused(
            "order.needs_on_demand",
            _(
                "A package is deducted from on-demand usage, so open this product on demand first. You can buy the "
                "package as soon as that service is active."
            ),
            field="product_id",
        )


def arrears_before(buyer: User, offer: Offer) -> Money | None:
    """Return the arrears that the buyer must pay before opening this offer; None if it may be opened. Prepaid offers do
    not depend on arrears."""
    if not offer.charging.postpaid:
        return None
    owed_amount = debts.debt_of(buyer, offer.currency)
    return owed_amount if owed_amount.minor > 0 else None


def check_owes_nothing(buyer: User, offer: Offer) -> None:
    """Raise ``Refused`` for a buyer in arrears. Only called at order time: earlier orders are still delivered."""
    owed_amount = arrears_before(buyer, offer)
    if owed_amount is not None:
        raise Refused(
            "order.arrears",
            _("You owe %(amount)s for usage. Pay it by topping up your balance; then you can open more on demand.")
            % {"amount": format_money(owed_amount)},
            field="product_id",
        )
