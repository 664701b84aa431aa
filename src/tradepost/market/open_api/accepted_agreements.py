"""The agreements that a buyer's program must accept with an order (business-rules §1.5, §11.3).

Checkout shows the same agreements. To require another one, add it to ``required_agreements``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus

from django.urls import reverse
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.agreements import in_force
from tradepost.market.identity.company_models import Agreement
from tradepost.market.orders.agreements import agreements_on_offer
from tradepost.protocols.open_api import buyer_purchases as wire

SERVICE = "service"


def required_agreements(product_id: str, *, now: datetime) -> list[wire.Agreement]:
    """Return the current agreements. ``product_id``: of the offer; empty for those that every order needs."""
    purchase = in_force(Agreement.Kind.BUYER, now=now)
    agreements = [] if purchase is None else [_of_market(purchase)]
    offer = Offer.objects.select_related("sku__spec__product").filter(product_id=product_id).first()
    return [*agreements, _of_seller(offer.sku.spec.product, now=now)] if offer is not None else agreements


def _of_market(agreement: Agreement) -> wire.Agreement:
    address = reverse("storefront:agreement", args=[agreement.kind])
    return wire.Agreement(
        agreement_id=agreement.kind,
        version=str(agreement.number),
        name=str(agreement.get_kind_display()),
        url=f"{config().base_url}{address}?version={agreement.number}",
    )


def _of_seller(product: Product, *, now: datetime) -> wire.Agreement:
    """Return the service agreement between buyer and seller, whose version includes the seller's additional terms."""
    return wire.Agreement(
        agreement_id=SERVICE,
        version=_stamp(product, now=now).split("/", 1)[1].strip("/").replace("/", "-"),
        name=_("Product service agreement"),
        url=f"{config().base_url}{reverse('storefront:service_agreement', args=[product.slug])}",
    )


def _stamp(product: Product, *, now: datetime) -> str:
    return agreements_on_offer(
        product, pay_within=timedelta(minutes=config().orders.unpaid_timeout_minutes), now=now
    ).stamp


def check_accepted(accepted: Collection[wire.Agreement], product_id: str, *, now: datetime) -> str:
    """Return the stamp of the accepted agreements for the order; empty for an unknown offer.

    Raises ``Refused`` if a current version is not accepted.
    """
    accepted_versions = {(agreement.agreement_id, agreement.version) for agreement in accepted}
    lacking_agreements = [
        agreement
        for agreement in required_agreements(product_id, now=now)
        if (agreement.agreement_id, agreement.version) not in accepted_versions
    ]
    if lacking_agreements:
        names = ", ".join(f"{agreement.agreement_id} {agreement.version}" for agreement in lacking_agreements)
        raise Refused(
            "order.agreement",
            f"Accept the current version of these agreements: {names}.",
            HTTPStatus.BAD_REQUEST,
            field="accepted_agreements",
        )
    offer = Offer.objects.select_related("sku__spec__product").filter(product_id=product_id).first()
    return _stamp(offer.sku.spec.product, now=now) if offer is not None else ""
