"""Keep the queue honest: bring back what dead workers held, let trials and deadlines through, step a sandbox's clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef

from tradepost.market.base import clock, work
from tradepost.market.base.models import Event, Job, LeasedJob, WorkerProcess
from tradepost.market.base.work import State
from tradepost.protocols.commands import Command, Fault, Unreachable

from . import breaker
from .attempts import Ended
from .claim import ClaimedCall
from .models import Address, Call
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


def recover(*, now: datetime, wall: datetime, rule: breaker.Rule) -> int:
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
            record(batch, now=now, owner=owner, rule=rule)
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


def sweep(*, now: datetime, per_seller: int) -> None:
    """Let through what has waited long enough: trials of open breakers, last tries at a plan's end, freed sellers."""
    held = Call.objects.filter(state=State.HELD)
    due_trials = Address.objects.filter(breaker=Address.Breaker.OPEN, trial_at__lte=now).filter(
        Exists(held.filter(address=OuterRef("pk"), hold=Call.Hold.BREAKER))
    )
    with transaction.atomic():
        for address in due_trials.values_list("pk", flat=True):
            behind = held.filter(address_id=address, hold=Call.Hold.BREAKER)
            first = list(behind.order_by("due_at", "pk").values_list("pk", flat=True)[:1])
            behind.filter(pk__in=first).update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        held.filter(give_up_at__lte=now).update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        waiting = dict(held.filter(hold=Call.Hold.BUSY).values_list("seller_id").annotate(n=Count("pk")))
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


def step_clock(*, now: datetime, idle: Callable[[], bool]) -> bool:
    """Move a sandbox's clock to the next due moment on the way to its target, once all earlier work is finished.

    Returns whether it is on its way. Steps, not one leap: renewals, retries and expiries then happen in their order.
    """
    target = clock.target()
    if target is None:
        return False
    if idle() and _nothing_due(now):
        clock.jump(min(filter(None, [target, _next_due(now)])))
    return True


def _nothing_due(now: datetime) -> bool:
    busy = any(
        model._default_manager.filter(state=State.LEASED).exists() or work.peek(model, now=now)  # noqa: SLF001
        for model in (Call, Event, Job, LeasedJob)
    )
    return not busy and not Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY).exists()


def _next_due(now: datetime) -> datetime | None:
    moments = [
        model._default_manager.filter(state=State.WAITING, due_at__gt=now).aggregate(first=Min("due_at"))["first"]  # noqa: SLF001
        for model in (Call, Event, Job, LeasedJob)
    ]
    moments.append(Call.objects.filter(state=State.HELD).aggregate(first=Min("due_at"))["first"])
    return min((m for m in moments if m is not None and m > now), default=None)
