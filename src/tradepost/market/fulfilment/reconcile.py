"""Compare market and sellers: whether instances exist and their states agree.

One leased job per seller, because it waits for that seller's server. Differences are stored as ``Drift`` until a
comparison no longer finds them; ``repair`` corrects those that calls can correct. Money is never changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_noop
from msgspec import Struct, field

from tradepost.market.base import leased_jobs
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .ask_sellers import InstanceQuery, QueryJob, QueryLimits, Replies, query_sellers
from .cases import with_product
from .drift import Answer, Difference, SellerSide, comparable_differences, differences
from .market_side import ComparisonData, comparison_data_of
from .models import Drift, Operation
from .registry import operation_kinds

KIND = "fulfilment.reconcile"
"""Kind of the leased job; its key is that of the seller, or names a single service."""
ALL = "all"
CHUNK = 100
"""Services per step."""
RECHECK_DELAY = timedelta(minutes=2)
"""Delay before comparing a service again after a repair."""
MAX_DURATION = timedelta(hours=2)


class Scope(Struct, frozen=True, kw_only=True):
    """``ended``: how long ended services are compared."""

    pace: QueryLimits = field(default_factory=QueryLimits)
    ended: timedelta = timedelta(days=90)


def start(seller: Seller, *, by: str, now: datetime) -> LeasedJob:
    """Start the comparison of a seller. Only one is open at a time; a repeated request returns it."""
    payload = {"seller": seller.pk, "by": by}
    return leased_jobs.start(KIND, str(seller.pk), payload=payload, now=now, seller_id=seller.pk)


def start_all(*, by: str, now: datetime) -> LeasedJob:
    """Start a job that compares every seller by separate jobs, and returns their keys (``begun``)."""
    return leased_jobs.start(KIND, ALL, payload={"by": by}, now=now)


def recheck_soon(subscription: Subscription, *, now: datetime) -> None:
    """Compare one service again soon."""
    leased_jobs.start(
        KIND, f"service:{subscription.pk}", payload={"seller": subscription.seller_id, "service": subscription.pk},
        now=now, due_at=now + RECHECK_DELAY, seller_id=subscription.seller_id,
    )  # fmt: skip


def task(scope: Callable[[], Scope], now: Callable[[], datetime]) -> LeasedTask:
    return LeasedTask(work=lambda running: work(running, scope=scope(), now=now), longest=MAX_DURATION, attempts=2)


def work(running: RunningJob, *, scope: Scope, now: Callable[[], datetime]) -> Mapping[str, Any]:
    """Compare in chunks, newest services first, and return counts of comparisons and results."""
    if running.key == ALL:
        return _begin_all(running, now)
    rows, counts, done_count = _services(running.payload), Counter[str](), 0
    total, last_key = rows.count(), None
    inquirer = QueryJob(owner=running.pk, pace=scope.pace, now=now, go_on=running.go_on)
    while True:
        running.progress(done_count, total, gettext_noop("Querying the seller"))
        chunk = list((rows.filter(pk__lt=last_key) if last_key is not None else rows)[:CHUNK])
        if not chunk:
            break
        last_key, done_count = chunk[-1].pk, done_count + len(chunk)
        counts += _compare(chunk, inquirer, scope, now)
    running.progress(total, total)
    return {"services": done_count, **{name: counts[name] for name in ("asked", "no_answer", "drift", "settled")}}


def _begin_all(running: RunningJob, now: Callable[[], datetime]) -> Mapping[str, Any]:
    subscriptions = Subscription.objects.filter(seller=OuterRef("pk"))
    sellers = list(Seller.objects.filter(Exists(subscriptions)).order_by("pk"))
    jobs = []
    for done_count, seller in enumerate(sellers):
        running.progress(done_count, len(sellers))
        jobs.append(start(seller, by=str(running.payload["by"]), now=now()).pk)
    return {"jobs": jobs}


def started_jobs(job: LeasedJob) -> list[int]:
    """Return the keys of comparisons that a job for all sellers started."""
    return list((job.result or {}).get("jobs", ()))


def _services(payload: Mapping[str, Any]) -> QuerySet[Subscription]:
    """Select services with an instance."""
    rows = Subscription.objects.filter(seller=payload["seller"]).exclude(instance_id="")
    if "service" in payload:
        rows = rows.filter(pk=payload["service"])
    services = with_product(rows.exclude(status=Subscription.Status.OPENING)).order_by("-pk")
    return services.defer(None).defer("sealed_license")


def _compare(
    chunk: Sequence[Subscription], inquirer: QueryJob, scope: Scope, now: Callable[[], datetime]
) -> Counter[str]:
    before = comparison_data_of(chunk)
    questions = list(_questions(before, ended_before=now() - scope.ended))
    replies = query_sellers(questions, inquirer)
    counts = Counter({"asked": len(questions)})
    counts["no_answer"] = sum(reply.answer is Answer.NO_ANSWER for reply in replies.values())
    with transaction.atomic():
        # The present state: changes during the query are not drift.
        current_sides = comparison_data_of(_reload(chunk))
        answers = {pk: _answer_for(side, before[pk], replies) for pk, side in current_sides.items()}
        return counts + store_differences(current_sides, answers, now=now())


def _reload(chunk: Sequence[Subscription]) -> list[Subscription]:
    rows = with_product(Subscription.objects.filter(pk__in=[subscription.pk for subscription in chunk]))
    return list(rows.defer(None).defer("sealed_license").order_by("pk"))


def _questions(sides: Mapping[int, ComparisonData], *, ended_before: datetime) -> Iterable[InstanceQuery]:
    ended_keys = [pk for pk, side in sides.items() if not side.market.living]
    recent = _ended_since(ended_keys, ended_before) if ended_keys else frozenset()
    for pk, side in sides.items():
        if side.address is None or not side.queried:
            continue
        if side.market.living:
            yield InstanceQuery(side.address, side.subscription.instance_id)
        elif pk in recent:
            yield InstanceQuery(side.address, side.subscription.instance_id, alone=True)


def _ended_since(subscriptions: Collection[int], moment: datetime) -> frozenset[int]:
    """Return those that ended, failed or are ending since then, and those that the seller still had."""
    ending_kinds = [name for name, kind in operation_kinds().items() if kind.ends or name in {"release_orphan", "open"}]
    operations = Operation.objects.filter(subscription__in=subscriptions, kind__in=ending_kinds)
    recent = operations.filter(created_at__gte=moment) | operations.filter(ended_at__gte=moment)
    still_there = Drift.objects.filter(subscription__in=subscriptions, what=Drift.What.LEFT, settled_at=None)
    return frozenset(recent.values_list("subscription", flat=True)) | frozenset(
        still_there.values_list("subscription", flat=True)
    )


def _answer_for(side: ComparisonData, before: ComparisonData, replies: Replies) -> SellerSide:
    """Return the seller's answer, unless the service changed during the query."""
    if side.address is None or side.market.living != before.market.living:
        return SellerSide(answer=Answer.NO_ANSWER)
    question = (side.address.pk, side.subscription.instance_id)
    return replies.get(question, SellerSide(answer=Answer.NOT_ASKED))


