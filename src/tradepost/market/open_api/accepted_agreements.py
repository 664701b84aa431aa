"""Which agreements a buyer's program must accept with an order, and whether it did (business-rules §1.5, §11.3).

Checkout shows the same agreements. To require another one, add it to ``required``.
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
from tradepost.market.orders.agreements import offered
from tradepost.protocols.open_api import buyer_purchases as wire

SERVICE = "service"


def required(product_id: str, *, now: datetime) -> list[wire.Agreement]:
    """The versions in force. ``product_id``: of the offer; empty for what every order needs."""
    purchase = in_force(Agreement.Kind.BUYER, now=now)
    found = [] if purchase is None else [_of_market(purchase)]
    offer = Offer.objects.select_related("sku__spec__product").filter(product_id=product_id).first()
    return [*found, _of_seller(offer.sku.spec.product, now=now)] if offer is not None else found


def _of_market(agreement: Agreement) -> wire.Agreement:
    address = reverse("storefront:agreement", args=[agreement.kind])
    return wire.Agreement(
        agreement_id=agreement.kind,
        version=str(agreement.number),
        name=str(agreement.get_kind_display()),
        url=f"{config().base_url}{address}?version={agreement.number}",
    )


def _of_seller(product: Product, *, now: datetime) -> wire.Agreement:
    """The service agreement between buyer and seller. Its version changes with the seller's additional terms as well."""
    return wire.Agreement(
        agreement_id=SERVICE,
        version=_stamp(product, now=now).split("/", 1)[1].strip("/").replace("/", "-"),
        name=_("Product service agreement"),
        url=f"{config().base_url}{reverse('storefront:service_agreement', args=[product.slug])}",
    )


def _stamp(product: Product, *, now: datetime) -> str:
    return offered(product, pay_within=timedelta(minutes=config().unpaid_timeout_minutes), now=now).stamp


def check_accepted(accepted: Collection[wire.Agreement], product_id: str, *, now: datetime) -> str:
    """Return the stamp of what was accepted, for the order; empty for an unknown offer.

    Raises ``Refused`` when a version in force is not among the accepted ones.
    """
    given = {(one.agreement_id, one.version) for one in accepted}
    lacking = [one for one in required(product_id, now=now) if (one.agreement_id, one.version) not in given]
    if lacking:
        names = ", ".join(f"{one.agreement_id} {one.version}" for one in lacking)
        raise Refused(
            "order.agreement",
            f"Accept the current version of these agreements: {names}.",
            HTTPStatus.BAD_REQUEST,
            field="accepted_agreements",
        )
    offer = Offer.objects.select_related("sku__spec__product").filter(product_id=product_id).first()
    return _stamp(offer.sku.spec.product, now=now) if offer is not None else ""
