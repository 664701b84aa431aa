"""Move a published application to another production address after an operator's approval.

openapi-jointkit §B.1: "submit a product modification for approval (needed only when the production address changes)";
business-rules §11.2: "approve → update product addresses". Until then, product and application keep their addresses.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.catalog.models import Product
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import addresses
from tradepost.market.production.models import Address

from .credential import debugged_address, invalid
from .models import Application


def published_application(product: Product) -> Application | None:
    """Return the application with which the product was published."""
    return Application.objects.select_related("address", "seller").filter(product=product).first()


def product_address_at(product: Product, kit: Address) -> Address | None:
    """Return the address at the same URL that can serve the product, since both share one (§A.0)."""
    addresses_at_url = Address.objects.filter(
        seller=product.seller_id, url=kit.url, removed_at=None,
        protocol__in=product_type(product.product_type).protocols,
    )  # fmt: skip
    return addresses_at_url.order_by("pk").first()


def check_move(application: Application, kit: Address) -> Address:
    """Return the product's address for a move of the joint-operation calls to ``kit``.

    Raises ``Refused`` if the address is not debugged, is the current one or cannot serve the product.
    """
    kit, product = debugged_address(application.seller, kit), application.product
    if kit.pk == application.address_id:
        raise invalid("address", _("The application already uses this address."))
    base = product_address_at(product, kit) if product is not None else None
    if base is None:
        words = _("Register %(url)s for the production interface of the product as well: both share one address.")
        raise invalid("address", words % {"url": kit.url})
    return base


def move(application: Application, kit: Address) -> None:
    """Move the application, in the transaction of the approval. Raises ``Refused``.

    Bound services keep their address until the change is applied (``change.apply_change``).
    """
    with transaction.atomic():
        locked_application = (
            Application.objects.select_for_update(of=("self",))
            .select_related("seller", "product")
            .get(pk=application.pk)
        )
        base = check_move(locked_application, kit)
        if locked_application.product is not None:
            addresses.bind(locked_application.product, base)
        locked_application.address = kit
        locked_application.save(update_fields=["address"])


# --- what is not done past an operator ------------------------------------------------------------------------------------


def change_address(
    address: Address,
    *,
    url: str,
    require_body_sign: bool,
    outbound: OutboundPolicy,
    now: datetime,
    encryption: str = "",
) -> None:
    """Change an address (``production.addresses.change``). Raises ``Refused`` if it serves a published application."""
    if url.strip() != address.url and (application := _published_at(address)) is not None:
        words = _(
            "“%(application)s” is published and uses this address. Register the new address as well, debug the "
            "calls there, then request the change on the application page. An operator reviews the request."
        )
        raise Refused("address.joint", words % {"application": application.name}, field="url")
    addresses.change(
        address, url=url, require_body_sign=require_body_sign, outbound=outbound, now=now, encryption=encryption
    )


def bind_product(product: Product, address: Address) -> None:
    """Bind a product to an address (``production.addresses.bind``). Raises ``Refused`` if its application is at another
    address."""
    application = published_application(product)
    if application is not None and application.address.url != address.url:
        words = _(
            "This product is published with the application “%(application)s”, and both must use the same "
            "address. Request the change on the application page. An operator reviews the request."
        )
        raise Refused("address.joint", words % {"application": application.name}, field="address")
    addresses.bind(product, address)


def _published_at(address: Address) -> Application | None:
    """Return the application published at this address, for joint-operation calls or the product."""
    applications = Application.objects.filter(seller=address.seller_id).exclude(product=None)
    return (
        applications.filter(address=address).first() or applications.filter(product__binding__address=address).first()
    )
