"""Put a version in the store: its document becomes the rows that are sold, in the transaction of whoever decided it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.assets.pictures import use_pictures
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.deliverable import why_undeliverable
from tradepost.market.product_types.registry import product_type

from . import document as documents
from . import drafts, shelf, upgrade_rules
from .controls import ensure_stock
from .document import Document
from .lifecycle import PRODUCT, VERSION, ProductEvent, VersionEvent
from .models import Product, Version
from .projection import project
from .sellable import Selling, check_prices

MOST_EXTEND_PARAMS = 3


def selling(document: Document, *, currency: str) -> Selling:
    """What this market sells of the kind of a document."""
    kind = product_type(document.product_type)
    return Selling(kind.charging_modes, currency, kind.trial)


def list_version(version: Version, *, currency: str, actor: str, now: datetime) -> Product:
    """List a sealed version in place of the one that is listed. What was sold keeps the version that was sold.

    Raises ``Refused`` when sales were stopped for good, for a kind that this market cannot deliver, and for prices that it
    cannot sell; nothing changed then.
    """
    with transaction.atomic():
        product = Product.objects.select_for_update(of=("self",)).get(pk=version.product_id)
        _list(product, version, currency=currency, actor=actor, now=now)
    return product


def _list(product: Product, version: Version, *, currency: str, actor: str, now: datetime) -> None:
    """The caller holds the product's lock."""
    document = documents.load(version.document)
    if (why := why_undeliverable(product_type(document.product_type))) is not None:
        raise Refused("product.undeliverable", why.in_language(get_language()), field="product_type")
    check_prices(document, selling(document, currency=currency))
    if product.status == Product.Status.STOPPED:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))
    former = list(Version.objects.select_for_update(of=("self",)).filter(product=product, status=Version.Status.LISTED))
    VERSION.move_all(former, VersionEvent.REPLACE, now=now, actor=actor)
    VERSION.move_all([version], VersionEvent.LIST, now=now, actor=actor, listed_at=now)
    if product.status == Product.Status.DRAFT:
        PRODUCT.move(product, ProductEvent.LIST, now=now, actor=actor)
        product.listed_at, product.hidden = now, not document.purchase.public
    project(product, document, currency=currency)
    product.save()
    ensure_stock(product)
    upgrade_rules.recheck(product, now=now)
    use_pictures(f"product:{product.pk}", document.pictures(), seller=product.seller, visible=True)
    shelf.refresh(product)


def listed_document(product: Product) -> Document | None:
    """The document that is sold from now; None for what is not listed."""
    found = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list("document", flat=True)
    plain = found.first()
    return None if plain is None else documents.load(plain)


def draft_product(
    seller: Seller, document: Document, *, now: datetime, by: User | None = None, slug: str = ""
) -> Product:
    """A new product with this document as its draft: for what has no page, such as demo data."""
    if len(document.purchase.extend_params) > MOST_EXTEND_PARAMS:
        raise Refused(
            "product.extend_params", _("A product may ask at most 3 extension parameters."), field="extend_params"
        )
    return drafts.begin_whole(seller, document, by=by, now=now, slug=slug)


def list_draft(product: Product, *, currency: str, now: datetime, actor: str = "market") -> Product:
    """Seal the draft and list it, without a review: for demo data and the try-out of an own server."""
    with transaction.atomic():
        version = drafts.seal(product, now=now, actor=actor)
        _list(version.product, version, currency=currency, actor=actor, now=now)
    return version.product
