"""One thread with its own database connection for each loop of a worker: Django's connections belong to threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from tradepost.market.base.work import DatabaseAway

log = structlog.get_logger(__name__)


class DatabaseThread:
    """One thread with its own database connection, asked from the event loop. Survives a database that is away.

    ``stop``: once it is set, an outage is no longer waited through.
    """

    def __init__(self, name: str, stop: asyncio.Event | None = None) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._stop = stop or asyncio.Event()

    async def __call__[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, work)

    @staticmethod
    def _guarded[T](work: Callable[[], T]) -> T:
        try:
            return work()
        except DatabaseAway:
            connection.close()  # the next use opens a fresh one
            raise

    async def until_done[T](self, work: Callable[[], T], *, first: Callable[[], object] | None = None) -> T:
        """Repeat over a database outage. Only for work that is safe to repeat. Raises ``DatabaseAway`` when it is time
        to stop: the outage may be longer than anybody waits for a process to end.

        ``first`` runs before a repetition: what the outage interrupted may have left leases that nobody works on.
        """
        wait = 0.1
        again = False
        while True:
            try:
                if again and first is not None:
                    await self(first)
                return await self(work)
            except DatabaseAway as error:
                log.warning("database away", error=str(error).strip()[:300])
                if self._stop.is_set():
                    raise
                again = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), wait)
                wait = min(wait * 2, 2.0)

    def close(self) -> None:
        # A lambda: `connection` means the connection of the thread that looks it up.
        self._pool.submit(lambda: connection.close())  # noqa: PLW0108
        self._pool.shutdown(wait=True)
