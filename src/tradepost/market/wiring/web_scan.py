"""Reactions to events of ``web_scan``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications import web_scan_reactions as notices
from tradepost.market.web_scan.events import WebScanEnded

REACTIONS = (on(WebScanEnded, notices.on_web_scan_ended),)
