"""``/metrics`` in the Prometheus text format, read from the database at each scrape, so all web processes report the
same.

Open to programs on this machine and to operators. A local reverse proxy also connects from loopback, so forwarded
requests and requests with another host do not count as local.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address

from django.db import connection
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from tradepost import __version__
from tradepost.market.base import clock
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.models import Event, Job, WorkerProcess
from tradepost.market.base.work import DueWork, State
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.production.models import Address, Call, Tally

from .health import WORKER_TIMEOUT
from .peer import peer

STATES = {State.WAITING: "waiting", State.LEASED: "in_flight", State.HELD: "held"}
QUEUES: tuple[tuple[str, type[DueWork], tuple[State, ...]], ...] = (
    ("calls", Call, (State.WAITING, State.LEASED, State.HELD)),
    ("events", Event, (State.WAITING,)),
    ("jobs", Job, (State.WAITING, State.LEASED)),
)
"""Queues with their reported states. An event is processed within the transaction that locks it, and only calls can be
held."""
MAX_COUNT = 10_000
"""Upper limit of a gauge. Scrapes come every few seconds, and there are as many timers as services."""
LIMIT_NOTE = f"counted up to {MAX_COUNT:,}"
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not (_is_local(request) or getattr(request.user, "is_operator", False)):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Market(now=clock.now(), wall=clock.wall()))
    response = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response["Cache-Control"] = "no-store"
    return response


def _is_local(request: HttpRequest) -> bool:
    try:
        loopback = ip_address(peer(request)).is_loopback
    except ValueError:
        return False
    host = request.get_host()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return loopback and name in LOCAL_NAMES and not any(header in request.headers for header in FORWARDED)


class Market(Collector):
    """The metrics of one scrape: about a dozen queries, each on an index or a small table."""

    def __init__(self, *, now: datetime, wall: datetime) -> None:
        self.now = now
        self.wall = wall

    def describe(self) -> Iterable[Metric]:
        return ()  # otherwise registering would already collect

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("tradepost_build", "Version of this process.", {"version": __version__})
        yield from self._attempts()
        yield from self._queues()
        yield self._breakers()
        yield from self._workers()
        yield self._mails()

    def _attempts(self) -> Iterator[Metric]:
        outcomes = CounterMetricFamily(
            "tradepost_attempts", "Attempts of calls to sellers that ended.", labels=("activity", "verdict")
        )
        latency = HistogramMetricFamily(
            "tradepost_attempt_seconds", "Time until a seller's answer or its fault.", labels=("activity",)
        )
        by_activity: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        rows = Tally.objects.values_list("activity", "verdict").annotate(
            Sum("attempts"), Sum("under_100ms"), Sum("under_1s"), Sum("under_5s"), Sum("seconds")
        )
        for activity, verdict, *sums in rows.order_by("activity", "verdict"):
            outcomes.add_metric((activity, verdict), sums[0])
            by_activity[activity] = [a + b for a, b in zip(by_activity[activity], sums, strict=True)]
        for activity, (attempts, under_100ms, under_1s, under_5s, seconds) in by_activity.items():
            buckets = [("0.1", under_100ms), ("1.0", under_1s), ("5.0", under_5s), ("+Inf", attempts)]
            latency.add_metric((activity,), buckets, seconds)
        yield outcomes
        yield latency

    def _queues(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "tradepost_queue_depth", f"Rows of due work not ended, {LIMIT_NOTE}.", labels=("queue", "state")
        )
        age = GaugeMetricFamily(
            "tradepost_queue_oldest_due_seconds",
            "How long the oldest waiting row has been due, in market time; 0 when nothing is due.",
            labels=("queue",),
        )
        for queue, model, states in QUEUES:
            for state, count in zip(states, _depths(model, states), strict=True):
                depth.add_metric((queue, STATES[state]), count)
            due_rows = model._default_manager.filter(state=State.WAITING, due_at__lte=self.now)  # noqa: SLF001
            oldest = due_rows.aggregate(oldest=Min("due_at"))["oldest"]
            age.add_metric((queue,), (self.now - oldest).total_seconds() if oldest else 0)
        yield depth
        yield age

    def _breakers(self) -> Metric:
        counts = dict(Address.objects.values_list("breaker").annotate(Count("pk")).order_by("breaker"))
        family = GaugeMetricFamily("tradepost_breakers", "Production addresses by breaker state.", labels=("state",))
        for state in Address.Breaker.values:
            family.add_metric((state,), counts.get(state, 0))
        return family

    def _workers(self) -> Iterator[Metric]:
        alive = WorkerProcess.objects.filter(seen_at__gte=self.wall - WORKER_TIMEOUT)
        facts = alive.aggregate(workers=Count("pk"), in_flight=Sum("in_flight"))
        yield GaugeMetricFamily("tradepost_workers", "Workers alive.", facts["workers"])
        yield GaugeMetricFamily("tradepost_worker_calls_in_flight", "Calls in flight in them.", facts["in_flight"] or 0)

    def _mails(self) -> Metric:
        family = GaugeMetricFamily("tradepost_mails", f"E-mails not sent, by state, {LIMIT_NOTE}.", labels=("state",))
        states = (NoticeDelivery.Status.WAITING, NoticeDelivery.Status.FAILED)
        counts = counts_up_to(*(NoticeDelivery.objects.filter(status=state) for state in states), most=MAX_COUNT)
        for state, count in zip(states, counts, strict=True):
            family.add_metric((state.value,), count)
        return family


def _depths(model: type[DueWork], states: Iterable[State]) -> tuple[int, ...]:
    # Literals instead of parameters, and one count per state, so that partial indexes are used beside millions of ended
    # rows.
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001
    counts = ", ".join(
        # a table of the market
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE state = {state.value}{order} LIMIT {MAX_COUNT}) found)"  # noqa: S608
        for state, order in ((state, " ORDER BY due_at, id" if state == State.WAITING else "") for state in states)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        row: tuple[int, ...] = cursor.fetchone()
    return row
