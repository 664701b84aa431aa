"""Answers 503 until the start checks have passed (``start_checks``).

``tradepost serve`` runs them before it listens. This gate covers a database that was unavailable then, and a web
process that loads while the market is being created.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.db import Error

from tradepost.market.base.errors import Refused

log = structlog.get_logger(__name__)

CHECK_INTERVAL = 1.0
"""Seconds between two checks."""
PROBES = frozenset({"/healthz", "/readyz"})
UNAVAILABLE_TEXT = "The store is temporarily unavailable. Please try again later.\n商店暂时无法访问，请稍后再试。\n"
UNAVAILABLE_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Retry-After", "5"),
    ("Cache-Control", "no-store"),
]


class StartGate:
    """RSGI application that passes requests to ``app`` once ``check`` has returned without an exception, or from the
    start if ``passed``."""

    def __init__(self, app: Any, *, check: Callable[[], None], passed: bool) -> None:
        self._app, self._check, self._passed = app, check, passed
        self._checked_at = float("-inf")
        self._lock = asyncio.Lock()
        self._reason = ""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._app.__rsgi_init__(loop)

    async def __rsgi__(self, scope: Any, exchange: Any) -> None:
        if self._passed or scope.path in PROBES or await self._is_open():
            await self._app.__rsgi__(scope, exchange)
        else:
            exchange.response_str(HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE_HEADERS, UNAVAILABLE_TEXT)

    async def _is_open(self) -> bool:
        async with self._lock:
            if not self._passed and time.monotonic() - self._checked_at >= CHECK_INTERVAL:
                self._passed = await asyncio.get_running_loop().run_in_executor(None, self._passes)
                self._checked_at = time.monotonic()
        return self._passed

    def _passes(self) -> bool:
        try:
            self._check()
        except Refused as refused:
            self._log_once(refused.message)
        except Error as fault:
            self._log_once(str(fault))
        else:
            return True
        return False

    def _log_once(self, reason: str) -> None:
        """Log each reason once, although requests repeat it."""
        if reason != self._reason:
            log.warning("not serving yet", reason=reason)
        self._reason = reason
