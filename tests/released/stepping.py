"""Run the market's work step by step at given times, as a worker does, but without its threads and its clock.

Only this module here knows how the engine is composed. Everything else is the market's own: leases, the gateway and its
sockets, records, reactions, timers, sweeps, mail. Only the order is set here: at each time everything that is due, then
the next time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min

from tests.released.sellers import Route
from tradepost.market import urls, wiring
from tradepost.market.base import clock, jobs, outbox
from tradepost.market.base.models import Event, Job
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.production import breaker, upkeep
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.gateway import Gateway, Limits
from tradepost.market.production.models import Address, Call
from tradepost.market.production.record import record_each
from tradepost.market.web import logs
from tradepost.protocols.registry import protocol

assert urls.urlpatterns  # what reactions link to
logs.configure(form="console", level="ERROR")
NAME = "worker-1"
DEAD = "worker-that-died"
PER_SELLER = 64
BATCH = 256
LEASE = timedelta(minutes=1)
BREAKER = breaker.Rule(5, timedelta(seconds=60))
ROUNDS = 1000
"""More rounds at one time than any work there needs: work that takes more never ends."""


@dataclass(slots=True)
class Worker:
    """Run the market's due work at given moments. ``route`` maps an address to the server that answers there."""

    route: Route
    loop: asyncio.AbstractEventLoop
    gateway: Gateway
    mails: bool = True
    """Whether mails are sent when they are due; otherwise they wait."""
    moments: int = 0

    def until(self, end: datetime, *, start: datetime) -> None:
        """Run everything that happens from ``start`` to ``end``, both included, each at its time."""
        now = start
        while now <= end:
            self.settle(now)
            self.moments += 1
            due = next_due(now)
            if due is None or due > end:
                break
            now = due
        self.settle(end)

    def settle(self, now: datetime) -> None:
        """Run everything that is due at this time, and what follows from it at once."""
        for _ in range(ROUNDS):
            upkeep.recover(now=now, wall=now, rule=BREAKER)
            upkeep.release_due_calls(now=now, per_seller=PER_SELLER)
            did = self.react(now) + self.call(now)
            if self.mails:
                setup = wiring.setup(NAME)
                did += setup.deliver_mail(now, now) + setup.deliver_elsewhere(now, now)
            if not did:
                return
        raise AssertionError(f"the work of {now} does not end")

    def react(self, now: datetime) -> int:
        """Run one batch of reactions, then the timers that are due."""
        return outbox.dispatch(wiring.REACTIONS, now=now) + self.timers(now)

    @staticmethod
    def timers(now: datetime) -> int:
        return jobs.run_due(wiring.TASKS, now=now)

    def call(self, now: datetime) -> int:
        """Make one attempt of each call that is due."""
        ended = self.exchange(now)
        self.record(ended, now)
        return len(ended)

    def exchange(self, now: datetime) -> list[EndedAttempt]:
        """Return the results of these attempts, not recorded yet."""
        return self.loop.run_until_complete(self._all(claim(now, NAME)))

    def record(self, ended: Sequence[EndedAttempt], now: datetime) -> None:
        if ended:
            record_each(ended, now=now, owner=NAME, rule=BREAKER)

    async def _all(self, calls: Sequence[ClaimedCall]) -> list[EndedAttempt]:
        return list(await asyncio.gather(*map(self._one, calls)))

    async def _one(self, claimed: ClaimedCall) -> EndedAttempt:
        exchange = await self.gateway.exchange(
            protocol(claimed.protocol), claimed.command, address=self.route(claimed.url, claimed.protocol), keys=claimed.keys,
            now=clock.wall(),  # sellers check the age of a signature in real time
            nonce=claimed.nonce, require_body_sign=claimed.require_body_sign, until_access=claimed.until_access,
        )  # fmt: skip
        # Stored addresses are those of the seller, not of a server of this run.
        url = claimed.url + exchange.request.url.removeprefix(self.route(claimed.url, claimed.protocol))
        return EndedAttempt(claimed, exchange.result, replace(exchange, request=replace(exchange.request, url=url)))


def claim(now: datetime, owner: str) -> list[ClaimedCall]:
    """Lease due calls to this worker. A dead worker does nothing more about them."""
    return claim_calls(now=now, wall=now, owner=owner, limit=BATCH, per_seller=PER_SELLER, duration=LEASE)


def die_holding(now: datetime) -> list[ClaimedCall]:
    """Lease due work to a worker that dies."""
    upkeep.register(DEAD, wall=now)
    return claim(now, DEAD)


def next_due(now: datetime) -> datetime | None:
    """Return the next time after ``now`` at which work is due."""
    first: Callable[..., datetime | None] = lambda rows, name: rows.aggregate(first=Min(name))["first"]  # noqa: E731
    moments = [
        first(model._default_manager.filter(state=State.WAITING, due_at__gt=now), "due_at")
        for model in (Call, Event, Job)
    ]
    moments += [
        first(model._default_manager.filter(state=State.LEASED, lease_until__gt=now), "lease_until")
        for model in (Call, Job)
    ]
    held = Call.objects.filter(state=State.HELD)
    moments += [first(held.filter(**{f"{name}__gt": now}), name) for name in ("due_at", "give_up_at")]
    if held.exists():
        moments.append(first(Address.objects.filter(breaker=Address.Breaker.OPEN, trial_at__gt=now), "trial_at"))
    return min((moment for moment in moments if moment is not None), default=None)


@contextmanager
def working(route: Route, *, seed: int = 7) -> Iterator[Worker]:
    """Return a worker with its connections. ``seed`` determines its random waits."""
    random.seed(seed)
    with asyncio.Runner() as runner:
        gateway = Gateway(Limits(5.0, 1_048_576, SANDBOX))
        runner.run(gateway.__aenter__())
        try:
            yield Worker(route, runner.get_loop(), gateway)
        finally:
            runner.run(gateway.__aexit__(None, None, None))
