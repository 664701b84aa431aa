"""Add a product to the shelf, or remove it. Called in the transaction that lists, hides, suspends or stops it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q

from tradepost.market.base import rows

from . import document as documents
from .cheapest import LowestPrice
from .controls_of import controls_of, with_rows
from .document import Document
from .models import Category, Product, Shelf, ShelfTerm, Version
from .search_terms import JOINS, Field, term_weights
from .shelf_models import ONLY_BY_USAGE
from .view import ProductView, view_of

VERSION = 2
"""Increment it if the terms or columns change: rows of an earlier version are then rebuilt."""
_BITS = ("month", "year", "day", "once", "on_demand", "package", "trial", "uses")
WAY_BITS = {name: 1 << number for number, name in enumerate(_BITS)}
"""The bit of ``Shelf.ways`` for each billing period or mode. Stored in rows, so add new ones at the end."""
MAX_DESCRIPTION = 2000
"""Characters of a description, in each language, that are indexed."""
BATCH = 100
_TAG = re.compile(r"<[^>]*>")
_LEGAL_FORM = re.compile(r"(股份|责任)?有限(责任)?公司$")


def refresh(product: Product) -> None:
    """Update the rows of a product, or delete them if it is not public: not on sale, hidden, or its seller is not
    active.

    Call it after saving the change, with or without holding the product's lock."""
    with transaction.atomic():
        Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        locked = with_rows().get(pk=product.pk)
        view = _view(locked)
        if view is None or view.least is None:
            Shelf.objects.filter(pk=locked.pk).delete()
            return
        columns = _columns(locked, view, view.least)
        row = Shelf.objects.filter(pk=locked.pk).first()
        if row is None:
            row = Shelf.objects.create(product=locked, **columns)
        else:
            Shelf.objects.filter(pk=row.pk).update(**columns)
        _write_terms(row, term_weights(_fields(locked, view.document)))


def refresh_seller(seller: int) -> None:
    """Update all products of a seller who was suspended, resumed, left or was renamed."""
    for product in Product.objects.filter(seller=seller).exclude(status=Product.Status.DRAFT).order_by("pk"):
        refresh(product)


def refresh_category(category: int, *, after: int) -> int | None:
    """Refresh the next products of a category on the shelf. Return the last key, or None at the end."""
    rows_of = Shelf.objects.filter(category=category, pk__gt=after).order_by("pk").values_list("pk", flat=True)
    keys = list(rows_of[:BATCH])
    for product in Product.objects.filter(pk__in=keys).order_by("pk"):
        refresh(product)
    return keys[-1] if len(keys) == BATCH else None


def refresh_outdated() -> int:
    """Refresh the products that an earlier release listed or indexed differently; return their number. Called after
    the migrations.

    Each product is a separate transaction, so an interrupted upgrade continues where it stopped."""
    refreshed_count, last_key = 0, 0
    outdated = Q(on_shelf=None) | Q(on_shelf__indexed_as__lt=VERSION)
    listed = Product.objects.filter(outdated, status=Product.Status.ON_SALE, hidden=False).order_by("pk")
    while batch := list(listed.filter(pk__gt=last_key).only("pk")[:BATCH]):
        for product in batch:
            refresh(product)
        refreshed_count, last_key = refreshed_count + len(batch), batch[-1].pk
    return refreshed_count


def _view(product: Product) -> ProductView | None:
    """Return the public view of a product; None if it is not public."""
    if product.status != Product.Status.ON_SALE or product.hidden or not product.seller.is_selling:
        return None
    listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list("document", flat=True)
    document = listed.first()
    if document is None:
        return None
    offers = (offer for spec in product.specs.all() for sku in spec.skus.all() for offer in sku.offers.all())
    first_offer = next(offers, None)
    if first_offer is None:
        return None
    controls = controls_of(product)
    return view_of(documents.load(document), currency=first_offer.currency, controls=controls, slug=product.slug)


def _columns(product: Product, view: ProductView, price: LowestPrice) -> dict[str, Any]:
    postpaid = price.charging.postpaid
    unit = price.usage_unit if postpaid else price.unit
    media = view.document.media
    ways = view.ways | ({"trial"} if view.trial_days else set())
    return {
        "category": product.category, "seller": product.seller, "ways": sum(WAY_BITS[way] for way in ways),
        "price_from": ONLY_BY_USAGE if postpaid else price.minor, "charging_mode": str(price.charging_mode),
        "currency": price.currency, "period_type": price.period_type, "periods": price.periods,
        "quantity": price.quantity, "counted": price.counted, "unit_name": unit.zh[:64], "unit_name_en": unit.en[:64],
        "usage_price": price.usage_price, "picture": next(iter(media.pictures), media.logo), "indexed_as": VERSION,
    }  # fmt: skip


def _fields(product: Product, document: Document) -> Iterator[Field]:
    """Yield the searched texts in both languages: names weigh more than summaries, descriptions least."""
    base, discovery, seller = document.base, document.discovery, product.seller
    yield from (Field(text, 12, 5, sounds=True) for text in (base.name.zh, base.name.en))
    yield from (
        Field(text, 8, 4, sounds=True) for text in (discovery.keywords.zh, discovery.keywords.en, *discovery.tags)
    )
    yield from (Field(text, 5, 2) for text in (base.summary.zh, base.summary.en))
    company = _LEGAL_FORM.sub("", seller.name)
    yield from (Field(text, 4, 2, sounds=True, characters=False) for text in (company, seller.name_en))
    yield Field(seller.name, 4, whole=True)
    yield from _category_fields(product.category)
    yield from (Field(text, 3) for highlight in base.highlights for text in (highlight.zh, highlight.en))
    yield from (Field(text, 2) for spec in document.pricing.specs for text in (spec.name.zh, spec.name.en))
    yield from (Field(_plain(text), 1) for text in (document.description.body.zh, document.description.body.en))
    yield from (Field(text, 12, whole=True) for text in (product.slug, *_product_ids(product)))


def _category_fields(category: Category) -> Iterator[Field]:
    """A name that joins several subjects, such as 财税与人事, matches only as a whole: most products are about one of
    them."""
    for name in (category.name, category.name_en):
        is_joined = JOINS.search(name) is not None
        yield Field(name, 3, whole=True) if is_joined else Field(name, 3, 1, characters=False)


def _product_ids(product: Product) -> Iterator[str]:
    for spec in product.specs.all():
        yield from (offer.product_id for sku in spec.skus.all() for offer in sku.offers.all() if offer.on_sale)


def _plain(html: str) -> str:
    return _TAG.sub(" ", html[: 4 * MAX_DESCRIPTION])[:MAX_DESCRIPTION]


def _write_terms(row: Shelf, expected: dict[str, int]) -> None:
    """Write only the differences: most terms stay the same between versions."""
    existing = dict(ShelfTerm.objects.filter(shelf=row).values_list("term", "weight"))
    changed_terms = [term for term, weight in existing.items() if expected.get(term) != weight]
    if changed_terms:
        ShelfTerm.objects.filter(shelf=row, term__in=changed_terms).delete()
    new_weights = [(term, weight) for term, weight in sorted(expected.items()) if existing.get(term) != weight]
    if new_weights:
        terms, parameters = rows.table({"term": "text", "weight": "smallint"}, new_weights)
        rows.run(
            f"INSERT INTO catalog_shelfterm (term, shelf_id, weight) SELECT term, %s, weight FROM {terms}",  # noqa: S608  # built by rows.table
            [row.pk, *parameters],
        )
