"""The loop of a worker that works on leased jobs: a bounded number at once, each in a thread of its own, so that one that
hangs with somebody's server holds up neither orders nor the end of the process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter

import structlog
from django.db import connection

from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.leased_jobs import BEAT, LeasedTasks, Running
from tradepost.market.base.work import DatabaseAway

from .database_thread import DatabaseThread

log = structlog.get_logger(__name__)


class LeasedLoop:
    def __init__(self, tasks: LeasedTasks, *, owner: str, at_once: int, thread: DatabaseThread) -> None:
        self._tasks = tasks
        self._owner = owner
        self._at_once = at_once
        self._thread = thread
        self._open: dict[threading.Thread, Running] = {}
        self._looked = 0.0

    async def turn(self) -> bool:
        """Claim and begin what is due, as far as there is room; now and then keep leases. Whether something began."""
        self._open = {thread: running for thread, running in self._open.items() if thread.is_alive()}
        if time.monotonic() - self._looked >= BEAT.total_seconds() / 5:
            self._looked = time.monotonic()
            await self._thread.until_done(self._look_after)
        if len(self._open) >= self._at_once:
            return False
        tasks = self._with_room()
        claimed = await self._thread.until_done(
            # One by one: what was begun may fill the room of its kind.
            lambda: leased_jobs.claim(tasks, now=clock.lately(), wall=clock.wall(), owner=self._owner, limit=1)
        )
        for job in claimed:
            running = Running(job)
            # Not a pool's: those are waited for at the end of the process.
            thread = threading.Thread(target=self._one, args=(running,), name=f"leased-{job.kind}", daemon=True)
            self._open[thread] = running
            thread.start()
        return bool(claimed)

    def _with_room(self) -> LeasedTasks:
        """The kinds of which one more may be begun."""
        begun = Counter(running.kind for running in self._open.values())
        return {k: task for k, task in self._tasks.items() if task.at_once is None or begun[k] < task.at_once}

    def _look_after(self) -> None:
        wall = clock.wall()
        if self._open:
            leased_jobs.beat(self._tasks, list(self._open.values()), wall=wall)
        leased_jobs.recover(self._tasks, now=clock.now(), wall=wall)

    def _one(self, running: Running) -> None:
        try:
            leased_jobs.work_on(running, self._tasks[running.kind], now=clock.now)
        except DatabaseAway as error:  # the lease runs out, and it is tried again
            log.warning("database away", job=running.pk, error=str(error).strip()[:300])
        except Exception:
            log.exception("leased job crashed", job=running.pk)
        finally:
            connection.close()

    async def land(self, within: float) -> None:
        """Ask what is under way to end, and wait so many seconds for it; what goes on loses its lease by itself."""
        end = time.monotonic() + within
        for running in self._open.values():
            running.stop()
        while any(thread.is_alive() for thread in self._open) and time.monotonic() < end:  # noqa: ASYNC110  # threads
            await asyncio.sleep(0.02)
