"""What operators see of all asset centers."""

from __future__ import annotations

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page

from .asset_models import AssetVersion


def all_versions(*, status: str = "", verdict: str = "", seller: str = "", after: str = "") -> Page[AssetVersion]:
    """Newest first, without reports; empty means all."""
    rows = AssetVersion.objects.select_related("asset__seller").defer("report")
    if status:
        rows = rows.filter(status=status)
    if verdict:
        rows = rows.filter(verdict=verdict)
    if seller:
        rows = rows.filter(asset__seller=whole_number(seller) or 0)
    return page(rows, after=after)


def find_version(pk: int) -> AssetVersion | None:
    found = AssetVersion.objects.select_related("asset__seller", "updates", "by", "confirmed_by")
    return found.filter(pk=pk).first()
