"""A market with probed products, advanced from one due moment to the next: the real timers, claims, records and
reactions, with sellers' responses given by a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Min

from tests.factories import NOW, make_buyer, make_product, make_seller
from tests.market.engine import OWNER, react
from tradepost.market import wiring
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.asked import form_of, initial_values, require_key
from tradepost.market.debugging.models import DebugCase
from tradepost.market.debugging.required import product_with_modes, required
from tradepost.market.identity.models import Seller
from tradepost.market.probes import slots
from tradepost.market.production import upkeep
from tradepost.market.production.attempts import EndedAttempt
from tradepost.market.production.breaker import Rule
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.gateway import Exchange
from tradepost.market.production.models import Address, Call
from tradepost.market.production.record import record_each
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import CallResult, Done, Fault, Unreachable
from tradepost.protocols.http import Request, Response

ZONE = ZoneInfo("Asia/Shanghai")
BREAKER = Rule(5, timedelta(seconds=60))
WELL: list[dict[str, Any]] = [{"judgement": "result", "verdict": "passed", "diagnosis": ""}]
BAD: list[dict[str, Any]] = [{"judgement": "result", "verdict": "failed", "diagnosis": "instance_id_missing"}]
OUR_OWN = Unreachable(fault=Fault.LOST, detail="the worker stopped")
DOWN = Unreachable(fault=Fault.CONNECT, detail="connection refused")
WRONG = Unreachable(fault=Fault.NOT_JSON, detail="not JSON")

type Server = Callable[[ClaimedCall, datetime], CallResult]


def succeed(_call: ClaimedCall, _now: datetime) -> CallResult:
    return Done()


def save_cases(
    address: Address, *activities: str, variant: str = "", typed: Mapping[str, str] | None = None, now: datetime = NOW
) -> list[DebugCase]:
    """Save cases in bulk, as debugging does. ``typed``: overrides of the form's proposals."""
    cases = []
    for activity in activities:
        form = form_of(address, activity, variant)
        cases.append(
            DebugCase(
                seller_id=address.seller_id, address=address, activity=activity, variant=variant,
                kind=form.case.kind.__name__, command={}, values={**initial_values(form, now=now), **(typed or {})},
                url=address.url, key_id=require_key(address).key_id, saved_at=now, saved_by="zhang", tried_at=now,
            )
        )  # fmt: skip
    return DebugCase.objects.bulk_create(cases)


def watched(seller: Seller | None = None, *, save: Sequence[str] = (), now: datetime = NOW) -> Product:
    """Make a monthly product on sale with every required case saved, or the named ones."""
    seller = seller or make_seller(member=make_buyer(balance="0", now=now), now=now)
    product = make_product(seller, now=now)
    needs = [case.case.activity for case in required("saas_v2", product_with_modes(["PERIOD"])).cases]
    save_cases(product.binding.address, *(save or needs), now=now)
    return product


def next_tick(at: datetime, tick: timedelta) -> datetime:
    """Return the next moment of a clock with this tick."""
    return at + (datetime.min.replace(tzinfo=at.tzinfo) - at) % tick


class Market:
    """``now``: the current time. ``server``: the responses of sellers. ``outages``: periods in which the market is
    down. ``tick``: how often it looks for due work.
    """

    def __init__(self, server: Server = succeed, *, now: datetime = NOW, tick: timedelta | None = None) -> None:
        self.now = now
        self.server = server
        self.outages: list[tuple[datetime, datetime]] = []
        self.calls = 0
        self.tick = tick
        slots.schedule(watch=watch_rules(), now=now)

    def until(self, end: datetime) -> None:
        while True:
            if self._back() is None:
                self._settle()
            due = self._next()
            if due is None or due > end:
                break
            self.now = max(self.now, next_tick(due, self.tick) if self.tick else due)
        self.now = max(self.now, end)

    def go(self, distance: timedelta) -> None:
        self.until(self.now + distance)

    def _back(self) -> datetime | None:
        """Return when the market is up again; None while it is up."""
        return max((ends for begins, ends in self.outages if begins <= self.now < ends), default=None)

    def _next(self) -> datetime | None:
        if (back := self._back()) is not None:
            return back
        moments = [
            model._default_manager.filter(state=State.WAITING, due_at__gt=self.now).aggregate(first=Min("due_at"))[
                "first"
            ]
            for model in (Call, Job)
        ]
        calls = Call.objects.filter(state=State.HELD)
        moments += [
            calls.filter(**{f"{name}__gt": self.now}).aggregate(first=Min(name))["first"]
            for name in ("due_at", "give_up_at")
        ]
        return min((moment for moment in moments if moment is not None), default=None)

    def _settle(self) -> None:
        for _ in range(10_000):
            upkeep.release_due_calls(now=self.now, per_seller=16)
            did = jobs.run_due(wiring.TASKS, now=self.now)
            stuck = list(Job.objects.exclude(error="").values_list("kind", "error"))
            assert not stuck, stuck
            did += self._call()
            react(now=self.now)
            if not did:
                return
        raise AssertionError("the work of a moment does not end")

    def _call(self) -> int:
        claimed = claim_calls(
            now=self.now, wall=self.now, owner=OWNER, limit=256, per_seller=16, duration=timedelta(minutes=1)
        )
        self.calls += len(claimed)
        ended = [_ended(call, self.server(call, self.now)) for call in claimed]
        if ended:
            record_each(ended, now=self.now, owner=OWNER, rule=BREAKER)
        return len(ended)


def _ended(call: ClaimedCall, result: CallResult) -> EndedAttempt:
    if isinstance(result, Unreachable) and result.fault is Fault.LOST:
        return EndedAttempt(call, result)
    response = None if isinstance(result, Unreachable) else Response(200, (), b"{}")
    exchange = Exchange(Request("POST", call.url, (), b"{}"), response, result, 12.5)
    judged = call.purpose != Call.Purpose.ORDER
    return EndedAttempt(call, result, exchange, (WELL if isinstance(result, Done) else BAD) if judged else None)


DAY = timedelta(days=1)
TODAY = NOW.astimezone(ZONE).date()


def at(hour: int, minute: int = 0, *, day: date = TODAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


MORNING = at(9) - timedelta(minutes=1)
NIGHT = at(23)


def market(server: Server = succeed, *, now: datetime = MORNING) -> Market:
    return Market(server, now=now)


def answers(result: CallResult, *, only: int | None = None) -> Server:
    def server(call: ClaimedCall, _now: datetime) -> CallResult:
        return result if only is None or call.address_id == only else Done()

    return server
