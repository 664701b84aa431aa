"""The worker of a simulation: runs the steps of a real engine one after another, on the simulation's clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import jobs, outbox, rows
from tradepost.market.base.models import Event, Job
from tradepost.market.base.work import State, peek
from tradepost.market.production import claim, upkeep
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.breaker import Rule
from tradepost.market.production.claim import ClaimedCall
from tradepost.market.production.plan import Probing
from tradepost.market.production.record import record
from tradepost.market.wiring import REACTIONS

from .sellers import SimulatedSeller
from .trace import Trace
from .wire import Fault, Outage, Wire, duration, random_fault

PROBING = Probing()
LEASE = timedelta(seconds=60)
BREAKER = Rule(5, timedelta(seconds=60))
CALLS_PER_SELLER = 4
"""Calls in flight to one seller, few enough that some are held."""
MAX_TURNS = 400
"""Maximum turns at one moment before the simulation reports an endless loop."""


@dataclass(slots=True)
class AttemptInProgress:
    """An attempt in progress. ``ended``: its result, once the seller was called; ``crashed``: no worker stores it."""

    call: ClaimedCall
    owner: str
    fault: Fault
    lands_at: datetime
    ended: EndedAttempt | None = None
    crashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """Faults and their times. ``outages``: by the key of a seller; ``away``: when no worker runs."""

    share: float
    outages: Mapping[int, tuple[Outage, ...]]
    away: tuple[Outage, ...]


NO_FAULTS = FaultPlan(share=0.0, outages={}, away=())


class Worker:
    def __init__(
        self,
        wire: Wire,
        sellers: Mapping[int, SimulatedSeller],
        *,
        tasks: Mapping[str, jobs.Task],
        weather: FaultPlan,
        chance: random.Random,
        trace: Trace,
    ) -> None:
        self.wire, self.sellers, self.weather = wire, sellers, weather
        self._tasks, self._chance, self._trace = tasks, chance, trace
        self._flights: list[AttemptInProgress] = []
        self._lease_ends: list[datetime] = []
        """When the death of a worker is detected."""
        self._life = 1
        self.calls = self.events = self.crashes = 0

    @property
    def owner(self) -> str:
        return f"worker {self._life}"

    def is_away(self, now: datetime) -> bool:
        return any(outage.covers(now) for outage in self.weather.away)

    def next_moment(self, now: datetime) -> datetime | None:
        """Return the next time with work to do."""
        moments = [flight.lands_at for flight in self._flights]
        moments += self._lease_ends
        moments += [at for seller in self.sellers.values() for at in seller.finishing.values()]
        moments += _next_due_times(now)
        returns = [outage.ends for outage in self.weather.away if outage.covers(now)]
        if returns:
            moments = [max(moment, returns[0]) for moment in moments] + returns
        return min((moment for moment in moments if moment > now), default=None)

    def work(self, now: datetime) -> None:
        """Work until nothing is due."""
        for seller in self.sellers.values():
            seller.finish_due(now)
        if self.is_away(now):
            return
        self._recover(now)
        if rows.run("SELECT 1 FROM production_call WHERE state = %s LIMIT 1", [State.HELD]):
            upkeep.release_due_calls(now=now, per_seller=CALLS_PER_SELLER, probing=PROBING)
        for _turn in range(MAX_TURNS):
            steps: list[Callable[[datetime], bool]] = [self._react, self._run_timers, self._land, self._claim]
            self._chance.shuffle(steps)
            if not any(step(now) for step in steps):
                return
        raise RuntimeError(f"the market does not come to rest at {now:%Y-%m-%d %H:%M:%S}")

    def in_flight(self) -> int:
        return len(self._flights)

    # --- reactions and timers ---

    def _react(self, now: datetime) -> bool:
        if not peek(Event, now=now):
            return False
        if self._goes_wrong(0.3):
            return self._crash_in(lambda: outbox.dispatch(REACTIONS, now=now))
        due_events = Event.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "pk")
        if self._goes_wrong(1):  # as if a reaction could not be reached
            delayed_event = self._chance.choice(list(due_events))
            self._trace.note(now, None, f"event {delayed_event.name} waits")
            Event.objects.filter(pk=delayed_event.pk).update(due_at=now + timedelta(hours=self._chance.uniform(0.1, 6)))
        repeated_events = list(due_events[:256]) if self._goes_wrong(1) else []
        dispatched = outbox.dispatch(REACTIONS, now=now)
        self.events += dispatched
        for event in repeated_events:  # the outbox guarantees at-least-once delivery
            self._trace.note(now, None, f"event {event.name} is told again")
            due_at = now + timedelta(hours=self._chance.choice((0, 0, 0.2, 3)))
            Event.objects.create(name=event.name, facts=event.facts, created_at=now, due_at=due_at)
        return True

    def _run_timers(self, now: datetime) -> bool:
        if not peek(Job, now=now):
            return False
        if self._goes_wrong(0.3):
            return self._crash_in(lambda: jobs.run_due(self._tasks, now=now))
        return bool(jobs.run_due(self._tasks, now=now))

    def _crash_in(self, work: Callable[[], object]) -> bool:
        """Let the process die before the commit: its changes are rolled back and its open calls are lost."""
        with transaction.atomic():
            work()
            transaction.set_rollback(True)
        self._die()
        return True

    def _goes_wrong(self, share: float) -> bool:
        return self._chance.random() < share * self.weather.share * 0.2

    def _die(self) -> None:
        self.crashes += 1
        self._life += 1
        for flight in self._flights:
            flight.crashed = True

    # --- calls ---

    def _claim(self, now: datetime) -> bool:
        claimed_calls = claim.claim_calls(
            now=now, wall=now, owner=self.owner, limit=32, per_seller=CALLS_PER_SELLER, duration=LEASE, probing=PROBING
        )
        for call in claimed_calls:
            self.calls += 1
            self._send(call, now)
        return bool(claimed_calls)

    def _send(self, call: ClaimedCall, now: datetime) -> None:
        seller = self.sellers[call.seller_id]
        is_down = any(outage.covers(now) for outage in self.weather.outages.get(call.seller_id, ()))
        fault = Fault.DOWN if is_down else random_fault(self._chance, self.weather.share)
        if self._goes_wrong(3):
            seller.provisions_for = timedelta(minutes=self._chance.uniform(1, 240))
        flight = AttemptInProgress(call, self.owner, fault, now + duration(fault, self._chance))
        if fault is not Fault.LATE:
            self._reach(flight, now)
        seller.provisions_for = timedelta(0)
        if self._goes_wrong(0.5):  # the worker was taken for dead, but returns with its answer
            flight.lands_at = now + LEASE + timedelta(seconds=self._chance.uniform(1, 900))
            self._lease_ends.append(now + LEASE)
        elif self._goes_wrong(0.5):
            self._flights.append(flight)
            self._die()
            return
        self._flights.append(flight)

    def _reach(self, flight: AttemptInProgress, now: datetime) -> None:
        call = flight.call
        exchange = self.wire.call(call, flight.fault, now=now)
        flight.ended = EndedAttempt(call, exchange.result, exchange)
        result_name = type(exchange.result).__name__
        self._trace.note(
            now,
            call.subscription_id,
            f"{call.activity} of service {call.subscription_id}, try {call.number}: the seller {flight.fault}; {result_name}",
        )

    def _land(self, now: datetime) -> bool:
        landing_flights = [flight for flight in self._flights if flight.lands_at <= now]
        if not landing_flights:
            return False
        self._flights = [flight for flight in self._flights if flight.lands_at > now]
        for flight in landing_flights:
            if flight.ended is None:
                self._reach(flight, now)
            if flight.crashed:
                self._lease_ends.append(max(flight.call.started_at + LEASE, now + timedelta(seconds=1)))
        for owner in sorted({flight.owner for flight in landing_flights}):
            batch = [
                flight.ended
                for flight in landing_flights
                if flight.owner == owner and not flight.crashed and flight.ended
            ]
            if batch:
                record(batch, now=now, owner=owner, rule=BREAKER, probing=PROBING)
        return True

    def _recover(self, now: datetime) -> None:
        if any(at <= now for at in self._lease_ends):
            self._lease_ends = [at for at in self._lease_ends if at > now]
            upkeep.recover(now=now, wall=now, rule=BREAKER, probing=PROBING)


_DUE = """SELECT MIN(at) FROM (SELECT MIN(due_at) AS at FROM production_call WHERE state IN (0, 2) AND due_at > %s
 UNION ALL SELECT MIN(due_at) FROM base_event WHERE state = 0 AND due_at > %s
 UNION ALL SELECT MIN(due_at) FROM base_job WHERE state = 0 AND due_at > %s)"""
"""Like ``clock_steps.look``, in one statement, since it runs at every moment."""


def _next_due_times(now: datetime) -> list[datetime]:
    [(first_due,)] = rows.run(_DUE, [rows.moment(now)] * 3)
    return [rows.aware(first_due)] if first_due else []
