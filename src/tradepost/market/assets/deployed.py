"""What a seller's programs can fetch of its own asset center: approved versions, by their labels (openapi-jointkit §C.11)."""

from __future__ import annotations

from tradepost.market.base.numbers import whole_number
from tradepost.market.product_types.contract import AssetKind

from .asset_models import AssetVersion

MOST = 100
"""Versions of one answer, the newest first."""


def deployed_packages(seller_id: int, asset: str, *, label: str, all_versions: bool) -> list[AssetVersion]:
    """The newest approved version of a software package of this seller, or that with this label, or all; empty for an asset that
    is no package or somebody else's. ``asset`` is its number in the asset center."""
    found = AssetVersion.objects.select_related("asset").filter(
        asset=whole_number(asset) or 0, asset__seller=seller_id, asset__kind=AssetKind.PACKAGE,
        status=AssetVersion.Status.APPROVED, file_gone=False,
    )  # fmt: skip
    if label:
        found = found.filter(label=label)
    return list(found.order_by("-number")[: MOST if all_versions else 1])
