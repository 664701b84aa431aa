"""Drafts: begin a product, edit it section by section, submit it, discard it. Two tabs never overwrite each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tradepost.market.assets.pictures import use_pictures
from tradepost.market.assets.proofs import use_proofs
from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User
from tradepost.market.product_types.registry import product_type

from . import document as documents
from .document import Base, Document, Price, Pricing, Sku, Spec
from .lifecycle import VERSION, VersionEvent
from .models import Category, Product, Version
from .sellable import identity

MAX_DOCUMENT_LENGTH = 400_000
"""Maximum characters of a stored document: far more than texts in two languages, a drawing and a hundred SKUs
need."""


def begin(seller: Seller, kind: str, base: Base, *, by: User | None, now: datetime, slug: str = "") -> Product:
    """Begin a product with a draft that has only its name. Raises ``Refused`` for an unknown kind.

    ``slug``: the address of its page; derived from the English name if empty."""
    return _begin(seller, Document(product_type=kind, base=base), (), by=by, now=now, slug=slug)


def begin_complete(seller: Seller, document: Document, *, by: User | None, now: datetime, slug: str = "") -> Product:
    """Begin a product with a complete document, for data without a form, such as demo data."""
    with_ids = replace(document, pricing=with_product_ids(document.pricing))
    return _begin(seller, with_ids, documents.SECTIONS, by=by, now=now, slug=slug)


def _begin(
    seller: Seller, document: Document, sections: Iterable[str], *, by: User | None, now: datetime, slug: str
) -> Product:
    """``sections``: those marked as saved."""
    try:
        product_type(document.product_type)
    except LookupError:
        raise Refused("product.type", _("Choose a product type."), field="product_type") from None
    base, stored, revisions = document.base, _stored(document), dict.fromkeys(sections, 1)
    slug = slug or f"{slugify(base.name.en)[:80] or 'product'}-{ids.hex_id()[:6]}"
    with transaction.atomic():
        product = Product(
            seller=seller,
            product_type=document.product_type,
            slug=slug,
            category=_category(base.category),
            created_at=now,
        )
        _show_names(product, base)
        product.save(force_insert=True)
        draft = Version.objects.create(
            product=product, number=1, document=stored, revision=int(bool(revisions)), revisions=revisions,
            created_at=now, saved_at=now, saved_by=by,
        )  # fmt: skip
        if document.pictures() or document.proofs():
            _use_files(draft, document)
    return product


def _category(slug: str) -> Category:
    """Return the category of the draft, or any other: the column is required, and a draft is not in the store.

    The lock prevents its deletion before the draft is stored."""
    rows = Category.objects.select_for_update(of=("self",), no_key=True)
    category = rows.filter(slug=slug).first() or rows.order_by("position", "pk").first()
    if category is None:
        message = _("This market has no categories yet, so products cannot be added. Ask Support to add one.")
        raise Refused("product.category", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="category")
    return category


def _show_names(product: Product, base: Base) -> None:
    """Set the names that a seller's lists show for a product that was never listed."""
    product.name, product.name_en = base.name.zh[:64], base.name.en[:64]
    product.summary, product.summary_en = base.summary.zh[:200], base.summary.en[:200]


def open_draft(product: Product, *, by: User | None, now: datetime) -> Version:
    """Return the draft of a product; without one, a copy of its latest version. Raises ``Refused`` during a review,
    and if sales were stopped."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        if locked.status == Product.Status.STOPPED:
            raise Refused("product.stopped", _("Sales of this product have ended permanently."))
        latest = Version.objects.filter(product=locked).order_by("-number").first()
        if latest is None:
            raise LookupError(f"product {product.pk} has no version")
        if latest.status == Version.Status.DRAFT:
            return latest
        if latest.status == Version.Status.SEALED:
            raise Refused("draft.handed_in", _("This product is being reviewed. Withdraw the submission to change it."))
        return _copy(latest, by=by, now=now)


def _copy(version: Version, *, by: User | None, now: datetime) -> Version:
    """Create a draft with this version's document. It has its own references to files, like every version."""
    draft = Version.objects.create(
        product=version.product, number=version.number + 1, base=version, document=version.document,
        created_at=now, saved_at=now, saved_by=by,
    )  # fmt: skip
    document = documents.load(draft.document)
    if document.pictures() or document.proofs():
        _use_files(draft, document)
    return draft


def save_section(
    product: Product, section: str, value: object, *, seen: int, by: User | None, now: datetime
) -> Version:
    """Store one section of the draft. ``seen``: the revision of that section that the page showed
    (``Version.revisions``, 0 if never saved). IDs of specs, SKUs and prices are kept or created here, never taken
    from input.

    Raises ``Refused`` (409, ``draft.changed``) if the section was changed since then; that change stays, and the page
    keeps the refused input."""
    with transaction.atomic():
        open_draft(product, by=by, now=now)
        draft = Version.objects.select_for_update(of=("self",)).get(product=product, status=Version.Status.DRAFT)
        before = documents.load(draft.document)
        if isinstance(value, Pricing):
            value = with_product_ids(value, before.pricing, *_listed(product))
        after = documents.with_section(before, section, value)
        if after == before:
            return draft
        if draft.revisions.get(section, 0) != seen:
            raise Refused(
                "draft.changed",
                _("This section was changed in another tab or by a colleague. Compare before you save."),
                HTTPStatus.CONFLICT,
                field=section,
            )
        _store(draft, after, [section], by=by, now=now)
    return draft


