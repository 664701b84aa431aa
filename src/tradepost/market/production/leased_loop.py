"""Worker loop for leased jobs: a limited number at once, each in its own thread, so that a slow external server delays
neither orders nor the end of the process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter

import structlog
from django.db import connection

from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.leased_jobs import HEARTBEAT, LeasedTasks, RunningJob
from tradepost.market.base.work import DatabaseUnavailable

from .database_thread import DatabaseThread

log = structlog.get_logger(__name__)


class LeasedLoop:
    def __init__(self, tasks: LeasedTasks, *, owner: str, at_once: int, thread: DatabaseThread) -> None:
        self._tasks = tasks
        self._owner = owner
        self._at_once = at_once
        self._thread = thread
        self._open: dict[threading.Thread, RunningJob] = {}
        self._looked = 0.0

    async def turn(self) -> bool:
        """Claim and start due jobs while there is room, and renew leases from time to time. Return whether a job was
        started."""
        self._open = {thread: running for thread, running in self._open.items() if thread.is_alive()}
        if time.monotonic() - self._looked >= HEARTBEAT.total_seconds() / 5:
            self._looked = time.monotonic()
            await self._thread.until_done(self._look_after)
        if len(self._open) >= self._at_once:
            return False
        tasks = self._with_room()
        claimed_jobs = await self._thread.until_done(
            # One at a time, because each may fill the room of its kind.
            lambda: leased_jobs.claim(tasks, now=clock.cached_now(), wall=clock.wall(), owner=self._owner, limit=1)
        )
        for job in claimed_jobs:
            running = RunningJob(job)
            # Not a pool, whose threads are joined at exit.
            thread = threading.Thread(target=self._one, args=(running,), name=f"leased-{job.kind}", daemon=True)
            self._open[thread] = running
            thread.start()
        return bool(claimed_jobs)

    def _with_room(self) -> LeasedTasks:
        """Return the kinds that have room for another job."""
        running_kinds = Counter(running.kind for running in self._open.values())
        return {
            kind: task
            for kind, task in self._tasks.items()
            if task.at_once is None or running_kinds[kind] < task.at_once
        }

    def _look_after(self) -> None:
        wall = clock.wall()
        if self._open:
            leased_jobs.renew_leases(self._tasks, list(self._open.values()), wall=wall)
        leased_jobs.recover(self._tasks, now=clock.now(), wall=wall)

    def _one(self, running: RunningJob) -> None:
        try:
            leased_jobs.work_on(running, self._tasks[running.kind], now=clock.now)
        except DatabaseUnavailable as error:  # the lease expires and the job is retried
            log.warning("database away", job=running.pk, error=str(error).strip()[:300])
        except Exception:
            log.exception("leased job crashed", job=running.pk)
        finally:
            connection.close()

    async def land(self, within: float) -> None:
        """Ask running jobs to stop and wait this many seconds; others lose their lease."""
        end = time.monotonic() + within
        for running in self._open.values():
            running.stop()
        while any(thread.is_alive() for thread in self._open) and time.monotonic() < end:  # noqa: ASYNC110  # threads
            await asyncio.sleep(0.02)
