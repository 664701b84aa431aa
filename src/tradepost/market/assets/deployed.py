"""The approved packages that a seller's programs can fetch from its own asset center, by label (openapi-jointkit
§C.11)."""

from __future__ import annotations

from tradepost.market.base.numbers import whole_number
from tradepost.market.product_types.contract import AssetKind

from .asset_models import AssetVersion

MAX_VERSIONS = 100
"""Maximum versions in a response, newest first."""


def deployed_packages(seller_id: int, asset: str, *, label: str, all_versions: bool) -> list[AssetVersion]:
    """Return the newest approved version of a seller's software package, the version with this label, or all. Empty
    for other kinds and other sellers. ``asset``: its number in the asset center."""
    versions = AssetVersion.objects.select_related("asset").filter(
        asset=whole_number(asset) or 0, asset__seller=seller_id, asset__kind=AssetKind.PACKAGE,
        status=AssetVersion.Status.APPROVED, file_gone=False,
    )  # fmt: skip
    if label:
        versions = versions.filter(label=label)
    return list(versions.order_by("-number")[: MAX_VERSIONS if all_versions else 1])
