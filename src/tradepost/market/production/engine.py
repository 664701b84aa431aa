"""The engine of a worker process: claim, send and record calls, react to events, run timers. Any number of processes
share a database.

Each database loop has its own thread, because Django's connections belong to threads, so the event loop with hundreds
of open calls never waits for the database. During an outage loops wait and retry, and answers are kept in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct

from tradepost.market.base import clock, jobs
from tradepost.market.base.events import Reactions
from tradepost.market.base.leased_jobs import LeasedTasks
from tradepost.market.base.values import replace
from tradepost.market.base.work import DatabaseUnavailable
from tradepost.protocols.commands import Fault, Unreachable
from tradepost.protocols.registry import protocol, protocols

from . import breaker, upkeep
from .attempts import EndedAttempt
from .claim import ClaimedCall, claim_calls, until_next_call
from .clock_steps import Timers
from .database_thread import DatabaseThread
from .gateway import Exchange, Gateway, Limits
from .leased_loop import LeasedLoop
from .listener import Listener
from .models import JUDGED_PURPOSES, Call
from .plan import ACCESS_LIMITS, Probing
from .reacting import Reacting
from .record import record_each

log = structlog.get_logger(__name__)

UPKEEP_INTERVAL = 0.25
"""Seconds between turns of the upkeep, and between checks of a sandbox clock."""
CLOCK_RETRY = 0.1
"""Seconds before retrying a step of a sandbox clock, unless a loop reports earlier."""
GATHER_SECONDS = 0.02
"""Seconds for which the first answer of such a step waits for others."""
POLL_INTERVAL = 0.05
"""Seconds between polls without a notification: the maximum delay of a timer."""
BATCH_SIZE = 256
BUSY_CALLS = 64
"""Open calls from which work is gathered into larger batches; below it, latency matters more."""
GATHER_TIME = 0.004
"""Seconds for which a busy worker gathers work: a transaction costs the same for ten rows as for two hundred."""
MAIL_PAUSE_FACTOR = 4
"""Factor by which mail batches wait longer than they took while orders are processed, because orders come first."""
OWN_LEASES_INTERVAL = timedelta(seconds=2)
"""Interval of checks for unknown leases in our name, and their minimum age."""
LEASED_INTERVAL = 0.25
"""Seconds between polls of leased jobs without a notification."""
WOKEN_LOOPS = ("claim", "react", "leased")
"""Loops woken when work is due. Mail may wait half a second, unless a clock moves."""
STOP_TIMEOUT = 8.0
"""Seconds for which a stopping worker waits for open calls."""


class Setup(Struct, frozen=True, kw_only=True):
    name: str
    limits: Limits
    capacity: int
    per_seller: int
    breaker: breaker.Rule
    probing: Probing
    reactions: Reactions
    tasks: Mapping[str, jobs.Task]
    timers: Timers
    judge: Callable[[ClaimedCall, Exchange], Sequence[Mapping[str, Any]]]
    """Judge the answer to a test call from its original bytes; runs in a thread."""
    leased_tasks: LeasedTasks
    leased_at_once: int
    begin: Callable[[datetime], None]  # receives market time; creates the timers that always run
    deliver_mail: Callable[[datetime, datetime], int]
    deliver_elsewhere: Callable[[datetime, datetime], int]
    """Send to phones, programs and chats: external servers must not delay mails."""
    sandbox: bool


class Engine:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.claimed = self.recorded = 0
        self._flying: set[asyncio.Task[None]] = set()
        self._open: dict[int, int] = {}
        """Calls claimed here and not recorded yet, with their attempt numbers."""
        self._ended: asyncio.Queue[EndedAttempt] = asyncio.Queue()
        self._wake = {loop: asyncio.Event() for loop in (*WOKEN_LOOPS, "mail", "elsewhere", "clock")}
        self._stop, self._begun = asyncio.Event(), asyncio.Event()
        self._lease = timedelta(seconds=setup.limits.timeout + 40)
        self._recording = 0
        self._reacting = False
        """Whether the last turn found work."""
        self._reactions = Reacting(
            reactions=setup.reactions, tasks=setup.tasks, timers=setup.timers, idle=self._idle, sweep=self._sweep
        )  # fmt: skip
        self._claiming_since: datetime | None = None
        """Start of a claim in progress, whose calls are not in the open ones yet."""
        self._beats_since: datetime | None = None
        self._last_beat: datetime | None = None

    async def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then finish open calls, record them and return."""
        protocols()  # loaded now, so that the first order does not wait
        name = self.setup.name
        threads = {
            loop: DatabaseThread(f"{name}-{loop}", self._stop)
            for loop in ("claim", "react", "keep", "mail", "elsewhere", "leased", *(["clock"] * self.setup.sandbox))
        }
        threads["record"] = DatabaseThread(f"{name}-record")  # answers are kept as long as possible
        try:
            if await self._arrived(stop, threads["keep"]):
                await self._work(stop, threads)
        finally:
            for thread in threads.values():
                thread.close()

    async def _arrived(self, stop: threading.Event, thread: DatabaseThread) -> bool:
        """Register with the database. Return False if stopped before it was reachable."""
        arriving = asyncio.create_task(thread.until_done(lambda: upkeep.register(self.setup.name, wall=clock.wall())))
        while not (arriving.done() or stop.is_set()):
            await asyncio.wait([arriving], timeout=POLL_INTERVAL)
        if stop.is_set():
            self._stop.set()
        try:
            await arriving
        except DatabaseUnavailable:
            return False
        return True

    async def _work(self, stop: threading.Event, threads: Mapping[str, DatabaseThread]) -> None:
        async with Gateway(self.setup.limits, connections=self.setup.capacity) as gateway:
            recorder = asyncio.create_task(self._record_loop(threads["record"]))
            loops = [
                asyncio.create_task(self._claim_loop(threads["claim"], gateway)),
                asyncio.create_task(self._react_loop(threads["react"])),
                asyncio.create_task(self._keep_loop(threads["keep"])),
                asyncio.create_task(self._deliver_loop("mail", threads["mail"], self.setup.deliver_mail)),
                asyncio.create_task(
                    self._deliver_loop("elsewhere", threads["elsewhere"], self.setup.deliver_elsewhere)
                ),
                asyncio.create_task(self._leased_loop(threads["leased"])),
            ]
            if self.setup.sandbox:
                loops.append(asyncio.create_task(self._clock_loop(threads["clock"])))
            listener = Listener(self._rouse, asyncio.get_running_loop())
            listener.start()
            try:
                await self._until(stop, [recorder, *loops])
            finally:
                self._stop.set()
                self._begun.set()
                for event in self._wake.values():
                    event.set()
                listener.stop()
                await asyncio.gather(*loops, return_exceptions=True)
                await self._land()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.join(), STOP_TIMEOUT)
                recorder.cancel()

    async def _until(self, stop: threading.Event, tasks: list[asyncio.Task[None]]) -> None:
        while not stop.is_set():
            await asyncio.sleep(POLL_INTERVAL)
            for task in tasks:
                if task.done():
                    task.result()  # loops never end: raise their error, so that the process restarts

    def _rouse(self) -> None:
        """Wake the loops. While a sandbox clock moves, only the clock loop; it wakes the others."""
        for loop in ("clock",) if self._reactions.clock_moves else WOKEN_LOOPS:
            self._wake[loop].set()

    async def _nap(self, loop: str, max_seconds: float = POLL_INTERVAL) -> None:
        max_seconds = max(max_seconds, CLOCK_RETRY) if self._reactions.clock_moves else max_seconds
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake[loop].wait(), max_seconds)
        self._wake[loop].clear()

    async def _land(self) -> None:
        """Wait for open calls; those that exceed the time are recorded as lost."""
        if self._flying:
            _, open_tasks = await asyncio.wait(self._flying, timeout=STOP_TIMEOUT)
            for task in open_tasks:
                task.cancel()
            await asyncio.gather(*open_tasks, return_exceptions=True)

    # --- calls ---------------------------------------------------------------------------------------------------

    async def _claim_loop(self, thread: DatabaseThread, gateway: Gateway) -> None:
        setup = self.setup
        while not self._stop.is_set():
            room = min(setup.capacity - len(self._flying) - self._ended.qsize(), BATCH_SIZE)
            if room < (BATCH_SIZE // 2 if self._busy() else 1):
                await asyncio.sleep(GATHER_TIME)
                continue
            self._claiming_since = clock.wall()
            claimed_calls = await thread.until_done(
                lambda room=room: claim_calls(  # type: ignore[misc]
                    now=clock.cached_now(),
                    wall=clock.wall(),
                    owner=setup.name,
                    limit=room,
                    per_seller=setup.per_seller,
                    duration=self._lease,
                    capacity=setup.capacity,
                    probing=setup.probing,
                ),
                first=self._disowner(clock.wall),
            )
            self.claimed += len(claimed_calls)
            self._open.update((call.call_id, call.number) for call in claimed_calls)
            self._claiming_since = None
            for call in claimed_calls:
                task = asyncio.create_task(self._one(call, gateway))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
            if not claimed_calls:
                await self._nap("claim", await thread.until_done(lambda: until_next_call(POLL_INTERVAL)))

    def _busy(self) -> bool:
        """Return whether many calls are open, so that a later, larger batch is better."""
        return len(self._flying) > BUSY_CALLS

    def _disowner(self, before: Callable[[], datetime]) -> Callable[[], None]:
        """Return a function that ends unknown leases in our name taken ``before``. Created on the event loop, where
        ``_open`` changes."""
        known_calls = frozenset(self._open)
        return lambda: upkeep.end_unknown_leases(
            self.setup.name,
            known=known_calls,
            claimed_before=before(),
            duration=self._lease,
            wall=clock.wall(),
        )

    def _disown_old(self) -> Callable[[], None]:
        """Return a function for leases hidden by an outage. Calls of a claim in progress are known and excluded."""
        before = clock.wall() - OWN_LEASES_INTERVAL
        before = min(before, self._claiming_since or before)
        return self._disowner(lambda: before)

    async def _one(self, call: ClaimedCall, gateway: Gateway) -> None:
        ended = EndedAttempt(call, Unreachable(fault=Fault.LOST, detail="the worker was stopped during this call"))
        try:
            if not call.keys:
                ended = EndedAttempt(call, Unreachable(fault=Fault.NO_KEY, detail="there is no signing key"))
                return
            exchange = await gateway.exchange(
                protocol(call.protocol),
                call.command,
                address=call.url,
                keys=call.keys,
                now=clock.wall(),
                nonce=call.nonce,
                require_body_sign=call.require_body_sign,
                until_access=call.until_access,
                certificate=call.purpose in JUDGED_PURPOSES,
                within=ACCESS_LIMITS.within.total_seconds() if call.purpose == Call.Purpose.ACCESS else None,
            )
            ended = EndedAttempt(call, exchange.result, exchange)
            if call.purpose in JUDGED_PURPOSES:
                # Finding the cause of a wrong signature takes time; it runs in a thread, so that other calls continue.
                ended = replace(ended, findings=await asyncio.to_thread(self.setup.judge, call, exchange))
        except Exception as error:
            log.exception("call crashed", call=call.call_id)
            ended = EndedAttempt(call, Unreachable(fault=Fault.INTERNAL, detail=f"the market failed: {error}"[:1000]))
        finally:
            self._ended.put_nowait(ended)

    async def _gather(self) -> None:
        """Wait briefly for more ended calls. While a sandbox clock moves, wait for all open calls."""
        if self._busy():
            await asyncio.sleep(GATHER_TIME)
        elif self._reactions.clock_moves and self._flying:
            await asyncio.wait(set(self._flying), timeout=GATHER_SECONDS)

    async def _record_loop(self, thread: DatabaseThread) -> None:
        while True:
            batch = [await self._ended.get()]
            await self._gather()
            while len(batch) < 2 * BATCH_SIZE and not self._ended.empty():
                batch.append(self._ended.get_nowait())
            self._recording = len(batch)
            await thread.until_done(
                lambda batch=batch: record_each(
                    batch,
                    now=clock.cached_now(),
                    owner=self.setup.name,
                    rule=self.setup.breaker,
                    probing=self.setup.probing,
                )  # type: ignore[misc]
            )
            self.recorded += len(batch)
            for ended in batch:  # the next attempt may have been claimed already
                if self._open.get(ended.call.call_id) == ended.call.number:
                    del self._open[ended.call.call_id]
            self._recording = 0
            for _ in batch:
                self._ended.task_done()
            for loop in ("react",) if self._reactions.clock_moves else WOKEN_LOOPS:  # its turn takes the next step
                self._wake[loop].set()

    # --- reactions, timers, upkeep ----------------------------------------------------------------------------------

    async def _react_loop(self, thread: DatabaseThread) -> None:
        while not self._stop.is_set():
            if self._busy():
                await asyncio.sleep(2 * GATHER_TIME)
            self._reacting, due = await thread.until_done(self._reactions.turn)
            for loop in due:
                self._wake[loop].set()
            if not self._reacting:
                await self._nap("react")

    async def _keep_loop(self, thread: DatabaseThread) -> None:
        turn_number = 0
        await thread.until_done(lambda: self.setup.begin(clock.now()))
        self._begun.set()
        while not self._stop.is_set():
            turn_number += 1
            disown = self._disown_old() if turn_number % 8 == 0 else None
            await thread.until_done(lambda turn_number=turn_number, disown=disown: self._keep(turn_number, disown))  # type: ignore[misc]
            await asyncio.sleep(UPKEEP_INTERVAL)

    async def _clock_loop(self, thread: DatabaseThread) -> None:
        """Loop of a sandbox clock: each step wakes the loops with work, and the next follows when one has none left.
        The first step follows the timers that always run."""
        await self._begun.wait()
        while not self._stop.is_set():
            due = None if self._reactions.will_step() else await thread.until_done(self._reactions.step)
            for loop in due or ():
                self._wake[loop].set()
            await self._nap("clock", UPKEEP_INTERVAL if due is None else CLOCK_RETRY)

    def _keep(self, turn: int, disown: Callable[[], None] | None) -> None:
        """Heartbeat and recovery each second, release of held calls each half second."""
        setup, wall = self.setup, clock.wall()
        now = clock.now()
        if disown:
            disown()
        if turn % 4 == 1:
            self._beat(wall)
            if self._beats_since and wall - self._beats_since > upkeep.MAX_SILENCE:
                upkeep.end_dead_workers(wall=wall)
            upkeep.recover(now=now, wall=wall, rule=setup.breaker, probing=setup.probing)
        if turn % 2 == 0:
            self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        setup = self.setup
        upkeep.release_due_calls(now=now, per_seller=setup.per_seller, capacity=setup.capacity, probing=setup.probing)

    def _beat(self, wall: datetime) -> None:
        # After a database outage all workers look dead: declare none dead until this worker has been seen for a while.
        if self._last_beat is None or wall - self._last_beat > upkeep.MAX_SILENCE / 2:
            self._beats_since = wall
        self._last_beat = wall
        upkeep.heartbeat(
            self.setup.name, wall=wall, in_flight=len(self._flying), claimed=self.claimed, recorded=self.recorded
        )

    def _idle(self) -> bool:
        return not self._flying and self._ended.empty() and not self._recording

    async def _leased_loop(self, thread: DatabaseThread) -> None:
        setup = self.setup
        loop = LeasedLoop(setup.leased_tasks, owner=setup.name, at_once=setup.leased_at_once, thread=thread)
        try:
            while not self._stop.is_set():
                if not await loop.turn():
                    await self._nap("leased", LEASED_INTERVAL)
        finally:
            await loop.land(STOP_TIMEOUT / 2)

    async def _deliver_loop(
        self, name: str, thread: DatabaseThread, deliver: Callable[[datetime, datetime], int]
    ) -> None:
        while not self._stop.is_set():
            start_time = time.monotonic()
            sent_count = await thread.until_done(lambda: deliver(clock.now(), clock.wall()))
            spent = time.monotonic() - start_time
            orders_first = (self._flying or self._reacting) and not self._reactions.clock_moves
            pause = min(MAIL_PAUSE_FACTOR * spent, 1.0) if orders_first else 0.0
            if sent_count and pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
            elif not sent_count:
                self._wake["clock"].set()
                await self._nap(name, 0.5)
