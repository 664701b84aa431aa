"""Drafts that change the prices of a listed product."""

from __future__ import annotations

from tests.factories import NOW
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Document, Sku
from tradepost.market.catalog.models import Product


def drafted(product: Product, first: Sku | None, second: Sku | None) -> Document:
    """Return a draft of the listed document with these two SKUs in place of its own."""
    version = product.versions.get(status="listed")
    document = documents.load(version.document)
    (spec,) = document.pricing.specs
    skus = tuple(
        replace(new, code=old.code) for old, new in zip(spec.skus, (first, second), strict=True) if new is not None
    )
    pricing = replace(document.pricing, specs=(replace(spec, skus=skus),))
    draft = drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=NOW)
    return documents.load(draft.document)
