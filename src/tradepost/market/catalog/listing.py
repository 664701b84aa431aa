"""List a version in the store: write the rows that are sold from its document, in the transaction of the decision."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.assets.pictures import use_pictures
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.deliverable import reason_undeliverable
from tradepost.market.product_types.registry import product_type

from . import document as documents
from . import drafts, shelf, upgrade_rules
from .controls import ensure_stock
from .document import Document
from .lifecycle import PRODUCT, VERSION, ProductEvent, VersionEvent
from .models import Product, Version
from .projection import project
from .sellable import Selling, check_prices

MAX_EXTEND_PARAMS = 3


def selling(document: Document, *, currency: str) -> Selling:
    """Return what this market sells of a document's kind."""
    kind = product_type(document.product_type)
    return Selling(kind.charging_modes, currency, kind.trial)


def list_version(version: Version, *, currency: str, actor: str, now: datetime) -> Product:
    """List a sealed version in place of the listed one. Existing services keep the version with which they were sold.

    Raises ``Refused``, without a change, if sales were stopped, for a kind that this market cannot deliver, and for
    prices that it cannot sell."""
    with transaction.atomic():
        product = Product.objects.select_for_update(of=("self",)).get(pk=version.product_id)
        _list(product, version, currency=currency, actor=actor, now=now)
    return product


def _list(product: Product, version: Version, *, currency: str, actor: str, now: datetime) -> None:
    """List a version. The caller holds the product's lock."""
    document = documents.load(version.document)
    if (reason := reason_undeliverable(product_type(document.product_type))) is not None:
        raise Refused("product.undeliverable", reason.in_language(get_language()), field="product_type")
    check_prices(document, selling(document, currency=currency))
    if product.status == Product.Status.STOPPED:
        raise Refused("product.stopped", _("Sales of this product have ended permanently."))
    former_versions = list(
        Version.objects.select_for_update(of=("self",)).filter(product=product, status=Version.Status.LISTED)
    )
    VERSION.move_all(former_versions, VersionEvent.REPLACE, now=now, actor=actor)
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
    """Return the listed document; None for a product that is not listed."""
    documents_listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list(
        "document", flat=True
    )
    plain = documents_listed.first()
    return None if plain is None else documents.load(plain)


def draft_product(
    seller: Seller, document: Document, *, now: datetime, by: User | None = None, slug: str = ""
) -> Product:
    """Create a product with this document as its draft, for data without a form, such as demo data."""
    if len(document.purchase.extend_params) > MAX_EXTEND_PARAMS:
        raise Refused(
            "product.extend_params", _("A product can have at most 3 extension parameters."), field="extend_params"
        )
    return drafts.begin_complete(seller, document, by=by, now=now, slug=slug)


def list_draft(product: Product, *, currency: str, now: datetime, actor: str = "market") -> Product:
    """Seal the draft and list it without a review: for demo data and the trial of a seller's own server."""
    with transaction.atomic():
        version = drafts.seal(product, now=now, actor=actor)
        _list(version.product, version, currency=currency, actor=actor, now=now)
    return version.product