def store_differences(
    sides: Mapping[int, ComparisonData], answers: Mapping[int, SellerSide], *, now: datetime
) -> Counter[str]:
    """Store differences and settle those no longer found, in four statements and one per known drift."""
    open_drift = {
        (drift.subscription_id, drift.what): drift
        for drift in Drift.objects.filter(subscription__in=sides, settled_at=None)
    }
    current_differences = {
        (pk, difference.what): difference
        for pk, side in sides.items()
        for difference in differences(side.market, answers[pk])
    }
    for key, current_difference in current_differences.items():
        if (existing := open_drift.get(key)) is not None:
            Drift.objects.filter(pk=existing.pk).update(
                seen_at=now, repair=current_difference.repair, facts=dict(current_difference.facts)
            )
    Drift.objects.bulk_create(
        [
            _new_drift(sides[pk].subscription, current_difference, now)
            for (pk, kind), current_difference in current_differences.items()
            if (pk, kind) not in open_drift
        ]
    )
    settled_keys = [
        drift.pk
        for (pk, kind), drift in open_drift.items()
        if (pk, kind) not in current_differences and Drift.What(kind) in comparable_differences(answers[pk])
    ]
    settled_count = Drift.objects.filter(pk__in=settled_keys).update(settled_at=now) if settled_keys else 0
    return Counter({"drift": len(current_differences), "settled": settled_count})


def _new_drift(subscription: Subscription, difference: Difference, now: datetime) -> Drift:
    return Drift(
        subscription=subscription, seller_id=subscription.seller_id, what=difference.what, repair=difference.repair,
        facts=dict(difference.facts), found_at=now, seen_at=now,
    )  # fmt: skip


def open_drifts(seller: Seller | None = None) -> QuerySet[Drift]:
    """Select open drift, oldest first."""
    rows = Drift.objects.filter(settled_at=None).select_related("subscription__product", "seller", "operation")
    return (rows.filter(seller=seller) if seller else rows).order_by("pk")


def count_repair(drift: Drift, operation: Operation | None) -> None:
    """Count a repair request. The subscription is locked."""
    Drift.objects.filter(pk=drift.pk).update(operation=operation, repairs=F("repairs") + 1)
