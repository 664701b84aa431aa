"""Put a product on the shelf, or take it away: called by whatever lists, hides, freezes or stops one, in its transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q

from tradepost.market.base import rows

from . import document as documents
from .cheapest import Least
from .controls_of import controls_of, with_rows
from .document import Document
from .models import Product, Shelf, ShelfTerm, Version
from .search_terms import Field, weighed
from .shelf_models import ONLY_BY_USAGE
from .view import ProductView, view_of

VERSION = 1
"""Add one when other terms are looked for, or other columns filled: rows of an earlier version are made anew."""
_OF_BITS = ("month", "year", "day", "once", "on_demand", "package", "trial", "uses")
WAY_BITS = {name: 1 << number for number, name in enumerate(_OF_BITS)}
"""Which bit of ``Shelf.ways`` says that a product is sold in a way. Rows keep them: what is new comes last."""
READ_OF_DESCRIPTION = 2000
"""Characters of a description, in each language, that searches look at."""
AT_ONCE = 100
_TAG = re.compile(r"<[^>]*>")


def refresh(product: Product) -> None:
    """Write the rows of a product anew, or delete them when not everybody may see it: not on sale, hidden, or of a seller who
    is not active. To be called after what decides it was saved; whoever calls holds the product's lock, or gets it here."""
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
        _write_terms(row, weighed(_fields(locked, view.document)))


def refresh_seller(seller: int) -> None:
    """The same for all products of a seller who was suspended, resumed or left, or who has another name."""
    for product in Product.objects.filter(seller=seller).exclude(status=Product.Status.DRAFT).order_by("pk"):
        refresh(product)


def refresh_category(category: int, *, after: int) -> int | None:
    """Refresh the next products of a category on the shelf. Return the last one, or None when there are no more."""
    rows_of = Shelf.objects.filter(category=category, pk__gt=after).order_by("pk").values_list("pk", flat=True)
    found = list(rows_of[:AT_ONCE])
    for product in Product.objects.filter(pk__in=found).order_by("pk"):
        refresh(product)
    return found[-1] if len(found) == AT_ONCE else None


def refresh_outdated() -> int:
    """Put on the shelf what an earlier release listed, or indexed in another way; gives how many products that were. Called
    after the migrations. Each product is a transaction of its own: an upgrade that is interrupted goes on where it was."""
    done, last = 0, 0
    wrong = Q(on_shelf=None) | Q(on_shelf__indexed_as__lt=VERSION)
    listed = Product.objects.filter(wrong, status=Product.Status.ON_SALE, hidden=False).order_by("pk")
    while found := list(listed.filter(pk__gt=last).only("pk")[:AT_ONCE]):
        for product in found:
            refresh(product)
        done, last = done + len(found), found[-1].pk
    return done


def _view(product: Product) -> ProductView | None:
    """What everybody may see of it; None for what not everybody may."""
    if product.status != Product.Status.ON_SALE or product.hidden or not product.seller.is_selling:
        return None
    listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list("document", flat=True)
    plain = listed.first()
    if plain is None:
        return None
    offers = (offer for spec in product.specs.all() for sku in spec.skus.all() for offer in sku.offers.all())
    first = next(offers, None)
    if first is None:
        return None
    controls = controls_of(product)
    return view_of(documents.load(plain), currency=first.currency, controls=controls, slug=product.slug)


def _columns(product: Product, view: ProductView, least: Least) -> dict[str, Any]:
    postpaid = least.charging.postpaid
    unit = least.usage_unit if postpaid else least.unit
    media = view.document.media
    ways = view.ways | ({"trial"} if view.trial_days else set())
    return {
        "category": product.category, "seller": product.seller, "ways": sum(WAY_BITS[way] for way in ways),
        "price_from": ONLY_BY_USAGE if postpaid else least.minor, "charging_mode": str(least.charging_mode),
        "currency": least.currency, "period_type": least.period_type, "periods": least.periods,
        "quantity": least.quantity, "counted": least.counted, "unit_name": unit.zh[:64], "unit_name_en": unit.en[:64],
        "usage_price": least.usage_price, "picture": next(iter(media.pictures), media.logo), "indexed_as": VERSION,
    }  # fmt: skip


def _fields(product: Product, document: Document) -> Iterator[Field]:
    """Both languages of everything that is looked in: names weigh more than summaries, descriptions least."""
    base, found, seller, category = document.base, document.discovery, product.seller, product.category
    yield from (Field(text, 12, 5) for text in (base.name.zh, base.name.en))
    yield from (Field(text, 8, 4) for text in (found.keywords.zh, found.keywords.en, *found.tags))
    yield from (Field(text, 5, 2) for text in (base.summary.zh, base.summary.en))
    yield from (Field(text, 4, 2, characters=False) for text in (seller.name, seller.name_en))
    yield from (Field(text, 3, 1, characters=False) for text in (category.name, category.name_en))
    yield from (Field(text, 3) for one in base.highlights for text in (one.zh, one.en))
    yield from (Field(text, 2) for spec in document.pricing.specs for text in (spec.name.zh, spec.name.en))
    yield from (Field(_plain(text), 1) for text in (document.description.body.zh, document.description.body.en))


def _plain(html: str) -> str:
    return _TAG.sub(" ", html[: 4 * READ_OF_DESCRIPTION])[:READ_OF_DESCRIPTION]


def _write_terms(row: Shelf, wanted: dict[str, int]) -> None:
    """Only what differs: most of a product stays as it was from one version to the next."""
    there = dict(ShelfTerm.objects.filter(shelf=row).values_list("term", "weight"))
    gone = [term for term, weight in there.items() if wanted.get(term) != weight]
    if gone:
        ShelfTerm.objects.filter(shelf=row, term__in=gone).delete()
    new = [(term, weight) for term, weight in sorted(wanted.items()) if there.get(term) != weight]
    if new:
        terms, given = rows.table({"term": "text", "weight": "smallint"}, new)
        rows.run(
            f"INSERT INTO catalog_shelfterm (term, shelf_id, weight) SELECT term, %s, weight FROM {terms}",  # noqa: S608  # ours
            [row.pk, *given],
        )
