"""What a buyer must hold before something can be bought: a package is deducted from what is on demand (business-rules §3.2)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.models import Subscription


def lacks_prerequisite(buyer: User, offer: Offer) -> bool:
    """One that is frozen does not count: the package would run out unused."""
    needed = offer.charging.needs
    if needed is None:
        return False
    held = Subscription.objects.filter(
        buyer=buyer,
        product__specs=offer.sku.spec_id,
        offer__charging_mode=needed,
        offer__usage_unit=offer.usage_unit,
        status=Subscription.Status.ACTIVE,
    )
    return not held.exists()


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
