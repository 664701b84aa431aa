"""Compare market and sellers: does each seller have what the market thinks it has, and do both say the same of it?

A leased job for each seller, since it waits for that seller's server. What differs is kept as ``Drift`` until a later comparison
finds it no more; ``repair`` mends what calls can mend. Money is never touched.
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
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .ask_sellers import Inquirer, Pace, Question, Replies, ask
from .cases import with_product
from .drift import Answer, Found, SellerSide, answered, differences
from .market_side import Side, sides_of
from .models import Drift, Operation
from .registry import operation_kinds

KIND = "fulfilment.reconcile"
"""Kind of the leased job; its key is the seller's, or names the service that is looked at again."""
ALL = "all"
CHUNK = 100
"""Services that are compared at a time."""
AGAIN = timedelta(minutes=2)
"""After a repair was asked for, the service is compared again."""
LONGEST = timedelta(hours=2)


class Scope(Struct, frozen=True, kw_only=True):
    """``ended``: for how long what has ended is asked for."""

    pace: Pace = field(default_factory=Pace)
    ended: timedelta = timedelta(days=90)


def start(seller: Seller, *, by: str, now: datetime) -> LeasedJob:
    """Compare all services of a seller. One comparison of it is open at a time: asked for twice it is that one."""
    payload = {"seller": seller.pk, "by": by}
    return leased_jobs.start(KIND, str(seller.pk), payload=payload, now=now, seller_id=seller.pk)


def start_all(*, by: str, now: datetime) -> LeasedJob:
    """Compare every seller: a job that begins one for each of them, and tells which (``begun``)."""
    return leased_jobs.start(KIND, ALL, payload={"by": by}, now=now)


def start_again(subscription: Subscription, *, now: datetime) -> None:
    """Look at one service again soon."""
    leased_jobs.start(
        KIND, f"service:{subscription.pk}", payload={"seller": subscription.seller_id, "service": subscription.pk},
        now=now, due_at=now + AGAIN, seller_id=subscription.seller_id,
    )  # fmt: skip


def task(scope: Callable[[], Scope], now: Callable[[], datetime]) -> LeasedTask:
    return LeasedTask(work=lambda running: work(running, scope=scope(), now=now), longest=LONGEST, attempts=2)


def work(running: Running, *, scope: Scope, now: Callable[[], datetime]) -> Mapping[str, Any]:
    """Chunk by chunk, the newest services first. The result counts what was compared, and how it went."""
    if running.key == ALL:
        return _begin_all(running, now)
    rows, counts, done = _services(running.payload), Counter[str](), 0
    total, last = rows.count(), None
    inquirer = Inquirer(owner=running.pk, pace=scope.pace, now=now, go_on=running.go_on)
    while True:
        running.progress(done, total, gettext_noop("Asking the seller"))
        chunk = list((rows.filter(pk__lt=last) if last is not None else rows)[:CHUNK])
        if not chunk:
            break
        last, done = chunk[-1].pk, done + len(chunk)
        counts += _compare(chunk, inquirer, scope, now)
    running.progress(total, total)
    return {"services": done, **{name: counts[name] for name in ("asked", "no_answer", "drift", "settled")}}


def _begin_all(running: Running, now: Callable[[], datetime]) -> Mapping[str, Any]:
    held = Subscription.objects.filter(seller=OuterRef("pk"))
    sellers = list(Seller.objects.filter(Exists(held)).order_by("pk"))
    jobs = []
    for done, seller in enumerate(sellers):
        running.progress(done, len(sellers))
        jobs.append(start(seller, by=str(running.payload["by"]), now=now()).pk)
    return {"jobs": jobs}


def begun(job: LeasedJob) -> list[int]:
    """Keys of the comparisons that a job for all sellers began."""
    return list((job.result or {}).get("jobs", ()))


def _services(payload: Mapping[str, Any]) -> QuerySet[Subscription]:
    """What was opened once: everything that has an instance."""
    rows = Subscription.objects.filter(seller=payload["seller"]).exclude(instance_id="")
    if "service" in payload:
        rows = rows.filter(pk=payload["service"])
    found = with_product(rows.exclude(status=Subscription.Status.OPENING)).order_by("-pk")
    return found.defer(None).defer("sealed_license")


