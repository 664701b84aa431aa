"""Upkeep of the queue: recover work of dead workers, and release trials and last attempts."""

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
from .attempts import EndedAttempt
from .choose import ProbePlaces
from .claim import CAPACITY, DEFAULT_PROBING, ClaimedCall
from .models import Address, Call
from .plan import Probing
from .record import record, release_held_sellers

MAX_SILENCE = timedelta(seconds=10)
"""Time after which an unseen worker is dead and its leases end."""
DEAD_WORKER_RETENTION = timedelta(hours=1)


def register(name: str, *, wall: datetime) -> None:
    """Register a starting worker. Leases of an earlier process with this name end at once, because names are unique and
    the earlier process has ended."""
    with transaction.atomic():
        WorkerProcess.objects.update_or_create(
            name=name, defaults={"started_at": wall, "seen_at": wall, "in_flight": 0, "claimed": 0, "recorded": 0}
        )
        for model in (LeasedJob, Call, Job):
            work.expire_leases(model, [name], wall=wall)


def end_unknown_leases(
    name: str, *, known: frozenset[int], claimed_before: datetime, duration: timedelta, wall: datetime
) -> None:
    """End leases in our name that we do not know of: an outage hid the claim, or a predecessor died during its commit.
    ``known``: calls in memory."""
    leased_calls = Call.objects.filter(
        state=State.LEASED, lease_owner=name, lease_until__gt=wall, lease_until__lt=claimed_before + duration
    )
    unknown_keys = set(leased_calls.values_list("pk", flat=True)) - known
    if unknown_keys:
        leased_calls.filter(pk__in=unknown_keys).update(lease_until=wall)


def heartbeat(name: str, *, wall: datetime, in_flight: int, claimed: int, recorded: int) -> None:
    """Store the heartbeat of this worker."""
    WorkerProcess.objects.update_or_create(
        name=name,
        defaults={"seen_at": wall, "in_flight": in_flight, "claimed": claimed, "recorded": recorded},
        create_defaults={"started_at": wall, "seen_at": wall},  # it was declared dead during an outage
    )


def end_dead_workers(*, wall: datetime) -> int:
    """End the leases of silent workers. The caller must have been seen throughout that time."""
    dead_workers = list(WorkerProcess.objects.filter(seen_at__lt=wall - MAX_SILENCE).values_list("name", flat=True))
    if not dead_workers:
        return 0
    with transaction.atomic():
        ended_count = sum(work.expire_leases(model, dead_workers, wall=wall) for model in (LeasedJob, Call, Job))
        WorkerProcess.objects.filter(name__in=dead_workers, seen_at__lt=wall - DEAD_WORKER_RETENTION).delete()
    return ended_count


def recover(*, now: datetime, wall: datetime, rule: breaker.Rule, probing: Probing = DEFAULT_PROBING) -> int:
    """Recover abandoned work. The open attempt of a call ends as *lost*, because the seller's action is unknown."""
    with transaction.atomic():
        work.recover(Job, wall=wall)
        calls = work.abandoned(Call, wall=wall)
        by_owner: dict[str, list[EndedAttempt]] = {}
        for call in calls:
            lost_result = Unreachable(
                fault=Fault.LOST,
                detail="the market's worker stopped while this call was open; what the seller did is unknown",
            )
            by_owner.setdefault(call.lease_owner, []).append(EndedAttempt(_as_claimed_call(call, now), lost_result))
        for owner, batch in by_owner.items():
            record(batch, now=now, owner=owner, rule=rule, probing=probing)
        return len(calls)


def _as_claimed_call(call: Call, now: datetime) -> ClaimedCall:
    return ClaimedCall(
        call_id=call.pk,
        number=call.attempts,
        trigger=call.trigger,
        command=Command(),  # nothing more is sent for a lost attempt, whose command may be of another release
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


def release_due_calls(
    *, now: datetime, per_seller: int, capacity: int = CAPACITY, probing: Probing = DEFAULT_PROBING
) -> None:
    """Release held calls that are due: trials of open breakers, last attempts of plans, and calls or probes with free
    places."""
    held_calls = Call.objects.filter(state=State.HELD)
    if not held_calls.exists():  # the usual case; a moving sandbox clock checks often
        return
    due_trials = Address.objects.filter(breaker=Address.Breaker.OPEN, trial_at__lte=now).filter(
        Exists(held_calls.filter(address=OuterRef("pk"), hold=Call.Hold.BREAKER))
    )
    with transaction.atomic():
        for address in due_trials.values_list("pk", flat=True):
            breaker_calls = held_calls.filter(address_id=address, hold=Call.Hold.BREAKER)
            first_call = list(breaker_calls.order_by("due_at", "pk").values_list("pk", flat=True)[:1])
            breaker_calls.filter(pk__in=first_call).update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        ended_addresses = (
            held_calls.filter(give_up_at__lte=now).exclude(hold=Call.Hold.PROBES).exclude(purpose=Call.Purpose.ACCESS)
        )
        ended_addresses.update(state=State.WAITING, hold=Call.Hold.NONE, due_at=now)
        _release_probes(capacity, per_seller, probing)
        held_access.end_late_calls(now)
        held_access.release_held_calls()
        busy_held = held_calls.filter(hold=Call.Hold.BUSY).exclude(purpose=Call.Purpose.ACCESS)
        waiting_counts = dict(busy_held.values_list("seller_id").annotate(n=Count("pk")))
        if waiting_counts:
            busy_counts = dict(
                Call.objects.filter(state=State.LEASED, seller_id__in=waiting_counts)
                .values_list("seller_id")
                .annotate(n=Count("pk"))
            )
            free_counts = Counter(
                {
                    seller: per_seller - busy_counts.get(seller, 0)
                    for seller in waiting_counts
                    if busy_counts.get(seller, 0) < per_seller
                }
            )
            release_held_sellers(set(free_counts), free_counts)


def _release_probes(capacity: int, per_seller: int, probing: Probing) -> None:
    """Release held probes into free places, oldest first, within each seller's limit."""
    held_probes = Call.objects.filter(state=State.HELD, hold=Call.Hold.PROBES)
    if not held_probes.exists():
        return
    busy_calls = Call.objects.filter(state=State.LEASED, purpose=Call.Purpose.PROBE)
    in_flight = dict(busy_calls.values_list("seller_id").annotate(n=Count("pk")))
    probe_places = ProbePlaces.of(in_flight, capacity=capacity, per_seller=per_seller, probing=probing)
    nth = Window(RowNumber(), partition_by=F("seller_id"), order_by=("due_at", "pk"))
    first_calls = held_probes.annotate(nth=nth).filter(nth__lte=probe_places.per_seller).order_by("due_at", "pk")
    keys = [pk for pk, seller in first_calls.values_list("pk", "seller_id") if probe_places.take(seller)]
    held_probes.filter(pk__in=keys).update(state=State.WAITING, hold=Call.Hold.NONE)
