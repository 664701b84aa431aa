"""Queries on a seller's own asset center."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .asset_models import Asset, AssetVersion


class AssetRow(Struct, frozen=True):
    """``usable``: the newest version that can be delivered; ``newest``: the newest version in any status."""

    asset: Asset
    newest: AssetVersion | None
    usable: AssetVersion | None


def assets_of(seller: Seller, *, kind: str = "", search: str = "", after: str = "", size: int = 25) -> Page[Asset]:
    """Return a page of assets, newest first; empty filters for all."""
    rows = Asset.objects.filter(seller=seller)
    if kind:
        rows = rows.filter(kind=kind)
    if search:
        rows = rows.filter(name__icontains=search)
    return page(rows, after=after, size=size)


def with_newest(assets: Sequence[Asset]) -> list[AssetRow]:
    """Return the assets with their newest versions, in one query."""
    newest_versions: dict[int, AssetVersion] = {}
    usable_versions: dict[int, AssetVersion] = {}
    for version in AssetVersion.objects.filter(asset__in=assets).defer("report").order_by("number"):
        newest_versions[version.asset_id] = version
        if version.status == AssetVersion.Status.APPROVED:
            usable_versions[version.asset_id] = version
    return [AssetRow(asset, newest_versions.get(asset.pk), usable_versions.get(asset.pk)) for asset in assets]
