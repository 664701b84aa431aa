"""Drafts: begin a product, edit it section by section, hand it in, drop it. Two tabs never overwrite each other."""

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

LARGEST = 400_000
"""Characters of a stored document: texts in two languages, a drawing and a hundred SKUs are far below."""


def begin(seller: Seller, kind: str, base: Base, *, by: User | None, now: datetime, slug: str = "") -> Product:
    """A new product with an empty draft but for its name. Raises ``Refused`` for an unknown kind.

    ``slug``: the address of its page; made of the English name where it is empty.
    """
    return _begin(seller, Document(product_type=kind, base=base), (), by=by, now=now, slug=slug)


def begin_whole(seller: Seller, document: Document, *, by: User | None, now: datetime, slug: str = "") -> Product:
    """The same with this document as its draft: for what has no page, such as demo data."""
    whole = replace(document, pricing=minted(document.pricing))
    return _begin(seller, whole, documents.SECTIONS, by=by, now=now, slug=slug)


def _begin(
    seller: Seller, document: Document, sections: Iterable[str], *, by: User | None, now: datetime, slug: str
) -> Product:
    """``sections``: those that are saved with it."""
    try:
        product_type(document.product_type)
    except LookupError:
        raise Refused("product.type", _("Choose one of the kinds of products."), field="product_type") from None
    base, plain, revisions = document.base, _stored(document), dict.fromkeys(sections, 1)
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
            product=product, number=1, document=plain, revision=int(bool(revisions)), revisions=revisions,
            created_at=now, saved_at=now, saved_by=by,
        )  # fmt: skip
        if document.pictures() or document.proofs():
            _use_files(draft, document)
    return product


def _category(slug: str) -> Category:
    """Return the category of the draft, or any other: the column needs one, and a draft is not in the store.

    The lock keeps it from being deleted before the draft is stored.
    """
    rows = Category.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(slug=slug).first() or rows.order_by("position", "pk").first()
    if found is None:
        words = _("This market has no categories yet, so products cannot be added. Ask Support to add one.")
        raise Refused("product.category", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="category")
    return found


def _show_names(product: Product, base: Base) -> None:
    """What a seller's lists call a product that was never listed."""
    product.name, product.name_en = base.name.zh[:64], base.name.en[:64]
    product.summary, product.summary_en = base.summary.zh[:200], base.summary.en[:200]


