"""A published application moves to another production address: an operator decides about it first (openapi-jointkit §B.1 "submit a product
modification for approval (needed only when the production address changes)", business-rules §11.2 "approve → update product addresses").

Until then, and whatever page it is asked at, product and application stay where they are.
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

from .credential import debugged, wrong
from .models import Application


def published(product: Product) -> Application | None:
    """The application that it was published with."""
    return Application.objects.select_related("address", "seller").filter(product=product).first()


def beside(product: Product, kit: Address) -> Address | None:
    """The address at the same URL that can serve the product: both share one (§A.0)."""
    own = Address.objects.filter(
        seller=product.seller_id, url=kit.url, removed_at=None,
        protocol__in=product_type(product.product_type).protocols,
    )  # fmt: skip
    return own.order_by("pk").first()


def fitting(application: Application, kit: Address) -> Address:
    """The address that serves its product when the calls of joint operation go to ``kit``. Raises ``Refused`` for one that is not
    debugged, is where the application is already, or cannot serve the product."""
    kit, product = debugged(application.seller, kit), application.product
    if kit.pk == application.address_id:
        raise wrong("address", _("The application is at this address already."))
    base = beside(product, kit) if product is not None else None
    if base is None:
        words = _("Register %(url)s for the production interface of the product as well: both share one address.")
        raise wrong("address", words % {"url": kit.url})
    return base


def move(application: Application, kit: Address) -> None:
    """In the transaction that approves it. Services that are bound stay where they are until the change is applied to them
    (``change.apply_change``). Raises ``Refused``."""
    with transaction.atomic():
        held = (
            Application.objects.select_for_update(of=("self",))
            .select_related("seller", "product")
            .get(pk=application.pk)
        )
        base = fitting(held, kit)
        if held.product is not None:
            addresses.bind(held.product, base)
        held.address = kit
        held.save(update_fields=["address"])


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
    """``production.addresses.change``, unless the address serves a published application. Raises ``Refused``."""
    if url.strip() != address.url and (held := _published_at(address)) is not None:
        words = _(
            "“%(application)s” is published and served at this address. Register the new address beside it, debug the calls there, "
            "and ask for the move on the page of the application: an operator decides."
        )
        raise Refused("address.joint", words % {"application": held.name}, field="url")
    addresses.change(
        address, url=url, require_body_sign=require_body_sign, outbound=outbound, now=now, encryption=encryption
    )


def serve(product: Product, address: Address) -> None:
    """``production.addresses.bind``, unless its application is served elsewhere. Raises ``Refused``."""
    held = published(product)
    if held is not None and held.address.url != address.url:
        words = _(
            "This product is published with the application “%(application)s”: both are served at one address. Ask for the move on "
            "the page of the application; an operator decides."
        )
        raise Refused("address.joint", words % {"application": held.name}, field="address")
    addresses.bind(product, address)


def _published_at(address: Address) -> Application | None:
    """Of the calls of joint operation, or of the product."""
    own = Application.objects.filter(seller=address.seller_id).exclude(product=None)
    return own.filter(address=address).first() or own.filter(product__binding__address=address).first()
