"""What drafts refer to and are compared with, fetched for all of them at once: a list of drafts costs as many queries as one."""

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


class Known(Struct, frozen=True, kw_only=True):
    """``pictures``: seller, purpose and hash; ``proofs``: seller and hash; ``assets``: seller, key of an approved version and
    kind; ``clean``: keys of those without malware. The mappings are by seller (``hosts``) or by product."""

    categories: Collection[str]
    """Those that new products may have."""
    pictures: Collection[tuple[int, str, str]]
    proofs: Collection[tuple[int, str]]
    assets: Collection[tuple[int, str, str]]
    clean: Collection[str]
    hosts: Mapping[int, list[str]]
    listed: Mapping[int, dict[str, Any]]
    stopped: Mapping[int, frozenset[str]]
    limited: Mapping[int, frozenset[str]]


def known_of(drafts: Iterable[tuple[Product, Document]]) -> Known:
    drafts = list(drafts)
    products = [product.pk for product, _document in drafts]
    sellers = {product.seller_id for product, _document in drafts}
    pictures = {sha for _p, one in drafts for sha in {*one.media.hashes, *one.description.hashes}}
    proofs = {sha for _p, one in drafts for sha in one.proofs()}
    listed = Version.objects.filter(product__in=products, status=Version.Status.LISTED)
    assets = _assets({number for _p, one in drafts if (number := whole_number(one.details.fields.get(ASSET, "")))})
    return Known(
        categories=frozenset(row.slug for row in visible()),
        pictures=frozenset(
            Picture.objects.filter(seller__in=sellers, sha256__in=pictures).values_list("seller_id", "purpose", "sha256")
        ),
        proofs=frozenset(Proof.objects.filter(seller__in=sellers, sha256__in=proofs).values_list("seller_id", "sha256")),
        assets=frozenset((one.asset.seller_id, str(one.pk), one.asset.kind) for one in assets),
        clean=frozenset(str(one.pk) for one in assets if one.verdict == AssetVersion.Verdict.CLEAN),
        hosts=hosts_of_sellers(sellers),
        listed=dict(listed.values_list("product_id", "document")),
        stopped=defaultdict(frozenset, stopped_of(products)),
        limited=defaultdict(frozenset, limited_specs(products)),
    )  # fmt: skip


def _assets(keys: Collection[int]) -> list[AssetVersion]:
    if not keys:
        return []
    usable = AssetVersion.objects.filter(pk__in=keys, status=AssetVersion.Status.APPROVED)
    return list(usable.select_related("asset").only("verdict", "asset__seller", "asset__kind"))
