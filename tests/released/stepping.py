"""The market's work done step by step at moments that are passed in: what a worker does, without its threads and its clock.

The one module here that knows how the engine is put together. Everything is the market's own: claims, the gateway and its
sockets, records, reactions, timers, sweeps, mail. Only the order is ours: at each moment all that is due, then the next one.
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
from tradepost.market.production.attempts import Ended
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
"""More turns at one moment than any work there needs: what takes more never ends."""


@dataclass(slots=True)
class Worker:
    """Works for the market at the moments it is told. ``route`` leads from an address to the server that answers there."""

    route: Route
    loop: asyncio.AbstractEventLoop
    gateway: Gateway
    mails: bool = True
    """Whether mails are sent as they come due; otherwise they wait."""
    moments: int = 0

    def until(self, end: datetime, *, start: datetime) -> None:
        """All that happens from ``start`` to ``end``, both included, each thing at its moment."""
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
        """Everything that is due at this moment, and what follows from it at once."""
        for _ in range(ROUNDS):
            upkeep.recover(now=now, wall=now, rule=BREAKER)
            upkeep.sweep(now=now, per_seller=PER_SELLER)
            did = self.react(now) + self.call(now)
            if self.mails:
                setup = wiring.setup(NAME)
                did += setup.deliver_mail(now, now) + setup.deliver_elsewhere(now, now)
            if not did:
                return
        raise AssertionError(f"the work of {now} does not end")

    def react(self, now: datetime) -> int:
        """One batch of events, then the timers that are due."""
        return outbox.dispatch(wiring.REACTIONS, now=now) + self.timers(now)

    @staticmethod
    def timers(now: datetime) -> int:
        return jobs.run_due(wiring.TASKS, now=now)

    def call(self, now: datetime) -> int:
        """One attempt of each call that is due."""
        ended = self.exchange(now)
        self.record(ended, now)
        return len(ended)

    def exchange(self, now: datetime) -> list[Ended]:
        """What came of these attempts, not recorded yet."""
        return self.loop.run_until_complete(self._all(claim(now, NAME)))

    def record(self, ended: Sequence[Ended], now: datetime) -> None:
        if ended:
            record_each(ended, now=now, owner=NAME, rule=BREAKER)

    async def _all(self, calls: Sequence[ClaimedCall]) -> list[Ended]:
        return list(await asyncio.gather(*map(self._one, calls)))

    async def _one(self, claimed: ClaimedCall) -> Ended:
        exchange = await self.gateway.exchange(
            protocol(claimed.protocol), claimed.command, address=self.route(claimed.url, claimed.protocol), keys=claimed.keys,
            now=clock.wall(),  # sellers look at the real time of a signature
            nonce=claimed.nonce, require_body_sign=claimed.require_body_sign, until_access=claimed.until_access,
        )  # fmt: skip
        # What is kept names the seller's address, not where a server of this run listens.
        url = claimed.url + exchange.request.url.removeprefix(self.route(claimed.url, claimed.protocol))
        return Ended(claimed, exchange.result, replace(exchange, request=replace(exchange.request, url=url)))


def claim(now: datetime, owner: str) -> list[ClaimedCall]:
    """Lease what is due to this worker; a dead one does nothing more about it."""
    return claim_calls(now=now, wall=now, owner=owner, limit=BATCH, per_seller=PER_SELLER, duration=LEASE)


def die_holding(now: datetime) -> list[ClaimedCall]:
    """A worker takes what is due and is never heard of again."""
    upkeep.arrive(DEAD, wall=now)
    return claim(now, DEAD)


def next_due(now: datetime) -> datetime | None:
    """The next moment at which anything is to be done, after ``now``."""
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
    """A worker with its connections; the chance in its waits is that of ``seed``."""
    random.seed(seed)
    with asyncio.Runner() as runner:
        gateway = Gateway(Limits(5.0, 1_048_576, SANDBOX))
        runner.run(gateway.__aenter__())
        try:
            yield Worker(route, runner.get_loop(), gateway)
        finally:
            runner.run(gateway.__aexit__(None, None, None))
