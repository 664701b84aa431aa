"""What happens to assets."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("asset_checked", about=("version",))
class AssetChecked(Struct, frozen=True, kw_only=True):
    """A file of an asset was read and scanned. ``passed``: an operator decides about it now."""

    version: int
    passed: bool
