"""What the web check publishes."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("web_scan_ended", about=("task",))
@dataclass(frozen=True, slots=True, kw_only=True)
class WebScanEnded:
    """A run ended by itself. ``outcome``: done, unreached or broken."""

    scan: int
    task: int
    outcome: str
