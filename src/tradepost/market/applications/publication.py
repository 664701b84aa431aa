"""Publish a product with its credential: one application per product, permanently (openapi-jointkit §B.1,
business-rules §11.2)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.document import APPLICATION, Document
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address

from .models import Application


def app_id_in(document: Document) -> str:
    """Return the application id in the document; empty if people do not sign in through an enterprise."""
    return document.details.fields.get(APPLICATION, "")


def available_applications(seller: Seller, product: Product) -> list[Application]:
    """Return the seller's applications that are free or already belong to this product."""
    applications = Application.objects.filter(seller=seller).order_by("name", "pk")
    return [application for application in applications if application.product_id in {None, product.pk}]


def publication_obstacle(
    product: Product, document: Document, address: Address | None, *, listed: Document | None
) -> str:
    """Return why a product cannot be published with its application; empty if it can. ``address``: the product's
    address."""
    app_id, listed_app_id = app_id_in(document), app_id_in(listed) if listed is not None else ""
    if listed_app_id and app_id != listed_app_id:
        return _(
            "You cannot change the application credential after the product is published. Choose the credential "
            "that it was published with."
        )
    if not app_id:
        return ""
    application = Application.objects.select_related("address").filter(app_id=app_id, seller=product.seller_id).first()
    if application is None:
        return _("This application credential no longer exists. Choose another one.")
    if application.product_id not in {None, product.pk}:
        return _(
            "Another product was published with this application credential. Each product needs a separate credential."
        )
    if address is None or application.address.url != address.url:
        words = _(
            "The joint-operation calls of this application go to %(url)s. Use the same production address for "
            "the product, because both must share one address."
        )
        return words % {"url": application.address.url}
    return ""


def attach_application(product: Product, document: Document) -> None:
    """Attach the application, in the transaction that lists the product. Raises ``Refused`` if another product has
    it."""
    app_id = app_id_in(document)
    if not app_id:
        return
    application = Application.objects.select_for_update().filter(app_id=app_id, seller=product.seller_id).first()
    if application is None or application.product_id not in {None, product.pk}:
        words = _(
            "Another product was published with this application credential. Each product needs a separate credential."
        )
        raise Refused("application.taken", words)
    Application.objects.filter(pk=application.pk).update(product=product)
