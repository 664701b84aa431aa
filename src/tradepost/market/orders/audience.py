"""To whom a product, or one of its specs, is sold (business-rules §3.7 sales target)."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, SalesTarget, TargetBuyer
from tradepost.market.identity.models import User

from .models import Order, OrderLine


def is_sold_to(buyer: User, offer: Offer) -> bool:
    """Whether the buyer is among those that the product and the spec are sold to; both must agree."""
    spec = offer.sku.spec
    targets = SalesTarget.objects.filter(product=spec.product_id, spec_key__in=["", spec.key])
    return all(_is_among(buyer, target) for target in targets)


def check_audience(buyer: User, offer: Offer) -> None:
    """Raises ``Refused``: a buyer who is not meant is told to contact the seller."""
    if not is_sold_to(buyer, offer):
        seller = offer.sku.spec.product.seller
        contact = " · ".join(filter(None, (seller.contact_email, seller.contact_phone)))
        raise Refused(
            "order.not_for_you",
            _("The seller sells this to chosen customers only. Contact the seller if you need it: %(contact)s")
            % {"contact": contact},
            HTTPStatus.FORBIDDEN,
            field="product_id",
        )


def _is_among(buyer: User, target: SalesTarget) -> bool:
    match SalesTarget.Audience(target.audience):
        case SalesTarget.Audience.COMPANIES:
            return bool(buyer.company.strip())
        case SalesTarget.Audience.PEOPLE:
            return not buyer.company.strip()
        case SalesTarget.Audience.LISTED:
            # Both must be the buyer's: who knows one of them alone is nobody (account name + ID).
            return TargetBuyer.objects.filter(
                target=target, customer_id=buyer.customer_id, email__iexact=buyer.email
            ).exists()
        case SalesTarget.Audience.HOLDERS:
            bought = OrderLine.objects.filter(
                buyer=buyer, product=target.holders_of_id, status=Order.Status.COMPLETED
            )  # fmt: skip
            return bought.exists()
