"""Queries on all asset centers for operators."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .asset_models import AssetVersion


class VersionFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list; empty for all. ``since`` and ``until``: range of the upload time."""

    status: str = ""
    verdict: str = ""
    seller: str = ""
    since: datetime | None = None
    until: datetime | None = None


def all_versions(filters: VersionFilter, *, after: str = "", size: int = 25) -> Page[AssetVersion]:
    """Return a page of versions, newest first, without reports."""
    rows = between(AssetVersion.objects.all(), "created_at", filters.since, filters.until)
    rows = rows.select_related("asset__seller").defer("report")
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.verdict:
        rows = rows.filter(verdict=filters.verdict)
    if filters.seller:
        rows = rows.filter(asset__seller=whole_number(filters.seller) or 0)
    return page(rows, after=after, size=size)


def find_version(pk: int) -> AssetVersion | None:
    versions = AssetVersion.objects.select_related("asset__seller", "updates", "by", "confirmed_by")
    return versions.filter(pk=pk).first()
