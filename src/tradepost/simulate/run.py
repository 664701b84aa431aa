"""A run of a plan: people act, the worker works, and the rules are checked after each day or step."""

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
from .database import copy_database, migrate, restore
from .looking import SELLER, FormSubmission, PageVisit
from .market import Company
from .plan import START_TIME, Plan
from .purchases import pay
from .rules import Violation, violations
from .sellers import SimulatedSeller
from .trace import Line, Trace
from .visits import VISITS
from .wire import Wire, outages
from .worker import NO_FAULTS, FaultPlan, Worker

DAY = timedelta(days=1)
VISITS_PER_DAY = 0.3
"""Visits per buyer and day, including the reactions of sellers and operators."""
MAX_PAGES = 4
"""Maximum pages that a visitor without a possible action reads."""
SETTLE_TIME = timedelta(days=3)
"""Time for all work to finish after the faults end."""


@dataclass(slots=True)
class Outcome:
    """Result of a run. ``violations``: violated rules; ``crash``: an unexpected exception."""

    plan: Plan
    digest: str = ""
    violations: list[Violation] = field(default_factory=list)
    at: datetime | None = None
    """When it was detected."""
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
        return bool(self.violations)


@lru_cache(maxsize=1)
def _tables(template: Path | None) -> sqlite3.Connection:
    migrate(template)
    return copy_database()


@lru_cache(maxsize=8)
def _market(
    sellers: int, buyers: int, first: int, template: Path | None
) -> tuple[sqlite3.Connection, tuple[Company, ...]]:
    """Return the initial market of every run of this size, created once. ``first``: index of the first seller's
    protocol."""
    restore(_tables(template))
    companies = market.build(sellers=sellers, buyers=buyers, first=first)
    return copy_database(), companies


def simulate(plan: Plan, *, template: Path | None = None) -> Outcome:
    """Run the plan in this thread's temporary database (``database.temporary_database``)."""
    start_time = time.process_time()
    with running_market(plan, template=template) as running:
        outcome = running.run()
    outcome.seconds = time.process_time() - start_time
    return outcome


@contextmanager
def running_market(plan: Plan, *, template: Path | None = None) -> Iterator[Running]:
    """Provide a market at its beginning. Its sellers' stores exist until the block ends."""
    database_copy, companies = _market(
        plan.sellers, plan.buyers, plan.seed * plan.sellers % len(market.PROTOCOLS), template
    )
    with tempfile.TemporaryDirectory() as folder, _silent_seller_log(), _seeded_random(plan):
        restore(database_copy)
        yield Running(plan, companies, Path(folder))


@contextmanager
def _silent_seller_log() -> Iterator[None]:
    """A seller's log reports refusals and replays, which the simulation provokes."""
    logger = logging.getLogger("tradepost.kit")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _seeded_random(plan: Plan) -> Iterator[None]:
    """Random values that the market uses to distribute load also come from the seed."""
    before = random.getstate()
    random.seed(f"{plan.seed}/market")
    try:
        yield
    finally:
        random.setstate(before)


