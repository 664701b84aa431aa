"""Data that drafts refer to and are compared with, prefetched for many drafts with the queries of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.assets.models import Picture, Proof
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.domains import hosts_of_sellers

from .category_queries import visible
from .controls import limited_specs
from .delist import stopped_of
from .document import ASSET, Document
from .models import Product, Version


class DraftContext(Struct, frozen=True, kw_only=True):
    """``pictures``: seller, purpose and hash; ``proofs``: seller and hash; ``assets``: seller, key of an approved
    version and kind; ``clean``: keys of versions without malware. The mappings are by seller (``hosts``) or by
    product."""

    categories: Collection[str]
    """Categories for new products."""
    pictures: Collection[tuple[int, str, str]]
    proofs: Collection[tuple[int, str]]
    assets: Collection[tuple[int, str, str]]
    clean: Collection[str]
    hosts: Mapping[int, list[str]]
    listed: Mapping[int, dict[str, Any]]
    stopped: Mapping[int, frozenset[str]]
    limited: Mapping[int, frozenset[str]]


def draft_context(drafts: Iterable[tuple[Product, Document]]) -> DraftContext:
    drafts = list(drafts)
    products = [product.pk for product, _document in drafts]
    sellers = {product.seller_id for product, _document in drafts}
    pictures = {sha for _p, item in drafts for sha in {*item.media.hashes, *item.description.hashes}}
    proofs = {sha for _p, item in drafts for sha in item.proofs()}
    listed = Version.objects.filter(product__in=products, status=Version.Status.LISTED)
    assets = _assets({number for _p, item in drafts if (number := whole_number(item.details.fields.get(ASSET, "")))})
    return DraftContext(
        categories=frozenset(row.slug for row in visible()),
        pictures=frozenset(
            Picture.objects.filter(seller__in=sellers, sha256__in=pictures).values_list("seller_id", "purpose", "sha256")
        ),
        proofs=frozenset(Proof.objects.filter(seller__in=sellers, sha256__in=proofs).values_list("seller_id", "sha256")),
        assets=frozenset((item.asset.seller_id, str(item.pk), item.asset.kind) for item in assets),
        clean=frozenset(str(item.pk) for item in assets if item.verdict == AssetVersion.Verdict.CLEAN),
        hosts=hosts_of_sellers(sellers),
        listed=dict(listed.values_list("product_id", "document")),
        stopped=defaultdict(frozenset, stopped_of(products)),
        limited=defaultdict(frozenset, limited_specs(products)),
    )  # fmt: skip


def _assets(keys: Collection[int]) -> list[AssetVersion]:
    if not keys:
        return []
    approved_versions = AssetVersion.objects.filter(pk__in=keys, status=AssetVersion.Status.APPROVED)
    return list(approved_versions.select_related("asset").only("verdict", "asset__seller", "asset__kind"))
