"""What a seller sees of its asset center."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .asset_models import Asset, AssetVersion


class AssetRow(Struct, frozen=True):
    """``usable``: the newest version that products can be delivered with; ``newest``: whatever became of it."""

    asset: Asset
    newest: AssetVersion | None
    usable: AssetVersion | None


def assets_of(seller: Seller, *, kind: str = "", search: str = "", after: str = "") -> Page[Asset]:
    """Newest first; empty means all."""
    rows = Asset.objects.filter(seller=seller)
    if kind:
        rows = rows.filter(kind=kind)
    if search:
        rows = rows.filter(name__icontains=search)
    return page(rows, after=after)


def with_newest(assets: Sequence[Asset]) -> list[AssetRow]:
    """In one query, however many."""
    newest: dict[int, AssetVersion] = {}
    usable: dict[int, AssetVersion] = {}
    for version in AssetVersion.objects.filter(asset__in=assets).defer("report").order_by("number"):
        newest[version.asset_id] = version
        if version.status == AssetVersion.Status.APPROVED:
            usable[version.asset_id] = version
    return [AssetRow(asset, newest.get(asset.pk), usable.get(asset.pk)) for asset in assets]