def _store(draft: Version, after: Document, sections: Iterable[str], *, by: User | None, now: datetime) -> None:
    draft.document = _stored(after)
    draft.revision += 1
    draft.revisions = draft.revisions | dict.fromkeys(sections, draft.revision)
    draft.saved_at, draft.saved_by = now, by
    draft.save(update_fields=["document", "revision", "revisions", "saved_at", "saved_by"])
    _use_files(draft, after)
    product = draft.product
    if product.status == Product.Status.DRAFT and "base" in sections:
        _show_names(product, after.base)
        if after.base.category != product.category.slug:
            product.category = _category(after.base.category)
        product.save(update_fields=["name", "name_en", "summary", "summary_en", "category"])


def _stored(document: Document) -> dict[str, Any]:
    """Return the document as stored with a version. Raises ``Refused`` for a document that cannot be stored."""
    plain = documents.dump(document)
    if len(str(plain)) > MAX_DOCUMENT_LENGTH:
        raise Refused(
            "draft.too_large",
            _("The content exceeds the limit of a product page."),
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    if _has_nul(plain):
        raise Refused(
            "draft.characters",
            _("The text contains a character that cannot be stored (U+0000)."),
            HTTPStatus.BAD_REQUEST,
        )
    return plain


def _use_files(draft: Version, document: Document) -> None:
    seller = draft.product.seller
    use_pictures(owner_of(draft), document.pictures(), seller=seller, visible=False)
    use_proofs(owner_of(draft), document.proofs(), seller=seller)


def owner_of(version: Version) -> str:
    """Return the name under which a version owns pictures: they are kept as long as it, for its seller and operators
    only."""
    return f"version:{version.pk}"


def _has_nul(plain: object) -> bool:
    """Check for NUL characters, which PostgreSQL cannot store."""
    if isinstance(plain, Mapping):
        return any(_has_nul(key) or _has_nul(value) for key, value in plain.items())
    if isinstance(plain, (list, tuple)):
        return any(_has_nul(item) for item in plain)
    return isinstance(plain, str) and "\0" in plain


def _listed(product: Product) -> Iterator[Pricing]:
    """Yield the listed pricing, so that a draft that lost a part of it finds its IDs again."""
    listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list("document", flat=True)
    return (documents.load(plain).pricing for plain in listed)


def with_product_ids(pricing: Pricing, *before: Pricing) -> Pricing:
    """Return the pricing with an ID for everything sold: a spec is identified by its key, a SKU in it by its values,
    a price by its way of payment. ``before``: pricings with IDs, the draft first, then the listed one.

    New IDs of SKUs and prices are derived from the spec and their content. So an item that is removed and added again
    while editing keeps the ID that the seller may have configured."""
    by_key: dict[str, list[Spec]] = {}
    for earlier in before:
        for spec in earlier.specs:
            by_key.setdefault(spec.key, []).append(spec)
    used_keys: set[str] = set()
    specs = []
    for spec in pricing.specs:
        matching_specs = by_key.get(spec.key, []) if spec.key not in used_keys else []
        key = spec.key if matching_specs else ids.hex_id()[:16]
        used_keys.add(key)
        specs.append(replace(spec, key=key, skus=tuple(_sku_with_ids(sku, key, matching_specs) for sku in spec.skus)))
    return Pricing(specs=tuple(specs))


def _sku_with_ids(sku: Sku, key: str, specs: Iterable[Spec]) -> Sku:
    matching = [candidate for spec in specs for candidate in spec.skus if dict(candidate.values) == dict(sku.values)]
    code = matching[0].code if matching else _hash("sku", key, sorted(sku.values.items())).hex()
    product_ids = {identity(price): price.product_id for candidate in reversed(matching) for price in candidate.prices}
    prices = tuple(
        replace(price, product_id=product_ids.get(identity(price)) or _product_id(code, price)) for price in sku.prices
    )
    return replace(sku, code=code, prices=prices)


def _product_id(code: str, price: Price) -> str:
    """Return an ID in the form that sellers know: ``OFFI`` and 18 digits (saas-v2 §2.7)."""
    mode, period_type, quota, trial = price.charging_mode, price.period_type, price.quota.normalize(), price.trial
    hashed = _hash("offer", code, str(mode), period_type, str(quota), str(trial))
    return f"OFFI{int.from_bytes(hashed) % 10**18:018d}"


def _hash(kind: str, *parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16, person=kind.encode()).digest()


def seal(product: Product, *, now: datetime, actor: str) -> Version:
    """Seal the draft, so that it cannot change any more. Raises ``Refused`` if there is none."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        draft = (
            Version.objects.select_for_update(of=("self",)).filter(product=product, status=Version.Status.DRAFT).first()
        )
        if draft is None:
            raise Refused("draft.none", _("There is no draft to submit."))
        draft.product = locked
        VERSION.move_all(
            [draft], VersionEvent.SEAL, now=now, actor=actor, sha256=documents.digest(draft.document), sealed_at=now
        )
    return draft


def reject(version: Version, *, now: datetime, actor: str, note: str = "") -> None:
    """Reject a submitted version. It stays as evidence, and a draft with the same document replaces it, which the
    seller can correct and submit again. The caller holds the product's lock."""
    VERSION.move(version, VersionEvent.DROP, now=now, actor=actor, note=note)
    if version.product.status != Product.Status.STOPPED:
        _copy(version, by=None, now=now)


def discard(product: Product) -> None:
    """Discard the draft, with its product if that was never submitted. Raises ``Refused`` if there is no draft."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        draft = Version.objects.filter(product=locked, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to discard."))
        use_pictures(owner_of(draft), (), seller=locked.seller, visible=False)
        use_proofs(owner_of(draft), (), seller=locked.seller)
        draft.delete()
        if locked.status == Product.Status.DRAFT and not Version.objects.filter(product=locked).exists():
            locked.delete()
