"""How a run of the web check ends."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import WebScan

S = WebScan.Status


class ScanEvent(StrEnum):
    END = "end"
    MISS = "miss"
    BREAK = "break"
    CANCEL = "cancel"


E = ScanEvent
WEB_SCAN: Lifecycle[WebScan.Status, ScanEvent] = Lifecycle(
    "web check",
    {
        (S.RUNNING, E.END): S.DONE,
        (S.RUNNING, E.MISS): S.UNREACHED,
        (S.RUNNING, E.BREAK): S.BROKEN,
        (S.RUNNING, E.CANCEL): S.CANCELLED,
    },
)
