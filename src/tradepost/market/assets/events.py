"""What happens to assets."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("asset_checked", about=("version",))
@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChecked:
    """A file of an asset was read and scanned. ``passed``: an operator decides about it now."""

    version: int
    passed: bool