class Running:
    def __init__(self, plan: Plan, companies: tuple[Company, ...], folder: Path) -> None:
        self.plan, self.now = plan, START_TIME
        self.trace = Trace()
        self.outcome = Outcome(plan)
        self.sellers = {company.seller: SimulatedSeller(company, folder) for company in companies}
        self.buyers = list(User.objects.filter(email__startswith="buyer").order_by("pk"))
        wire = Wire({f"{company.name}.localhost": self.sellers[company.seller] for company in companies})
        self.worker = Worker(
            wire,
            self.sellers,
            tasks=_tasks(),
            weather=self._weather(),
            chance=plan.chance("worker"),
            trace=self.trace,
        )
        self._posts: list[tuple[datetime, int, FormSubmission]] = []
        self._number = itertools.count()
        self._looked_on = START_TIME
        retention.schedule(START_TIME + timedelta(hours=20))

    def _weather(self) -> FaultPlan:
        plan = self.plan
        seller_outages = {
            key: outages(plan.chance("outage", key), plan.faults, START_TIME, plan.end) for key in self.sellers
        }
        worker_outages = outages(plan.chance("worker away"), plan.faults / 2, START_TIME, plan.end)
        return FaultPlan(share=plan.faults, outages=seller_outages, away=worker_outages)

    def run(self) -> Outcome:
        try:
            self._live()
            if not self.outcome.failed:
                self._settle()
        except Exception as crash:  # noqa: BLE001  # whatever it is, it is what was looked for
            self._fail([Violation("nothing fails inside", None, f"{type(crash).__name__}: {crash}"[:500])])
        return self._told()

    # --- time ---

    def _live(self) -> None:
        visits = self._acts()
        due_visit = next(visits, None)
        while not self.outcome.failed:
            self.worker.work(self.now)
            self._look()
            moments = [
                self.worker.next_moment(self.now),
                due_visit[0] if due_visit else None,
                self._posts[0][0] if self._posts else None,
            ]
            after = min((moment for moment in moments if moment is not None), default=None)
            if after is None or after >= self.plan.end:
                return
            self.now = max(after, self.now)
            while due_visit is not None and due_visit[0] <= self.now:
                self._see(due_visit[1])
                due_visit = next(visits, None)
            while self._posts and self._posts[0][0] <= self.now:
                self._do(heapq.heappop(self._posts)[2])

    def _acts(self) -> Iterator[tuple[datetime, int]]:
        """Yield the time and number of each visit."""
        chance, moment = self.plan.chance("acts"), START_TIME
        pace = self.plan.buyers * VISITS_PER_DAY
        for number in itertools.count() if self.plan.visits is None else range(self.plan.visits):
            moment += timedelta(days=chance.expovariate(pace))
            yield moment, number

    def _see(self, number: int) -> None:
        """Let a person read a page and decide."""
        chance = self.plan.chance("act", number)
        look = PageVisit(buyer=chance.choice(self.buyers), chance=chance, now=self.now)
        post = next(filter(None, (self._seen(look) for _page in range(MAX_PAGES))), None)
        self.outcome.visits += 1
        if post is None:
            return
        self._later(post, _delay(chance))
        if chance.random() < self.plan.faults * 0.3:
            self._later(post, _delay(chance))  # two tabs, or a double click

    def _seen(self, look: PageVisit) -> FormSubmission | None:
        """Return the action that a page offers; None if it offers none or explains why not."""
        [act] = look.chance.choices([act for act, _weight in VISITS], [weight for _act, weight in VISITS])
        try:
            return act(look)
        except Refused:
            return None

    def _later(self, post: FormSubmission, wait: timedelta) -> None:
        heapq.heappush(self._posts, (self.now + wait, next(self._number), post))

    def _do(self, post: FormSubmission) -> None:
        try:
            order = post.do(self.now)
        except Refused as refusal:
            self.outcome.refused[refusal.code] += 1
            self.trace.note(self.now, post.about, f"{post.words}: refused, {refusal.code}")
            return
        order_text = f": order {order.pk}" if order is not None else ""
        self.trace.note(self.now, post.about, f"{post.words}{order_text}")
        if order is not None and order.status == Order.Status.UNPAID:
            chance = self.plan.chance("pays", order.pk)
            if chance.random() < 0.8:
                paying = pay(Order.objects.select_related("buyer").get(pk=order.pk))
                self._later(paying, timedelta(minutes=chance.uniform(0, 20)))

    # --- the rules ---

    def _look(self) -> None:
        """Check the rules that are queries after every step. The sellers' stores and the whole ledger are checked once
        a day, or after every step to find the time of a failure."""
        self._check_rules()
        if self.plan.watchful or self.now - self._looked_on >= DAY:
            self._looked_on = self.now
            self._check_agreement()

    def _check_rules(self) -> None:
        self.outcome.looks += 1
        if found_violations := list(violations(self.now, at_rest=not self.worker.is_away(self.now))):
            self._fail(found_violations)

    def _check_agreement(self) -> None:
        found_violations = list(disagreements(self.sellers))
        found_violations += [Violation("the ledger adds up", None, problem) for problem in ledger.verify().problems]
        if found_violations:
            self._fail(found_violations)

    def _fail(self, violations: list[Violation]) -> None:
        self.outcome.violations += violations
        self.outcome.at = self.now
        for violation in violations:
            self.trace.note(self.now, violation.subscription, f"BROKEN  {violation.rule}")

    # --- the end ---

    def _settle(self) -> None:
        """End all faults and restart stopped operations; then all work must finish and both sides must agree."""
        self.worker.weather = NO_FAULTS
        self.trace.note(self.now, None, "nothing goes wrong any more")
        last_moment = self.now + SETTLE_TIME
        while self.now < last_moment:
            for operation in (
                Operation.objects.select_related("call").filter(status=Operation.Status.STOPPED).order_by("pk")
            ):
                if may_restart(operation):
                    restart(operation, actor=SELLER, now=self.now)
            self.worker.work(self.now)
            after = self.worker.next_moment(self.now)
            self.now = min(after or last_moment, last_moment)
        self.worker.work(self.now)
        self._check_rules()
        self._check_agreement()
        unfinished_operations = Operation.objects.filter(
            status__in=["queued", "running", "stopped"], created_at__lt=self.now - DAY
        )
        unsettled = [
            Violation(
                "everything comes to its end",
                late_operation.subscription_id,
                f"operation {late_operation.pk} ({late_operation.kind}) is {late_operation.status}: {late_operation.note}",
            )
            for late_operation in unfinished_operations
        ]
        if unsettled:
            self._fail(unsettled)

    def _told(self) -> Outcome:
        outcome = self.outcome
        outcome.orders, outcome.calls = Order.objects.count(), self.worker.calls
        outcome.events, outcome.faults = self.worker.events, sum(self.worker.wire.faults.values()) + self.worker.crashes
        for number, state, name in Operation.objects.order_by("pk").values_list("pk", "status", "kind"):
            self.trace.note(self.now, None, f"operation {number} ({name}) is {state}")
        outcome.digest, outcome.lines = self.trace.digest, self.trace.lines
        return outcome


def _delay(chance: random.Random) -> timedelta:
    """Return the time from reading a page to sending its form: mostly seconds, sometimes an old tab."""
    kind = chance.random()
    if kind < 0.7:
        return timedelta(seconds=chance.uniform(0, 60))
    return timedelta(minutes=chance.uniform(0, 90)) if kind < 0.95 else timedelta(hours=chance.uniform(1, 60))


NIGHTLY_INTERVAL = timedelta(days=7)


def _tasks() -> Mapping[str, jobs.Task]:
    """Return the tasks of a worker. Old rows are deleted weekly, since most nights would delete nothing."""

    def clear_old(payload: Mapping[str, Any], now: datetime) -> datetime:
        next_run = TASKS[retention.NIGHTLY](payload, now) or now
        return next_run if next_run < now + timedelta(hours=1) else now + NIGHTLY_INTERVAL

    return {**TASKS, retention.NIGHTLY: clear_old}
