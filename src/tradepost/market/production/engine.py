"""The engine of a worker process: claim, call, record; react; run timers. Any number of processes share a database.

Each database loop has one thread of its own (Django's connections belong to threads), so the event loop that carries
hundreds of open calls never waits for the database. When the database is away, loops wait and try again; what was
already answered is kept in memory until it can be recorded.
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
from tradepost.market.base.work import DatabaseAway
from tradepost.protocols.commands import Fault, Unreachable
from tradepost.protocols.registry import protocol, protocols

from . import breaker, upkeep
from .attempts import Ended
from .claim import ClaimedCall, claim_calls, until_next_call
from .clock_steps import Timers
from .database_thread import DatabaseThread
from .gateway import Exchange, Gateway, Limits
from .leased_loop import LeasedLoop
from .listener import Listener
from .models import JUDGED, Call
from .plan import ACCESS, Probing
from .reacting import Reacting
from .record import record_each

log = structlog.get_logger(__name__)

KEEP = 0.25
"""Seconds between two turns of the upkeep, and between two looks at whether a sandbox's clock is to move."""
STEP = 0.1
"""Seconds until a step of a sandbox's clock is tried again, when no loop says before that it is done."""
TOGETHER = 0.02
"""Seconds for which the first answer of such a step waits for the others."""
POLL = 0.05
"""Seconds between looks at the queues when nothing wakes us: the most a timer is late."""
BATCH = 256
BUSY = 64
"""Open calls from which on work is gathered into larger batches; below it, latency counts."""
GATHER = 0.004
"""Seconds that a busy worker lets work gather: a transaction costs the same for ten rows as for two hundred."""
MAIL_YIELDS = 4
"""How many times as long as a batch of mails took the next one waits while orders are worked on: who paid comes first."""
OWN_LEASES_EVERY = timedelta(seconds=2)
"""How often, and how old, leases in our own name are looked at that we do not know of."""
LEASED_POLL = 0.25
"""Seconds between looks at the jobs that wait for others' servers, when nothing wakes us."""
WOKEN = ("claim", "react", "leased")
"""Loops that look at once when something is due; mails may wait half a second, but for a clock that moves past them."""
GRACE = 8.0
"""Seconds that a stopping worker waits for open calls."""


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
    """What is to be said of the answer to a test call, on the bytes as they came; runs in a thread."""
    leased_tasks: LeasedTasks
    leased_at_once: int
    begin: Callable[[datetime], None]  # given market time; makes sure that the timers which always run exist
    deliver_mail: Callable[[datetime, datetime], int]
    deliver_elsewhere: Callable[[datetime, datetime], int]
    """Sends what goes to phones, programs and chats: strangers' servers, which must not keep mails waiting."""
    sandbox: bool


