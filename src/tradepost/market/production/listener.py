"""A thread that receives PostgreSQL notifications of due work, so that loops need not wait for their next poll."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from tradepost.market.base.work import CHANNEL, DatabaseUnavailable


class Listener(threading.Thread):
    """Receive NOTIFY and wake the loops; ends at once on SQLite."""

    def __init__(self, rouse: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="listener", daemon=True)
        self._rouse_threadsafe: Callable[[], object] = lambda: loop.call_soon_threadsafe(rouse)
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        if connection.vendor != "postgresql":
            return
        while not self._stopped.is_set():
            try:
                self._listen()
            except (*DatabaseUnavailable, RuntimeError):  # database away, or the loop has closed
                connection.close()
                self._stopped.wait(1.0)
        connection.close()

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        raw: Any = connection.connection
        while not self._stopped.is_set():
            with connection.wrap_database_errors:
                for _ in raw.notifies(timeout=0.5, stop_after=1):
                    self._rouse_threadsafe()
