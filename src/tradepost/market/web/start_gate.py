"""Answers 503 until the checks of a start have passed (``start_checks``).

``tradepost serve`` runs them before it listens. This is for a database that was away then, and for a web process that loads
while its market is still being made.
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

LOOK_EVERY = 1.0
"""Seconds between two checks."""
PROBES = frozenset({"/healthz", "/readyz"})
WORDS = "The store is temporarily unavailable. Please try again later.\n商店暂时无法访问，请稍后再试。\n"
HEAD = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "5"), ("Cache-Control", "no-store")]


class StartGate:
    """The RSGI application ``app`` once ``check`` returned without an exception; from the beginning when it ``passed``."""

    def __init__(self, app: Any, *, check: Callable[[], None], passed: bool) -> None:
        self._app, self._check, self._passed = app, check, passed
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._reason = ""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._app.__rsgi_init__(loop)

    async def __rsgi__(self, scope: Any, exchange: Any) -> None:
        if self._passed or scope.path in PROBES or await self._look():
            await self._app.__rsgi__(scope, exchange)
        else:
            exchange.response_str(HTTPStatus.SERVICE_UNAVAILABLE, HEAD, WORDS)

    async def _look(self) -> bool:
        async with self._looking:
            if not self._passed and time.monotonic() - self._looked_at >= LOOK_EVERY:
                self._passed = await asyncio.get_running_loop().run_in_executor(None, self._passes)
                self._looked_at = time.monotonic()
        return self._passed

    def _passes(self) -> bool:
        try:
            self._check()
        except Refused as refused:
            self._say(refused.message)
        except Error as fault:
            self._say(str(fault))
        else:
            return True
        return False

    def _say(self, reason: str) -> None:
        """Once for each reason: requests repeat it."""
        if reason != self._reason:
            log.warning("not serving yet", reason=reason)
        self._reason = reason
