"""Runs of sync calls: one at a time for each binding, each call written when the one before has ended (openapi-jointkit §A).

Every change of a binding holds its row and settles it afterwards. A run whose call failed waits and is retried with what there is to
tell by then; meanwhile runs of other kinds go ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.jobs import Timer
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth

from .acknowledge import acknowledged, carry, failed
from .events import EnterpriseBound, SyncDelayed, SyncStopped
from .forget import forget
from .lanes import Kind, goes_on, needed, next_kind
from .lifecycle import SYNC, TENANT_BINDING, BindingEvent, SyncEvent
from .models import Sync, TenantBinding
from .people import Planned, without_people
from .planning import client_digest, next_call, order_of, standing_of
from .retry import next_try
from .rules import SyncRules

RETRY = "applications.retry"
"""The timer of a failed run."""
OPEN = (Sync.Status.WAITING, Sync.Status.STOPPED)
"""States of runs that failed and have not ended."""
PASSED_OVER = timedelta(seconds=5)
_TURNS = 20
"""Decisions for one binding before we call it a fault of ours: each begins a call, or finds nothing to tell."""


def locked(binding: int) -> TenantBinding:
    """The binding as it is now, with what is told of it; held until the transaction ends."""
    held = TenantBinding.objects.select_for_update(of=("self",))
    return held.select_related("enterprise", "application__product", "subscription__product", "address").get(pk=binding)


def settle(binding: TenantBinding, rules: SyncRules, *, now: datetime) -> None:
    """Begin what is to be told, if nothing is being told. ``binding`` is ``locked``."""
    with translation.override(None):  # why something cannot be told is noted as it stands in the source
        for _turn in range(_TURNS):
            at = standing_of(binding, rules, now=now)
            _end_needless(binding, needed(at), now)
            kind = next_kind(at)
            if kind is None:
                return
            planned = next_call(binding, kind, rules, now=now)
            if planned is not None:
                _begin(binding, kind, planned, now)
                return
            _nothing_to_tell(binding, kind, now)
    raise RuntimeError(f"binding {binding.pk} does not come to rest")


def _end_needless(binding: TenantBinding, kinds: Sequence[str], now: datetime) -> None:
    """Drop failed runs that have nothing to tell any more. A stopped one stays as a person left it until the binding ends."""
    failed_runs = Sync.objects.filter(binding=binding, status=Sync.Status.WAITING).exclude(kind__in=kinds)
    dropped = list(failed_runs.order_by("pk"))
    if not binding.gives:
        stopped = Sync.objects.filter(binding=binding, status=Sync.Status.STOPPED).exclude(kind__in=kinds)
        dropped += stopped.order_by("pk")
    SYNC.move_all(dropped, SyncEvent.DROP, now=now, next_at=None)


def _nothing_to_tell(binding: TenantBinding, kind: str, now: datetime) -> None:
    """All of this kind is told: what that means for the binding."""
    if kind == Kind.BIND and binding.status == TenantBinding.Status.BINDING:
        TENANT_BINDING.move_all([binding], BindingEvent.FINISH, now=now, bound_at=now)
        outbox.publish(EnterpriseBound(binding=binding.pk, enterprise=binding.enterprise_id, at=now), now=now)
    if kind == Kind.UNBIND:
        TENANT_BINDING.move_all([binding], BindingEvent.LEAVE, now=now, ended_at=now)


def _begin(binding: TenantBinding, kind: str, planned: Planned, now: datetime) -> None:
    run = next(iter(Sync.objects.filter(binding=binding, kind=kind, status=Sync.Status.WAITING)), None)
    if run is None:
        run = Sync.objects.create(binding=binding, kind=kind, created_at=now)
    else:
        SYNC.move_all([run], SyncEvent.RETRY, now=now, next_at=None)
    _ask(run, binding, planned, now)


def _ask(run: Sync, binding: TenantBinding, planned: Planned, now: datetime) -> None:
    service = binding.subscription
    request = calls.SyncRequest(
        command=planned.command,
        address=binding.address,
        owner=run.pk,
        product=service.product if service else binding.application.product,
        subscription=service,
        order_number=order_of(binding),
    )
    call = calls.tell(request, now=now)
    if isinstance(planned.command, SyncApplication):
        binding.client_sent = client_digest(binding)
        binding.save(update_fields=["client_sent"])
    carry(call.pk, planned.people)
    run.call, run.calls = call, run.calls + 1
    run.save(update_fields=["call", "calls"])


# --- a call ended -------------------------------------------------------------------------------------------------------


def on_call_ended(events: Sequence[CallEnded], now: datetime, *, rules: Callable[[], SyncRules]) -> None:
    """Reaction to the ends of sync calls; those of other calls are none of ours."""
    ended = [one.call for one in events if one.purpose == Call.Purpose.SYNC]
    if not ended:
        return
    waiting = Sync.objects.filter(call__in=ended, status=Sync.Status.RUNNING)
    for pk in sorted(waiting.values_list("binding_id", flat=True)):
        with transaction.atomic():
            _go_on(locked(pk), rules(), now)


def _go_on(binding: TenantBinding, rules: SyncRules, now: datetime) -> None:
    run = _running(binding)
    if run is None or run.call is None or not run.call.outcome:
        return
    _take(run, run.call, binding)
    if binding.resend and binding.gives:
        SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
        forget_and_begin(binding, actor="market", now=now)
    elif run.call.outcome == Call.Outcome.DONE:
        goes = goes_on(run.kind, standing_of(binding, rules, now=now))
        planned = next_call(binding, run.kind, rules, now=now) if goes else None
        if planned is not None:
            _ask(run, binding, planned, now)
            return
        SYNC.move_all([run], SyncEvent.FINISH, now=now, ended_at=now)
        _nothing_to_tell(binding, run.kind, now)
    else:
        _fail(run, run.call, binding, rules, now)
    settle(binding, rules, now=now)


def _take(run: Sync, call: Call, binding: TenantBinding) -> None:
    """What the end of the call says of what the seller knows; of the people it was about nothing is kept there."""
    command = calls.load(call.kind, call.command)
    if call.outcome == Call.Outcome.DONE:
        run.people += acknowledged(binding, call.pk, command)
        run.tries, run.give_up_at, run.note = 0, None, ""
        run.save(update_fields=["people", "tries", "give_up_at", "note"])
    else:
        failed(binding, call.pk, command, maybe_acted=call.maybe_acted)
    if isinstance(command, SyncAuth):
        calls.forget_people({call.pk: without_people(command)})


def _fail(run: Sync, call: Call, binding: TenantBinding, rules: SyncRules, now: datetime) -> None:
    """Retry the run later, or stop it at the end of its retries: then an administrator decides whether to try again (§A.5). A run that
    an enterprise which is being unbound does not need is dropped."""
    if binding.status == TenantBinding.Status.UNBINDING and run.kind != Kind.UNBIND:
        SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
        return
    until = run.give_up_at if run.tries and run.give_up_at else now + rules.retry_for
    tries = run.tries + 1
    next_at = next_try(run.kind, tries=tries, now=now, give_up_at=until)
    failure: dict[str, Any] = {"tries": tries, "give_up_at": until}
    run.note = call.last_verdict
    run.save(update_fields=["note"])
    if next_at is not None:
        SYNC.move_all([run], SyncEvent.WAIT, now=now, note=run.note, next_at=next_at, **failure)
        jobs.schedule_all(RETRY, [Timer(f"{run.pk} {call.pk}", next_at, {"binding": binding.pk})])
        if tries == 1:
            outbox.publish(SyncDelayed(binding=binding.pk, sync=run.pk, at=now), now=now)
        return
    SYNC.move_all([run], SyncEvent.STOP, now=now, note=run.note, ended_at=now, **failure)
    if binding.status == TenantBinding.Status.BINDING:
        TENANT_BINDING.move(binding, BindingEvent.FAIL, now=now, note=call.last_verdict)
    outbox.publish(SyncStopped(binding=binding.pk, sync=run.pk, at=now), now=now)


def retry_due(payload: Mapping[str, Any], now: datetime, *, rules: SyncRules) -> datetime | None:
    """Timer: a failed run is due. It passes over a binding that somebody works on."""
    free = TenantBinding.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=payload["binding"])
    if not free.exists():
        return now + PASSED_OVER
    settle(locked(payload["binding"]), rules, now=now)
    return None


# --- by hand ------------------------------------------------------------------------------------------------------------


def restart(binding: int, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Retry at once what failed, with what there is to tell now; retries count from here. Raises ``Refused`` when nothing failed."""
    with transaction.atomic():
        held = locked(binding)
        if not begin_again(held, actor=actor, now=now):
            raise Refused(
                "sync.nothing_stopped", _("No synchronisation has failed here, so there is nothing to retry.")
            )
        settle(held, rules, now=now)