def _compare(
    chunk: Sequence[Subscription], inquirer: Inquirer, scope: Scope, now: Callable[[], datetime]
) -> Counter[str]:
    before = sides_of(chunk)
    questions = list(_questions(before, ended_before=now() - scope.ended))
    replies = ask(questions, inquirer)
    counts = Counter({"asked": len(questions)})
    counts["no_answer"] = sum(one.answer is Answer.NO_ANSWER for one in replies.values())
    with transaction.atomic():
        # As it stands now: what was done to a service while its seller was asked is no drift.
        current = sides_of(_read_again(chunk))
        heard = {pk: _heard(side, before[pk], replies) for pk, side in current.items()}
        return counts + note(current, heard, now=now())


def _read_again(chunk: Sequence[Subscription]) -> list[Subscription]:
    rows = with_product(Subscription.objects.filter(pk__in=[one.pk for one in chunk]))
    return list(rows.defer(None).defer("sealed_license").order_by("pk"))


def _questions(sides: Mapping[int, Side], *, ended_before: datetime) -> Iterable[Question]:
    gone = [pk for pk, side in sides.items() if not side.market.living]
    recent = _ended_since(gone, ended_before) if gone else frozenset()
    for pk, side in sides.items():
        if side.address is None or not side.queried:
            continue
        if side.market.living:
            yield Question(side.address, side.subscription.instance_id)
        elif pk in recent:
            yield Question(side.address, side.subscription.instance_id, alone=True)


def _ended_since(subscriptions: Collection[int], moment: datetime) -> frozenset[int]:
    """Of these, which have ended, were never delivered, or are being ended, since then; and those that the seller was seen
    to have still."""
    ending = [name for name, kind in operation_kinds().items() if kind.ends or name in {"release_orphan", "open"}]
    about = Operation.objects.filter(subscription__in=subscriptions, kind__in=ending)
    recent = about.filter(created_at__gte=moment) | about.filter(ended_at__gte=moment)
    left = Drift.objects.filter(subscription__in=subscriptions, what=Drift.What.LEFT, settled_at=None)
    return frozenset(recent.values_list("subscription", flat=True)) | frozenset(
        left.values_list("subscription", flat=True)
    )


def _heard(side: Side, before: Side, replies: Replies) -> SellerSide:
    """The seller's answer, unless the service has moved since it was asked for."""
    if side.address is None or side.market.living != before.market.living:
        return SellerSide(answer=Answer.NO_ANSWER)
    asked = (side.address.pk, side.subscription.instance_id)
    return replies.get(asked, SellerSide(answer=Answer.NOT_ASKED))


def note(sides: Mapping[int, Side], heard: Mapping[int, SellerSide], *, now: datetime) -> Counter[str]:
    """Keep what differs, and settle what differs no more. Four statements, and one for each drift that is seen again."""
    standing = {
        (one.subscription_id, one.what): one for one in Drift.objects.filter(subscription__in=sides, settled_at=None)
    }
    found = {(pk, one.what): one for pk, side in sides.items() for one in differences(side.market, heard[pk])}
    for key, one in found.items():
        if (known := standing.get(key)) is not None:
            Drift.objects.filter(pk=known.pk).update(seen_at=now, repair=one.repair, facts=dict(one.facts))
    Drift.objects.bulk_create(
        [_new(sides[pk].subscription, one, now) for (pk, what), one in found.items() if (pk, what) not in standing]
    )
    over = [
        drift.pk
        for (pk, what), drift in standing.items()
        if (pk, what) not in found and Drift.What(what) in answered(heard[pk])
    ]
    settled = Drift.objects.filter(pk__in=over).update(settled_at=now) if over else 0
    return Counter({"drift": len(found), "settled": settled})


def _new(subscription: Subscription, found: Found, now: datetime) -> Drift:
    return Drift(
        subscription=subscription, seller_id=subscription.seller_id, what=found.what, repair=found.repair,
        facts=dict(found.facts), found_at=now, seen_at=now,
    )  # fmt: skip


def standing(seller: Seller | None = None) -> QuerySet[Drift]:
    """What is not settled, the oldest first."""
    rows = Drift.objects.filter(settled_at=None).select_related("subscription__product", "seller", "operation")
    return (rows.filter(seller=seller) if seller else rows).order_by("pk")


def counted(drift: Drift, operation: Operation | None) -> None:
    """That somebody asked for its repair. The subscription is locked."""
    Drift.objects.filter(pk=drift.pk).update(operation=operation, repairs=F("repairs") + 1)
