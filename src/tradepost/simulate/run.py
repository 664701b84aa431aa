"""One run of a plan: people act, the worker works, and after each day, or step, it is looked whether every rule holds."""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from tradepost.market.base import jobs, retention
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.restart import may_restart, restart
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.wiring import TASKS

from . import market
from .agreement import disagreements
from .database import begin_with, keep, migrate
from .looking import SELLER, Look, Post
from .market import Company
from .plan import START, Plan
from .purchases import pay
from .rules import Broken, broken
from .sellers import SimulatedSeller
from .trace import Line, Trace
from .visits import VISITS
from .wire import Wire, outages
from .worker import CLEAR, Weather, Worker

DAY = timedelta(days=1)
VISITS_A_DAY = 0.3
"""Of each buyer, with what sellers and operators do about it."""
PAGES = 4
"""At so many somebody looks who finds nothing to do on the first."""
SETTLES_WITHIN = timedelta(days=3)
"""How long everything has, once nothing goes wrong any more, to come to its end."""


@dataclass(slots=True)
class Outcome:
    """What came of a run. ``broken``: rules that did not hold, none if all is well; ``crash``: what no program should raise."""

    plan: Plan
    digest: str = ""
    broken: list[Broken] = field(default_factory=list)
    at: datetime | None = None
    """When it was seen."""
    visits: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    calls: int = 0
    events: int = 0
    faults: int = 0
    looks: int = 0
    seconds: float = 0.0
    lines: list[Line] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.broken)


@lru_cache(maxsize=1)
def _tables(template: Path | None) -> sqlite3.Connection:
    migrate(template)
    return keep()


@lru_cache(maxsize=8)
def _market(
    sellers: int, buyers: int, first: int, template: Path | None
) -> tuple[sqlite3.Connection, tuple[Company, ...]]:
    """The market that every run of this size begins with. It is made once. ``first``: whose protocol the first seller has."""
    begin_with(_tables(template))
    companies = market.build(sellers=sellers, buyers=buyers, first=first)
    return keep(), companies


def simulate(plan: Plan, *, template: Path | None = None) -> Outcome:
    """Run it in this thread's throw-away database (``database.throw_away``)."""
    begun = time.process_time()
    with started(plan, template=template) as running:
        outcome = running.run()
    outcome.seconds = time.process_time() - begun
    return outcome


@contextmanager
def started(plan: Plan, *, template: Path | None = None) -> Iterator[Running]:
    """A market at its beginning. Its sellers' stores last as long as the block."""
    kept, companies = _market(plan.sellers, plan.buyers, plan.seed * plan.sellers % len(market.PROTOCOLS), template)
    with tempfile.TemporaryDirectory() as folder, _quiet(), _seeded(plan):
        begin_with(kept)
        yield Running(plan, companies, Path(folder))


@contextmanager
def _quiet() -> Iterator[None]:
    """A seller's log tells of refusals and replays, which are what is tried here."""
    logger = logging.getLogger("tradepost.kit")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _seeded(plan: Plan) -> Iterator[None]:
    """Chance that the market takes by itself, to spread its load, comes from the seed too."""
    before = random.getstate()
    random.seed(f"{plan.seed}/market")
    try:
        yield
    finally:
        random.setstate(before)