def begin_again(held: TenantBinding, *, actor: str, now: datetime) -> int:
    """Drop the failed runs, so that ``settle`` begins new ones. Returns how many there were."""
    own = Sync.objects.filter(binding=held)
    dropped = [
        run for status in OPEN for run in own.filter(status=status).order_by("pk")
    ]  # each has an index of its own
    SYNC.move_all(dropped, SyncEvent.DROP, now=now, actor=actor, next_at=None)
    if held.status == TenantBinding.Status.STOPPED:
        TENANT_BINDING.move(held, BindingEvent.RESTART, now=now, actor=actor)
    return len(dropped)


def forget_and_begin(held: TenantBinding, *, actor: str, now: datetime) -> None:
    """Nothing is under way: forget what the seller acknowledged, so that ``settle`` sends all of it."""
    forget(held)
    begin_again(held, actor=actor, now=now)


def _running(binding: TenantBinding) -> Sync | None:
    """With its call. There is one at most: with an order, PostgreSQL would look for it among all runs of the binding."""
    return next(iter(Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING)), None)


def leave_off_additions(binding: TenantBinding, *, now: datetime) -> None:
    """Somebody lost a right: a call that would give one, and was not sent yet, is written anew without them."""
    leave_off(binding, now=now, only=Kind.AUTHORISE)


def leave_off(binding: TenantBinding, *, now: datetime, only: str = "") -> None:
    """What is being told is not needed any more: it ends, unless it is being sent right now. ``only``: a run of this kind."""
    run = _running(binding)
    if run is None or run.call is None or (only and run.kind != only):
        return
    if not calls.no_more_tries(run.call.pk, now=now):
        return
    run.call.refresh_from_db()
    _take(run, run.call, binding)
    SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
