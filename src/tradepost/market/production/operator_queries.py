"""What operators see of the engine: how much is due, who works on it, what is stuck, and how calls went by hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q, QuerySet, Sum
from msgspec import Struct, field

from tradepost.market.base.counting import Count, CountedUpTo, counts_up_to
from tradepost.market.base.models import Event, Job, WorkerProcess
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.work import State
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .models import FAILING, LISTED, WELL, Address, Attempt, Call, Tally
from .seller_queries import STATES, about, with_open_attempt

ALIVE_FOR = timedelta(seconds=30)
"""A worker that has not been seen for this long, in real time, is taken for dead."""
REMEMBERED = timedelta(days=1)
"""How long the pages remember a dead worker."""


class Figures(Struct, frozen=True):
    """Counts of work that has not ended. ``oldest_due`` is when the longest-waiting due call should have been made."""

    due: Count
    later: Count
    in_flight: Count
    busy: Count
    paused: Count
    failing: Count
    oldest_due: datetime | None

    @property
    def held(self) -> Count:
        return self.busy + self.paused

    def late(self, now: datetime) -> timedelta:
        return max(now - self.oldest_due, timedelta()) if self.oldest_due else timedelta()


def figures(now: datetime) -> Figures:
    """Counted one by one, so that a partial index serves each, however many have ended."""
    waiting = Call.objects.filter(state=State.WAITING)
    held = Call.objects.filter(state=State.HELD)
    due = waiting.filter(due_at__lte=now)
    overdue, later, in_flight, busy, paused, failing = counts_up_to(
        due,
        waiting.filter(due_at__gt=now),
        Call.objects.filter(state=State.LEASED),
        held.filter(hold=Call.Hold.BUSY),
        held.filter(hold=Call.Hold.BREAKER),
        Call.objects.filter(FAILING),
    )
    oldest = due.order_by("due_at", "pk").values_list("due_at", flat=True).first()
    return Figures(overdue, later, in_flight, busy, paused, failing, oldest)


class Worker(Struct, frozen=True):
    process: WorkerProcess
    alive: bool


def workers(wall: datetime) -> list[Worker]:
    """The living, and those who died within a day; the living first."""
    seen = WorkerProcess.objects.filter(seen_at__gt=wall - REMEMBERED).order_by("-seen_at")
    found = [Worker(process, process.seen_at >= wall - ALIVE_FOR) for process in seen]
    return sorted(found, key=lambda worker: not worker.alive)


def open_breakers(limit: int = 50) -> list[Address]:
    """Addresses that are paused or on trial, longest first, each with ``waiting``: calls that it holds up."""
    closed = Q(breaker=Address.Breaker.CLOSED)
    # Counted apart, in the words of the partial index: a join would read every call the address ever had.
    waiting = CountedUpTo(Call.objects.filter(address=OuterRef("pk"), state__in=[State.WAITING, State.HELD]))
    return list(
        Address.objects.exclude(closed).select_related("seller").annotate(waiting=waiting).order_by("opened_at")[:limit]
    )


class Queue(Struct, frozen=True):
    """One of the two queues: how much waits, and what failed and is tried again."""

    waiting: Count
    due: Count
    stuck: Sequence[Any]


def queue(model: type[Event | Job], now: datetime, *, limit: int = 20) -> Queue:
    """Rows with an error are those whose last try failed; the database holds no finished ones."""
    rows: QuerySet[Any] = model._default_manager.filter(state=State.WAITING).order_by("due_at", "pk")  # noqa: SLF001
    oldest = list(stuck(model).order_by("due_at", "pk")[:limit])
    waiting, due = counts_up_to(rows, rows.filter(due_at__lte=now))
    return Queue(waiting, due, oldest)


def stuck(model: type[Event | Job]) -> QuerySet[Any]:
    return model._default_manager.exclude(error="")  # noqa: SLF001


class CallFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list of calls for; empty means all."""

    seller: str = ""
    state: str = ""
    verdict: str = ""
    order: str = ""


def all_calls(asked: CallFilter) -> QuerySet[Call]:
    """Calls of every seller that fit, unordered. A value that means nothing finds nothing rather than everything."""
    calls = Call.objects.filter(purpose__in=LISTED).select_related("seller", "product").defer("command")
    if asked.seller:
        calls = calls.filter(seller_id=whole_number(asked.seller) or 0)  # no row has the key 0
    if asked.state:
        narrow = STATES.get(asked.state)
        calls = calls.filter(narrow()) if narrow else calls.none()
    if asked.verdict:
        calls = calls.filter(last_verdict=asked.verdict)
    if asked.order:
        calls = calls.filter(about(asked.order, Subscription.objects.all()))
    return calls