class Running:
    def __init__(self, plan: Plan, companies: tuple[Company, ...], folder: Path) -> None:
        self.plan, self.now = plan, START
        self.trace = Trace()
        self.outcome = Outcome(plan)
        self.sellers = {one.seller: SimulatedSeller(one, folder) for one in companies}
        self.buyers = list(User.objects.filter(email__startswith="buyer").order_by("pk"))
        wire = Wire({f"{one.name}.localhost": self.sellers[one.seller] for one in companies})
        self.worker = Worker(
            wire,
            self.sellers,
            tasks=_tasks(),
            weather=self._weather(),
            chance=plan.chance("worker"),
            trace=self.trace,
        )
        self._posts: list[tuple[datetime, int, Post]] = []
        self._number = itertools.count()
        self._looked_on = START
        retention.schedule(START + timedelta(hours=20))

    def _weather(self) -> Weather:
        plan = self.plan
        down = {key: outages(plan.chance("outage", key), plan.faults, START, plan.end) for key in self.sellers}
        away = outages(plan.chance("worker away"), plan.faults / 2, START, plan.end)
        return Weather(share=plan.faults, outages=down, away=away)

    def run(self) -> Outcome:
        try:
            self._live()
            if not self.outcome.failed:
                self._settle()
        except Exception as crash:  # noqa: BLE001  # whatever it is, it is what was looked for
            self._fail([Broken("nothing fails inside", None, f"{type(crash).__name__}: {crash}"[:500])])
        return self._told()

    # --- time ---

    def _live(self) -> None:
        coming = self._acts()
        due = next(coming, None)
        while not self.outcome.failed:
            self.worker.work(self.now)
            self._look()
            moments = [
                self.worker.next_moment(self.now),
                due[0] if due else None,
                self._posts[0][0] if self._posts else None,
            ]
            after = min((moment for moment in moments if moment is not None), default=None)
            if after is None or after >= self.plan.end:
                return
            self.now = max(after, self.now)
            while due is not None and due[0] <= self.now:
                self._see(due[1])
                due = next(coming, None)
            while self._posts and self._posts[0][0] <= self.now:
                self._do(heapq.heappop(self._posts)[2])

    def _acts(self) -> Iterator[tuple[datetime, int]]:
        """When somebody looks at a page, and the number of the act."""
        chance, at = self.plan.chance("acts"), START
        pace = self.plan.buyers * VISITS_A_DAY
        for number in itertools.count() if self.plan.visits is None else range(self.plan.visits):
            at += timedelta(days=chance.expovariate(pace))
            yield at, number

    def _see(self, number: int) -> None:
        """Somebody looks at a page and makes up their mind."""
        chance = self.plan.chance("act", number)
        look = Look(buyer=chance.choice(self.buyers), chance=chance, now=self.now)
        post = next(filter(None, (self._seen(look) for _page in range(PAGES))), None)
        self.outcome.visits += 1
        if post is None:
            return
        self._later(post, _hesitates(chance))
        if chance.random() < self.plan.faults * 0.3:
            self._later(post, _hesitates(chance))  # two tabs, or a button that was clicked twice

    def _seen(self, look: Look) -> Post | None:
        """What a page offers; None where it offers nothing, or says why not."""
        [act] = look.chance.choices([act for act, _weight in VISITS], [weight for _act, weight in VISITS])
        try:
            return act(look)
        except Refused:
            return None

    def _later(self, post: Post, wait: timedelta) -> None:
        heapq.heappush(self._posts, (self.now + wait, next(self._number), post))

    def _do(self, post: Post) -> None:
        try:
            order = post.do(self.now)
        except Refused as refused:
            self.outcome.refused[refused.code] += 1
            self.trace.note(self.now, post.about, f"{post.words}: refused, {refused.code}")
            return
        made = f": order {order.pk}" if order is not None else ""
        self.trace.note(self.now, post.about, f"{post.words}{made}")
        if order is not None and order.status == Order.Status.UNPAID:
            chance = self.plan.chance("pays", order.pk)
            if chance.random() < 0.8:
                paying = pay(Order.objects.select_related("buyer").get(pk=order.pk))
                self._later(paying, timedelta(minutes=chance.uniform(0, 20)))

    # --- the rules ---

    def _look(self) -> None:
        """The rules that are queries hold at every moment. The sellers' stores and the whole ledger are read once a day, and after
        every step where somebody wants to know when it was."""
        self._check_rules()
        if self.plan.watchful or self.now - self._looked_on >= DAY:
            self._looked_on = self.now
            self._check_agreement()

    def _check_rules(self) -> None:
        self.outcome.looks += 1
        if found := list(broken(self.now, at_rest=not self.worker.is_away(self.now))):
            self._fail(found)

    def _check_agreement(self) -> None:
        found = list(disagreements(self.sellers))
        found += [Broken("the ledger adds up", None, problem) for problem in ledger.verify().problems]
        if found:
            self._fail(found)

    def _fail(self, found: list[Broken]) -> None:
        self.outcome.broken += found
        self.outcome.at = self.now
        for one in found:
            self.trace.note(self.now, one.subscription, f"BROKEN  {one.rule}")

    # --- the end ---

    def _settle(self) -> None:
        """Everything is mended: what stopped is restarted, and then all is done and both sides agree."""
        self.worker.weather = CLEAR
        self.trace.note(self.now, None, "nothing goes wrong any more")
        last = self.now + SETTLES_WITHIN
        while self.now < last:
            for operation in (
                Operation.objects.select_related("call").filter(status=Operation.Status.STOPPED).order_by("pk")
            ):
                if may_restart(operation):
                    restart(operation, actor=SELLER, now=self.now)
            self.worker.work(self.now)
            after = self.worker.next_moment(self.now)
            self.now = min(after or last, last)
        self.worker.work(self.now)
        self._check_rules()
        self._check_agreement()
        left = Operation.objects.filter(status__in=["queued", "running", "stopped"], created_at__lt=self.now - DAY)
        found = [
            Broken(
                "everything comes to its end",
                one.subscription_id,
                f"operation {one.pk} ({one.kind}) is {one.status}: {one.note}",
            )
            for one in left
        ]
        if found:
            self._fail(found)

    def _told(self) -> Outcome:
        outcome = self.outcome
        outcome.orders, outcome.calls = Order.objects.count(), self.worker.calls
        outcome.events, outcome.faults = self.worker.events, sum(self.worker.wire.faults.values()) + self.worker.crashes
        for number, state, name in Operation.objects.order_by("pk").values_list("pk", "status", "kind"):
            self.trace.note(self.now, None, f"operation {number} ({name}) is {state}")
        outcome.digest, outcome.lines = self.trace.digest, self.trace.lines
        return outcome


def _hesitates(chance: random.Random) -> timedelta:
    """From looking at a page to sending its form: mostly seconds, now and then a tab that was left open."""
    kind = chance.random()
    if kind < 0.7:
        return timedelta(seconds=chance.uniform(0, 60))
    return timedelta(minutes=chance.uniform(0, 90)) if kind < 0.95 else timedelta(hours=chance.uniform(1, 60))


NIGHTS = timedelta(days=7)


def _tasks() -> Mapping[str, jobs.Task]:
    """Those of a worker. Old rows are looked for each week: of many nights nothing would come but their cost."""

    def clear_old(payload: Mapping[str, Any], now: datetime) -> datetime:
        again = TASKS[retention.NIGHTLY](payload, now) or now
        return again if again < now + timedelta(hours=1) else now + NIGHTS

    return {**TASKS, retention.NIGHTLY: clear_old}
