"""A product is published with its credential: one application, one product, for good (openapi-jointkit §B.1, business-rules §11.2)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.document import APPLICATION, Document
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address

from .models import Application


def app_id_in(document: Document) -> str:
    """Of the application that people sign in to by way of an enterprise; empty for a product that has none."""
    return document.details.fields.get(APPLICATION, "")


def choosable(seller: Seller, product: Product) -> list[Application]:
    """Those that this product may be published with: free ones, and its own."""
    own = Application.objects.filter(seller=seller).order_by("name", "pk")
    return [one for one in own if one.product_id in {None, product.pk}]


def why_not(product: Product, document: Document, address: Address | None, *, listed: Document | None) -> str:
    """Why a product cannot be published with what its document names; empty when it can. ``address``: at which it is served."""
    wanted, before = app_id_in(document), app_id_in(listed) if listed is not None else ""
    if before and wanted != before:
        return _(
            "A product that is published keeps its application credential. Choose the one that it was published with."
        )
    if not wanted:
        return ""
    found = Application.objects.select_related("address").filter(app_id=wanted, seller=product.seller_id).first()
    if found is None:
        return _("This application credential is not there any more. Choose another one.")
    if found.product_id not in {None, product.pk}:
        return _("Another product was published with this application credential: each product needs one of its own.")
    if address is None or found.address.url != address.url:
        words = _(
            "The joint-operation calls of this application go to %(url)s. Serve the product at the same address: one address "
            "answers the calls of both."
        )
        return words % {"url": found.address.url}
    return ""


def attach(product: Product, document: Document) -> None:
    """In the transaction that lists the product. Raises ``Refused`` when another product was published with it meanwhile."""
    wanted = app_id_in(document)
    if not wanted:
        return
    held = Application.objects.select_for_update().filter(app_id=wanted, seller=product.seller_id).first()
    if held is None or held.product_id not in {None, product.pk}:
        words = _("Another product was published with this application credential: each product needs one of its own.")
        raise Refused("application.taken", words)
    Application.objects.filter(pk=held.pk).update(product=product)
