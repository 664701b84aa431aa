"""Events of website checks."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("web_scan_ended", about=("task",))
class WebScanEnded(Struct, frozen=True, kw_only=True):
    """A run ended without being cancelled. ``outcome``: done, unreached or broken."""

    scan: int
    task: int
    outcome: str
