"""Keep the queue honest: bring back what dead workers held, let trials and deadlines through."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Window
from django.db.models.functions import RowNumber

from tradepost.market.base import work
from tradepost.market.base.models import Job, LeasedJob, WorkerProcess
from tradepost.market.base.work import State
from tradepost.protocols.commands import Command, Fault, Unreachable

from . import breaker, held_access
from .attempts import Ended
from .choose import ProbePlaces
from .claim import CAPACITY, PROBING, ClaimedCall
from .models import Address, Call
from .plan import Probing
from .record import record, release_held_sellers

SILENT = timedelta(seconds=10)
"""A worker that has not been seen for this long is dead; its leases end."""
FORGOTTEN = timedelta(hours=1)


def arrive(name: str, *, wall: datetime) -> None:
    """A worker starts. What an earlier process of the same name held is free at once: names belong to one at a time,
    and whoever restarts a worker under its name has seen the earlier one end."""
    with transaction.atomic():
        WorkerProcess.objects.update_or_create(
            name=name, defaults={"started_at": wall, "seen_at": wall, "in_flight": 0, "claimed": 0, "recorded": 0}
        )
        for model in (LeasedJob, Call, Job):
            work.expire_leases(model, [name], wall=wall)


def disown(name: str, *, known: frozenset[int], claimed_before: datetime, duration: timedelta, wall: datetime) -> None:
    """End the leases of calls that were claimed in our name without our learning of it: an outage hid the answer, or a
    predecessor of this name died while the database was still committing its claim. ``known``: calls in our memory."""
    leased = Call.objects.filter(
        state=State.LEASED, lease_owner=name, lease_until__gt=wall, lease_until__lt=claimed_before + duration
    )
    unknown = set(leased.values_list("pk", flat=True)) - known
    if unknown:
        leased.filter(pk__in=unknown).update(lease_until=wall)


def beat(name: str, *, wall: datetime, in_flight: int, claimed: int, recorded: int) -> None:
    """Say that this worker is alive."""
    WorkerProcess.objects.update_or_create(
        name=name,
        defaults={"seen_at": wall, "in_flight": in_flight, "claimed": claimed, "recorded": recorded},
        create_defaults={"started_at": wall, "seen_at": wall},  # it was buried while the database was away
    )


def bury_the_dead(*, wall: datetime) -> int:
    """End the leases of silent workers. The caller must itself have been seen throughout that time."""
    dead = list(WorkerProcess.objects.filter(seen_at__lt=wall - SILENT).values_list("name", flat=True))
    if not dead:
        return 0
    with transaction.atomic():
        ended = sum(work.expire_leases(model, dead, wall=wall) for model in (LeasedJob, Call, Job))
        WorkerProcess.objects.filter(name__in=dead, seen_at__lt=wall - FORGOTTEN).delete()
    return ended


def recover(*, now: datetime, wall: datetime, rule: breaker.Rule, probing: Probing = PROBING) -> int:
    """Give abandoned work back. A call's open attempt ends as *lost*: what the seller did is unknown."""
    with transaction.atomic():
        work.recover(Job, wall=wall)
        calls = work.abandoned(Call, wall=wall)
        by_owner: dict[str, list[Ended]] = {}
        for call in calls:
            lost = Unreachable(
                fault=Fault.LOST,
                detail="the market's worker stopped while this call was open; what the seller did is unknown",
            )
            by_owner.setdefault(call.lease_owner, []).append(Ended(_claimed_of(call, now), lost))
        for owner, batch in by_owner.items():
            record(batch, now=now, owner=owner, rule=rule, probing=probing)
        return len(calls)


def _claimed_of(call: Call, now: datetime) -> ClaimedCall:
    return ClaimedCall(
        call_id=call.pk,
        number=call.attempts,
        trigger=call.trigger,
        command=Command(),  # of a lost attempt nothing is sent any more, and its release may be another
        kind=call.kind,
        activity=call.activity,
        protocol=call.protocol,
        address_id=call.address_id,
        url="",
        require_body_sign=True,
        seller_id=call.seller_id,
        subscription_id=call.subscription_id,
        purpose=call.purpose,
        owner=call.owner,
        keys=(),
        until_access=call.until_access,
        nonce="",
        business_id=call.business_id,
        started_at=call.attempt_at or now,
        give_up_at=call.give_up_at or now,
        maybe_acted=call.maybe_acted,
        claimed_instance_id=call.claimed_instance_id,
        instance_id=call.instance_id,
        order_number=call.order_number,
    )


def sweep(*, now: datetime, per_seller: int, capacity: int = CAPACITY, probing: Probing = PROBING) -> None:
    """Let through what has waited long enough: trials of open breakers, last tries at a plan's end, freed sellers, probes that
    orders leave a place."""
    held = Call.objects.filter(state=State.HELD)
    if not held.exists():  # mostly: and while a sandbox's clock moves it is asked many times a second
        return
    due_trials = Address.objects.filter(breaker=Address.Breaker.OPEN, trial_at__lte=now).filter(
        Exists(held.filter(address=OuterRef("pk"), hold=Call.Hold.BREAKER))
    )
    with transaction.atomic():
        for address in due_trials.values_list("pk", flat=True):
            behind = held.filter(address_id=address, hold=Call.Hold.BREAKER)
            first = list(behind.order_by("due_at", "pk").values_list("pk", flat=True)[:1])
            behind.filter(pk__in=first).update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        ended = held.filter(give_up_at__lte=now).exclude(hold=Call.Hold.PROBES).exclude(purpose=Call.Purpose.ACCESS)
        ended.update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        _free_probes(capacity, per_seller, probing)
        held_access.drop_late(now)
        held_access.release()
        others = held.filter(hold=Call.Hold.BUSY).exclude(purpose=Call.Purpose.ACCESS)
        waiting = dict(others.values_list("seller_id").annotate(n=Count("pk")))
        if waiting:
            busy = dict(
                Call.objects.filter(state=State.LEASED, seller_id__in=waiting)
                .values_list("seller_id")
                .annotate(n=Count("pk"))
            )
            free = Counter(
                {seller: per_seller - busy.get(seller, 0) for seller in waiting if busy.get(seller, 0) < per_seller}
            )
            release_held_sellers(set(free), free)


def _free_probes(capacity: int, per_seller: int, probing: Probing) -> None:
    """Probes that were held take the places that are free for them, the oldest first and each seller's within its own."""
    held = Call.objects.filter(state=State.HELD, hold=Call.Hold.PROBES)
    if not held.exists():
        return
    busy = Call.objects.filter(state=State.LEASED, purpose=Call.Purpose.PROBE)
    in_flight = dict(busy.values_list("seller_id").annotate(n=Count("pk")))
    places = ProbePlaces.of(in_flight, capacity=capacity, per_seller=per_seller, probing=probing)
    nth = Window(RowNumber(), partition_by=F("seller_id"), order_by=("due_at", "pk"))
    first = held.annotate(nth=nth).filter(nth__lte=places.per_seller).order_by("due_at", "pk")
    freed = [pk for pk, seller in first.values_list("pk", "seller_id") if places.take(seller)]
    held.filter(pk__in=freed).update(state=State.WAITING, hold=Call.Hold.NONE)