def find_call(pk: int) -> Call | None:
    return Call.objects.select_related("seller", "product", "address").filter(pk=pk).first()


def calls_of_order(number: str) -> list[Call]:
    """In the order in which they were asked, each with its ``attempts_made`` oldest first. Bodies stay in the database."""
    return with_attempts(
        Call.objects.filter(order_number=number).select_related("seller").defer("command").order_by("pk")
    )


def with_attempts(rows: QuerySet[Call]) -> list[Call]:
    """These calls with their ``attempts_made``, oldest first; one query for all attempts. Bodies stay in the database."""
    calls = list(rows)
    tries = (
        Attempt.objects.filter(call__in=calls)
        .defer("request_headers", "request_body", "response_headers", "response_body").order_by("call_id", "number")
    )  # fmt: skip
    by_call: dict[int, list[Attempt]] = {call.pk: [] for call in calls}
    for attempt in tries:
        by_call[attempt.call_id].append(attempt)
    for call in calls:
        call.attempts_made = with_open_attempt(call, by_call[call.pk])  # type: ignore[attr-defined]
    return calls


def sellers_for_filter() -> list[Seller]:
    """Every seller by name, with the names alone."""
    return list(Seller.objects.order_by("name").only("name", "name_en"))


def sellers_with_figures(text: str = "") -> QuerySet[Seller]:
    """Sellers whose names hold ``text``, with ``products_count`` and ``open_count`` (addresses that do not answer)."""
    sellers = (
        Seller.objects.filter(Q(name__icontains=text) | Q(name_en__icontains=text)) if text else Seller.objects.all()
    )
    return sellers.annotate(
        products_count=models.Count("products", distinct=True),
        open_count=models.Count("addresses", filter=~Q(addresses__breaker=Address.Breaker.CLOSED), distinct=True),
    )


@dataclass(slots=True)
class Hour:
    """Ended attempts of one hour by how they ended."""

    at: datetime
    done: int = 0
    pending: int = 0
    refused: int = 0
    fault: int = 0

    @property
    def all(self) -> int:
        return self.done + self.pending + self.refused + self.fault


class Day(Struct, frozen=True):
    hours: Sequence[Hour]
    attempts: int
    milliseconds: float | None
    """Mean time of an attempt; None when there was none."""
    under_1s: float | None
    """Share of attempts that took less than a second."""
    verdicts: Sequence[tuple[str, int]] = field(default=())
    """The most frequent ways to fail, with their counts."""


def last_day(now: datetime, *, activities: Iterable[str] = (), most: int = 5) -> Day:
    """The last 24 whole or begun hours from the tally; the hours without calls too, so that a chart has no holes."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    rows = Tally.objects.filter(hour__gte=first, hour__lte=now)
    if wanted := list(activities):
        rows = rows.filter(activity__in=wanted)
    hours = {first + timedelta(hours=n): Hour(first + timedelta(hours=n)) for n in range(24)}
    failures: dict[str, int] = {}
    attempts, seconds, quick = 0, 0.0, 0
    sums = rows.values("hour", "verdict").annotate(n=Sum("attempts"), s=Sum("seconds"), q=Sum("under_1s"))
    for row in sums:
        verdict, n = row["verdict"], row["n"]
        attempts, seconds, quick = attempts + n, seconds + row["s"], quick + row["q"]
        if (hour := hours.get(row["hour"])) is not None:
            _count(hour, verdict, n)
        if verdict not in WELL:
            failures[verdict] = failures.get(verdict, 0) + n
    worst = sorted(failures.items(), key=lambda item: (-item[1], item[0]))[:most]
    mean = 1000 * seconds / attempts if attempts else None
    return Day(list(hours.values()), attempts, mean, quick / attempts if attempts else None, worst)


def _count(hour: Hour, verdict: str, n: int) -> None:
    match verdict:
        case "done":
            hour.done += n
        case "pending":
            hour.pending += n
        case code if code.isdecimal():
            hour.refused += n
        case _:
            hour.fault += n
