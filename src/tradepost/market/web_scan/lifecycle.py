"""The lifecycle of a run of the website check."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import WebScan

ScanStatus = WebScan.Status


class ScanEvent(StrEnum):
    END = "end"
    MISS = "miss"
    BREAK = "break"
    CANCEL = "cancel"


E = ScanEvent
WEB_SCAN: Lifecycle[WebScan.Status, ScanEvent] = Lifecycle(
    "web check",
    {
        (ScanStatus.RUNNING, E.END): ScanStatus.DONE,
        (ScanStatus.RUNNING, E.MISS): ScanStatus.UNREACHED,
        (ScanStatus.RUNNING, E.BREAK): ScanStatus.BROKEN,
        (ScanStatus.RUNNING, E.CANCEL): ScanStatus.CANCELLED,
    },
)