def open_draft(product: Product, *, by: User | None, now: datetime) -> Version:
    """The draft of a product; when there is none, a copy of its latest version. Raises ``Refused`` while one is handed in,
    and for a product whose sales were stopped."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        if locked.status == Product.Status.STOPPED:
            raise Refused("product.stopped", _("Sales of this product were stopped for good."))
        latest = Version.objects.filter(product=locked).order_by("-number").first()
        if latest is None:
            raise LookupError(f"product {product.pk} has no version")
        if latest.status == Version.Status.DRAFT:
            return latest
        if latest.status == Version.Status.SEALED:
            raise Refused("draft.handed_in", _("This product is being reviewed. Withdraw the submission to change it."))
        return _copy(latest, by=by, now=now)


def _copy(version: Version, *, by: User | None, now: datetime) -> Version:
    """A new draft with this version's document. It refers to its files itself: each version keeps its own."""
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
    """Store one section of the draft. ``seen``: the revision of that section (``Version.revisions``, 0 where it was never
    saved) that the page showed. Ids of specs, SKUs and prices are kept or minted here; none is taken from outside.

    Raises ``Refused`` (409, ``draft.changed``) when somebody saved another content of the section since then; what they
    saved stays, and what is refused is the page's to keep.
    """
    with transaction.atomic():
        open_draft(product, by=by, now=now)
        draft = Version.objects.select_for_update(of=("self",)).get(product=product, status=Version.Status.DRAFT)
        before = documents.load(draft.document)
        if isinstance(value, Pricing):
            value = minted(value, before.pricing, *_listed(product))
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
    """As a version keeps it. Raises ``Refused`` for what cannot be kept."""
    plain = documents.dump(document)
    if len(str(plain)) > LARGEST:
        raise Refused(
            "draft.too_large", _("This is more than a product page can hold."), HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    if _has_nul(plain):
        raise Refused(
            "draft.characters", _("A text holds a character that cannot be stored (U+0000)."), HTTPStatus.BAD_REQUEST
        )
    return plain


def _use_files(draft: Version, document: Document) -> None:
    seller = draft.product.seller
    use_pictures(owner_of(draft), document.pictures(), seller=seller, visible=False)
    use_proofs(owner_of(draft), document.proofs(), seller=seller)


def owner_of(version: Version) -> str:
    """As what a version refers to pictures: they stay for as long as it does, for its seller and operators alone."""
    return f"version:{version.pk}"


def _has_nul(plain: object) -> bool:
    """PostgreSQL stores no such character; nobody types one."""
    if isinstance(plain, Mapping):
        return any(_has_nul(key) or _has_nul(value) for key, value in plain.items())
    if isinstance(plain, (list, tuple)):
        return any(_has_nul(one) for one in plain)
    return isinstance(plain, str) and "\0" in plain


def _listed(product: Product) -> Iterator[Pricing]:
    """What is sold now: a draft that lost some of it finds its ids again."""
    listed = Version.objects.filter(product=product, status=Version.Status.LISTED).values_list("document", flat=True)
    return (documents.load(plain).pricing for plain in listed)


def minted(pricing: Pricing, *before: Pricing) -> Pricing:
    """The same with an id for everything that is sold: a spec is known by its key, a SKU in it by its values, a price by how
    it is paid. ``before``: what has ids already, the draft first, then what is listed.

    New ids of SKUs and prices are made of the spec and of what they are: what is taken away and comes back, as happens while
    one types, has the id that the seller may have configured.
    """
    known: dict[str, list[Spec]] = {}
    for one in before:
        for spec in one.specs:
            known.setdefault(spec.key, []).append(spec)
    taken: set[str] = set()
    specs = []
    for spec in pricing.specs:
        old = known.get(spec.key, []) if spec.key not in taken else []
        key = spec.key if old else ids.hex_id()[:16]
        taken.add(key)
        specs.append(replace(spec, key=key, skus=tuple(_minted(sku, key, old) for sku in spec.skus)))
    return Pricing(specs=tuple(specs))


def _minted(sku: Sku, key: str, specs: Iterable[Spec]) -> Sku:
    same = [other for spec in specs for other in spec.skus if dict(other.values) == dict(sku.values)]
    code = same[0].code if same else _made_of("sku", key, sorted(sku.values.items())).hex()
    ways = {identity(price): price.product_id for other in reversed(same) for price in other.prices}
    prices = tuple(
        replace(price, product_id=ways.get(identity(price)) or _product_id(code, price)) for price in sku.prices
    )
    return replace(sku, code=code, prices=prices)


def _product_id(code: str, price: Price) -> str:
    """In the shape that sellers know: ``OFFI`` and 18 digits (saas-v2 §2.7)."""
    mode, period_type, quota, trial = price.charging_mode, price.period_type, price.quota.normalize(), price.trial
    made = _made_of("offer", code, str(mode), period_type, str(quota), str(trial))
    return f"OFFI{int.from_bytes(made) % 10**18:018d}"


def _made_of(kind: str, *parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16, person=kind.encode()).digest()


def seal(product: Product, *, now: datetime, actor: str) -> Version:
    """Hand the draft in: from now on it cannot change. Raises ``Refused`` when there is none."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        draft = (
            Version.objects.select_for_update(of=("self",)).filter(product=product, status=Version.Status.DRAFT).first()
        )
        if draft is None:
            raise Refused("draft.none", _("There is no draft to hand in."))
        draft.product = locked
        VERSION.move_all(
            [draft], VersionEvent.SEAL, now=now, actor=actor, sha256=documents.digest(draft.document), sealed_at=now
        )
    return draft


def drop(version: Version, *, now: datetime, actor: str, note: str = "") -> None:
    """A submitted version will not be listed. It stays as evidence, and a draft with the same document takes its place, so
    that the seller corrects it or submits it again. Its product is locked."""
    VERSION.move(version, VersionEvent.DROP, now=now, actor=actor, note=note)
    if version.product.status != Product.Status.STOPPED:
        _copy(version, by=None, now=now)


def discard(product: Product) -> None:
    """Discard the draft; a product that was never handed in goes with it. Raises ``Refused`` when there is no draft."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        draft = Version.objects.filter(product=locked, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to throw away."))
        use_pictures(owner_of(draft), (), seller=locked.seller, visible=False)
        use_proofs(owner_of(draft), (), seller=locked.seller)
        draft.delete()
        if locked.status == Product.Status.DRAFT and not Version.objects.filter(product=locked).exists():
            locked.delete()