class Engine:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.claimed = self.recorded = 0
        self._flying: set[asyncio.Task[None]] = set()
        self._open: dict[int, int] = {}
        """Calls that were claimed here and are not recorded yet, with the number of their attempt."""
        self._ended: asyncio.Queue[Ended] = asyncio.Queue()
        self._wake = {loop: asyncio.Event() for loop in (*WOKEN, "mail", "elsewhere", "clock")}
        self._stop, self._begun = asyncio.Event(), asyncio.Event()
        self._lease = timedelta(seconds=setup.limits.timeout + 40)
        self._recording = 0
        self._reacting = False
        """Whether the last turn found something to react to."""
        self._reactions = Reacting(
            reactions=setup.reactions, tasks=setup.tasks, timers=setup.timers, idle=self._idle, sweep=self._sweep
        )  # fmt: skip
        self._claiming_since: datetime | None = None
        """Since when a claim is under way, whose calls are not among the open ones yet."""
        self._beats_since: datetime | None = None
        self._last_beat: datetime | None = None

    async def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then let open calls end, record them and return."""
        protocols()  # loaded now: the first order does not wait for it
        name = self.setup.name
        threads = {
            loop: DatabaseThread(f"{name}-{loop}", self._stop)
            for loop in ("claim", "react", "keep", "mail", "elsewhere", "leased", *(["clock"] * self.setup.sandbox))
        }
        threads["record"] = DatabaseThread(f"{name}-record")  # answers are kept for as long as there is time
        try:
            if await self._arrived(stop, threads["keep"]):
                await self._work(stop, threads)
        finally:
            for thread in threads.values():
                thread.close()

    async def _arrived(self, stop: threading.Event, thread: DatabaseThread) -> bool:
        """Whether the database knows of us; False when told to stop before it could be reached."""
        arriving = asyncio.create_task(thread.until_done(lambda: upkeep.arrive(self.setup.name, wall=clock.wall())))
        while not (arriving.done() or stop.is_set()):
            await asyncio.wait([arriving], timeout=POLL)
        if stop.is_set():
            self._stop.set()
        try:
            await arriving
        except DatabaseAway:
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
                    await asyncio.wait_for(self._ended.join(), GRACE)
                recorder.cancel()

    async def _until(self, stop: threading.Event, tasks: list[asyncio.Task[None]]) -> None:
        while not stop.is_set():
            await asyncio.sleep(POLL)
            for task in tasks:
                if task.done():
                    task.result()  # a loop never ends by itself: raise what broke it, so that the process restarts

    def _rouse(self) -> None:
        """While a sandbox's clock is on its way, who steps it looks once, and wakes who has something to do."""
        for loop in ("clock",) if self._reactions.clock_moves else WOKEN:
            self._wake[loop].set()

    async def _nap(self, loop: str, longest: float = POLL) -> None:
        longest = max(longest, STEP) if self._reactions.clock_moves else longest
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake[loop].wait(), longest)
        self._wake[loop].clear()

    async def _land(self) -> None:
        """Wait for open calls; those that do not end in time are recorded as lost, so that nothing waits for us."""
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # --- calls ---------------------------------------------------------------------------------------------------

    async def _claim_loop(self, thread: DatabaseThread, gateway: Gateway) -> None:
        setup = self.setup
        while not self._stop.is_set():
            room = min(setup.capacity - len(self._flying) - self._ended.qsize(), BATCH)
            if room < (BATCH // 2 if self._busy() else 1):
                await asyncio.sleep(GATHER)
                continue
            self._claiming_since = clock.wall()
            claimed = await thread.until_done(
                lambda room=room: claim_calls(  # type: ignore[misc]
                    now=clock.lately(),
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
            self.claimed += len(claimed)
            self._open.update((call.call_id, call.number) for call in claimed)
            self._claiming_since = None
            for call in claimed:
                task = asyncio.create_task(self._one(call, gateway))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
            if not claimed:
                await self._nap("claim", await thread.until_done(lambda: until_next_call(POLL)))

    def _busy(self) -> bool:
        """Many calls are open: a batch a little later moves more than a small one now."""
        return len(self._flying) > BUSY

    def _disowner(self, before: Callable[[], datetime]) -> Callable[[], None]:
        """Ends leases in our name that were taken ``before`` and that we do not know of; made on the event loop, where
        ``_open`` changes."""
        known = frozenset(self._open)
        return lambda: upkeep.disown(
            self.setup.name,
            known=known,
            claimed_before=before(),
            duration=self._lease,
            wall=clock.wall(),
        )

    def _disown_old(self) -> Callable[[], None]:
        """For those that an outage hid. What a claim took whose answer is still on its way is ours, and no such lease."""
        before = clock.wall() - OWN_LEASES_EVERY
        before = min(before, self._claiming_since or before)
        return self._disowner(lambda: before)

    async def _one(self, call: ClaimedCall, gateway: Gateway) -> None:
        ended = Ended(call, Unreachable(fault=Fault.LOST, detail="the market's worker was stopped during this call"))
        try:
            if not call.keys:
                ended = Ended(call, Unreachable(fault=Fault.NO_KEY, detail="there is no signing key to call with"))
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
                certificate=call.purpose in JUDGED,
                within=ACCESS.within.total_seconds() if call.purpose == Call.Purpose.ACCESS else None,
            )
            ended = Ended(call, exchange.result, exchange)
            if call.purpose in JUDGED:
                # Finding out which mistake explains a signature takes its time: not while other calls wait.
                ended = replace(ended, findings=await asyncio.to_thread(self.setup.judge, call, exchange))
        except Exception as error:
            log.exception("call crashed", call=call.call_id)
            ended = Ended(call, Unreachable(fault=Fault.INTERNAL, detail=f"the market failed: {error}"[:1000]))
        finally:
            self._ended.put_nowait(ended)

    async def _gather(self) -> None:
        """A moment in which other calls end, too. While a sandbox's clock is on its way nobody waits for a single answer."""
        if self._busy():
            await asyncio.sleep(GATHER)
        elif self._reactions.clock_moves and self._flying:
            await asyncio.wait(set(self._flying), timeout=TOGETHER)

    async def _record_loop(self, thread: DatabaseThread) -> None:
        while True:
            batch = [await self._ended.get()]
            await self._gather()
            while len(batch) < 2 * BATCH and not self._ended.empty():
                batch.append(self._ended.get_nowait())
            self._recording = len(batch)
            await thread.until_done(
                lambda batch=batch: record_each(
                    batch,
                    now=clock.lately(),
                    owner=self.setup.name,
                    rule=self.setup.breaker,
                    probing=self.setup.probing,
                )  # type: ignore[misc]
            )
            self.recorded += len(batch)
            for ended in batch:  # the next attempt of a call may have been claimed already
                if self._open.get(ended.call.call_id) == ended.call.number:
                    del self._open[ended.call.call_id]
            self._recording = 0
            for _ in batch:
                self._ended.task_done()
            for loop in ("react",) if self._reactions.clock_moves else WOKEN:  # its turn takes the next step
                self._wake[loop].set()

    # --- reactions, timers, upkeep ----------------------------------------------------------------------------------

    async def _react_loop(self, thread: DatabaseThread) -> None:
        while not self._stop.is_set():
            if self._busy():
                await asyncio.sleep(2 * GATHER)
            self._reacting, due = await thread.until_done(self._reactions.turn)
            for loop in due:
                self._wake[loop].set()
            if not self._reacting:
                await self._nap("react")

    async def _keep_loop(self, thread: DatabaseThread) -> None:
        turns = 0
        await thread.until_done(lambda: self.setup.begin(clock.now()))
        self._begun.set()
        while not self._stop.is_set():
            turns += 1
            disown = self._disown_old() if turns % 8 == 0 else None
            await thread.until_done(lambda turns=turns, disown=disown: self._keep(turns, disown))  # type: ignore[misc]
            await asyncio.sleep(KEEP)

    async def _clock_loop(self, thread: DatabaseThread) -> None:
        """Of a sandbox: while its clock is on its way, each step wakes the loops that have something to do, and is followed by
        the next one as soon as one of them has nothing left. The first one follows the timers that always run."""
        await self._begun.wait()
        while not self._stop.is_set():
            due = None if self._reactions.will_step() else await thread.until_done(self._reactions.step)
            for loop in due or ():
                self._wake[loop].set()
            await self._nap("clock", KEEP if due is None else STEP)

    def _keep(self, turn: int, disown: Callable[[], None] | None) -> None:
        """Heartbeat and recovery each second, sweep each half second."""
        setup, wall = self.setup, clock.wall()
        now = clock.now()
        if disown:
            disown()
        if turn % 4 == 1:
            self._beat(wall)
            if self._beats_since and wall - self._beats_since > upkeep.SILENT:
                upkeep.bury_the_dead(wall=wall)
            upkeep.recover(now=now, wall=wall, rule=setup.breaker, probing=setup.probing)
        if turn % 2 == 0:
            self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        setup = self.setup
        upkeep.sweep(now=now, per_seller=setup.per_seller, capacity=setup.capacity, probing=setup.probing)

    def _beat(self, wall: datetime) -> None:
        # After a database outage everybody looks dead: nobody is buried until this worker itself was seen for a while.
        if self._last_beat is None or wall - self._last_beat > upkeep.SILENT / 2:
            self._beats_since = wall
        self._last_beat = wall
        upkeep.beat(
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
                    await self._nap("leased", LEASED_POLL)
        finally:
            await loop.land(GRACE / 2)

    async def _deliver_loop(
        self, name: str, thread: DatabaseThread, deliver: Callable[[datetime, datetime], int]
    ) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            sent = await thread.until_done(lambda: deliver(clock.now(), clock.wall()))
            spent = time.monotonic() - begun
            orders_first = (self._flying or self._reacting) and not self._reactions.clock_moves
            rest = min(MAIL_YIELDS * spent, 1.0) if orders_first else 0.0
            if sent and rest:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), rest)
            elif not sent:
                self._wake["clock"].set()
                await self._nap(name, 0.5)
