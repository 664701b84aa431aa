"""Sales targets: which buyers may buy a product or one of its specifications (business-rules §3.7)."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, SalesTarget, TargetBuyer
from tradepost.market.identity.models import CustomerType, User

from .models import Order, OrderLine


def check_audience(buyer: User, offer: Offer) -> None:
    """Raise ``Refused`` if the buyer is outside the sales target, with the reason and the next step."""
    if words := exclusion_reason(buyer, offer):
        raise Refused("order.not_for_you", words, HTTPStatus.FORBIDDEN, field="product_id")


def exclusion_reason(buyer: User, offer: Offer) -> str:
    """Return why the buyer is outside the sales target of the product or specification; empty if inside both."""
    spec = offer.sku.spec
    targets = SalesTarget.objects.filter(product=spec.product_id, spec_key__in=["", spec.key]).order_by("spec_key")
    target = next((target for target in targets if not _matches(buyer, target)), None)
    if target is None:
        return ""
    seller = spec.product.seller
    contact = " · ".join(filter(None, (seller.contact_email, seller.contact_phone)))
    match SalesTarget.Audience(target.audience):
        case SalesTarget.Audience.COMPANIES:
            rule = _("The seller sells this product to certified enterprises only. Questions? Contact %(contact)s.")
        case SalesTarget.Audience.PEOPLE:
            rule = _("The seller sells this product to certified individuals only. Questions? Contact %(contact)s.")
        case _:
            words = _("The seller sells this to chosen customers only. Contact the seller if you need it: %(contact)s")
            return words % {"contact": contact}
    return f"{rule % {'contact': contact}} {_customer_type_text(buyer)}"


def _customer_type_text(buyer: User) -> str:
    if buyer.customer_type:
        return _("Your account is certified as: %(type)s.") % {"type": CustomerType(buyer.customer_type).label}
    return _("Your account is not certified yet.")


def _matches(buyer: User, target: SalesTarget) -> bool:
    match SalesTarget.Audience(target.audience):
        case SalesTarget.Audience.COMPANIES:
            return buyer.customer_type == CustomerType.COMPANY
        case SalesTarget.Audience.PEOPLE:
            return buyer.customer_type == CustomerType.PERSON
        case SalesTarget.Audience.LISTED:
            # Both must match, so that knowing one of the two is not enough (account name + ID).
            return TargetBuyer.objects.filter(
                target=target, customer_id=buyer.customer_id, email__iexact=buyer.email
            ).exists()
        case SalesTarget.Audience.HOLDERS:
            bought_lines = OrderLine.objects.filter(
                buyer=buyer, product=target.holders_of_id, status=Order.Status.COMPLETED
            )  # fmt: skip
            return bought_lines.exists()
