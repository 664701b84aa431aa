"""State of the engine for operators: due work, workers, stuck items, and calls per hour."""

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
from tradepost.market.base.pk_times import between
from tradepost.market.base.work import State
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .models import GOOD_VERDICTS, IS_FAILING, LISTED_PURPOSES, Address, Attempt, Call, Tally
from .seller_queries import STATE_CONDITIONS, calls_about, with_open_attempt

MAX_SILENCE = timedelta(seconds=30)
"""Time in real time after which an unseen worker counts as dead."""
DEAD_WORKER_DISPLAY_PERIOD = timedelta(days=1)
"""How long pages show a dead worker."""


class Figures(Struct, frozen=True):
    """Counts of open work. ``oldest_due``: due time of the longest-waiting call."""

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
    """Count each state separately, so that a partial index serves each."""
    waiting_calls = Call.objects.filter(state=State.WAITING)
    held_calls = Call.objects.filter(state=State.HELD)
    due_calls = waiting_calls.filter(due_at__lte=now)
    overdue_count, later_count, in_flight, busy_count, paused_count, failing_count = counts_up_to(
        due_calls,
        waiting_calls.filter(due_at__gt=now),
        Call.objects.filter(state=State.LEASED),
        held_calls.filter(hold=Call.Hold.BUSY),
        held_calls.filter(hold=Call.Hold.BREAKER),
        Call.objects.filter(IS_FAILING),
    )
    oldest_due = due_calls.order_by("due_at", "pk").values_list("due_at", flat=True).first()
    return Figures(overdue_count, later_count, in_flight, busy_count, paused_count, failing_count, oldest_due)


class Worker(Struct, frozen=True):
    process: WorkerProcess
    alive: bool


def workers(wall: datetime) -> list[Worker]:
    """Return live workers, then those that died within a day."""
    recent = WorkerProcess.objects.filter(seen_at__gt=wall - DEAD_WORKER_DISPLAY_PERIOD).order_by("-seen_at")
    all_workers = [Worker(process, process.seen_at >= wall - MAX_SILENCE) for process in recent]
    return sorted(all_workers, key=lambda worker: not worker.alive)


def open_breakers(limit: int = 50) -> list[Address]:
    """Return paused addresses and those on trial, longest first, with ``waiting``: number of held calls."""
    is_closed = Q(breaker=Address.Breaker.CLOSED)
    # Counted by a subquery in the form of the partial index: a join would read every call of the address.
    waiting_count = CountedUpTo(Call.objects.filter(address=OuterRef("pk"), state__in=[State.WAITING, State.HELD]))
    return list(
        Address.objects.exclude(is_closed)
        .select_related("seller")
        .annotate(waiting=waiting_count)
        .order_by("opened_at")[:limit]
    )


class Queue(Struct, frozen=True):
    """State of one queue: waiting rows, and failed rows that are retried."""

    waiting: Count
    due: Count
    stuck: Sequence[Any]


def queue(model: type[Event | Job], now: datetime, *, limit: int = 20) -> Queue:
    """Read the queue. Rows with an error failed last time; finished rows are deleted."""
    rows: QuerySet[Any] = model._default_manager.filter(state=State.WAITING).order_by("due_at", "pk")  # noqa: SLF001
    oldest_rows = list(failed_rows(model).order_by("due_at", "pk")[:limit])
    waiting_count, due_count = counts_up_to(rows, rows.filter(due_at__lte=now))
    return Queue(waiting_count, due_count, oldest_rows)


def failed_rows(model: type[Event | Job]) -> QuerySet[Any]:
    return model._default_manager.exclude(error="")  # noqa: SLF001


class CallFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list of calls; empty fields do not filter."""

    seller: str = ""
    state: str = ""
    verdict: str = ""
    order: str = ""


def all_calls(filters: CallFilter) -> QuerySet[Call]:
    """Select matching calls of all sellers, unordered. An invalid value matches nothing."""
    calls = Call.objects.filter(purpose__in=LISTED_PURPOSES).select_related("seller", "product").defer("command")
    if filters.seller:
        calls = calls.filter(seller_id=whole_number(filters.seller) or 0)  # no row has the key 0
    if filters.state:
        state_condition = STATE_CONDITIONS.get(filters.state)
        calls = calls.filter(state_condition()) if state_condition else calls.none()
    if filters.verdict:
        calls = calls.filter(last_verdict=filters.verdict)
    if filters.order:
        calls = calls.filter(calls_about(filters.order, Subscription.objects.all()))
    return calls


def find_call(pk: int) -> Call | None:
    return Call.objects.select_related("seller", "product", "address").filter(pk=pk).first()


def calls_of_order(number: str) -> list[Call]:
    """Return the calls of an order, oldest first, with ``attempts_made``. Bodies are not loaded."""
    return with_attempts(
        Call.objects.filter(order_number=number).select_related("seller").defer("command").order_by("pk")
    )


def with_attempts(rows: QuerySet[Call]) -> list[Call]:
    """Return these calls with ``attempts_made``, oldest first, in one query for all attempts. Bodies are not loaded."""
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
    """Return all sellers by name, with names only."""
    return list(Seller.objects.order_by("name").only("name", "name_en"))


def sellers_with_figures(
    text: str = "", *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Seller]:
    """Select sellers whose names contain ``text``, with ``products_count`` and ``open_count`` (addresses that do not
    answer)."""
    sellers = between(Seller.objects.all(), "created_at", since, until)
    if text:
        sellers = sellers.filter(Q(name__icontains=text) | Q(name_en__icontains=text))
    return sellers.annotate(
        products_count=models.Count("products", distinct=True),
        open_count=models.Count("addresses", filter=~Q(addresses__breaker=Address.Breaker.CLOSED), distinct=True),
    )


@dataclass(slots=True)
class Hour:
    """Ended attempts of one hour by result."""

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
    """Mean time of an attempt; None without attempts."""
    under_1s: float | None
    """Share of attempts below one second."""
    verdicts: Sequence[tuple[str, int]] = field(default=())
    """Most frequent failures with their counts."""


def last_day(now: datetime, *, activities: Iterable[str] = (), most: int = 5) -> Day:
    """Return the last 24 hours from the tally, including empty hours and the current one."""
    first_hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    rows = Tally.objects.filter(hour__gte=first_hour, hour__lte=now)
    if names := list(activities):
        rows = rows.filter(activity__in=names)
    hours = {first_hour + timedelta(hours=count): Hour(first_hour + timedelta(hours=count)) for count in range(24)}
    failures: dict[str, int] = {}
    attempts, seconds, under_1s = 0, 0.0, 0
    sums = rows.values("hour", "verdict").annotate(n=Sum("attempts"), s=Sum("seconds"), q=Sum("under_1s"))
    for row in sums:
        verdict, count = row["verdict"], row["n"]
        attempts, seconds, under_1s = attempts + count, seconds + row["s"], under_1s + row["q"]
        if (hour := hours.get(row["hour"])) is not None:
            _count(hour, verdict, count)
        if verdict not in GOOD_VERDICTS:
            failures[verdict] = failures.get(verdict, 0) + count
    worst = sorted(failures.items(), key=lambda item: (-item[1], item[0]))[:most]
    mean = 1000 * seconds / attempts if attempts else None
    return Day(list(hours.values()), attempts, mean, under_1s / attempts if attempts else None, worst)


def _count(hour: Hour, verdict: str, attempts: int) -> None:
    match verdict:
        case "done":
            hour.done += attempts
        case "pending":
            hour.pending += attempts
        case code if code.isdecimal():
            hour.refused += attempts
        case _:
            hour.fault += attempts
