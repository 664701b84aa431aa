"""One thread with its own database connection for each loop of a worker, because Django's connections belong to
threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from tradepost.market.base.work import DatabaseUnavailable

log = structlog.get_logger(__name__)


class DatabaseThread:
    """A thread with its own database connection, called from the event loop. It survives database outages. ``stop``:
    once set, outages are not waited for."""

    def __init__(self, name: str, stop: asyncio.Event | None = None) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._stop = stop or asyncio.Event()

    async def __call__[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, work)

    @staticmethod
    def _guarded[T](work: Callable[[], T]) -> T:
        try:
            return work()
        except DatabaseUnavailable:
            connection.close()  # the next use opens a new one
            raise

    async def until_done[T](self, work: Callable[[], T], *, first: Callable[[], object] | None = None) -> T:
        """Repeat the work during a database outage; it must be idempotent. Raises ``DatabaseAway`` when the worker
        stops, because the outage may be long.

        ``first`` runs before a repetition: the interrupted work may have left leases.
        """
        delay = 0.1
        is_repeated = False
        while True:
            try:
                if is_repeated and first is not None:
                    await self(first)
                return await self(work)
            except DatabaseUnavailable as error:
                log.warning("database away", error=str(error).strip()[:300])
                if self._stop.is_set():
                    raise
                is_repeated = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), delay)
                delay = min(delay * 2, 2.0)

    def close(self) -> None:
        # A lambda, because `connection` is looked up per thread.
        self._pool.submit(lambda: connection.close())  # noqa: PLW0108
        self._pool.shutdown(wait=True)
