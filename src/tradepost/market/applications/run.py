"""Runs of sync calls: one at a time per binding; each call is planned when the previous one has ended (openapi-jointkit
§A).

Every change of a binding locks its row and then settles it. A failed run waits and is retried with the changes up to
then; meanwhile runs of other kinds proceed.
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

from .acknowledge import record_failure, record_sent_people, record_success
from .events import EnterpriseBound, SyncDelayed, SyncStopped
from .forget import reset_binding
from .lanes import Kind, continues, needed_kinds, next_kind
from .lifecycle import SYNC, TENANT_BINDING, BindingEvent, SyncEvent
from .models import Sync, TenantBinding
from .people import PlannedCall, without_people
from .planning import client_digest, next_call, order_of, state_of
from .retry import next_attempt
from .rules import SyncRules

RETRY = "applications.retry"
"""Kind of the timer that retries a failed run."""
OPEN = (Sync.Status.WAITING, Sync.Status.STOPPED)
"""States of runs that failed and have not ended."""
LOCKED_RETRY_DELAY = timedelta(seconds=5)
_MAX_TURNS = 20
"""Maximum number of decisions per binding; each starts a call or finds nothing to send. More indicate a defect."""


def locked(binding: int) -> TenantBinding:
    """Lock the binding until the transaction ends, and return it with its related rows."""
    bindings = TenantBinding.objects.select_for_update(of=("self",))
    return bindings.select_related("enterprise", "application__product", "subscription__product", "address").get(
        pk=binding
    )


def settle(binding: TenantBinding, rules: SyncRules, *, now: datetime) -> None:
    """Start the next run unless one is running. The caller has ``locked`` the binding."""
    with translation.override(None):  # reasons are stored untranslated
        for _turn in range(_MAX_TURNS):
            state = state_of(binding, rules, now=now)
            _drop_obsolete_runs(binding, needed_kinds(state), now)
            kind = next_kind(state)
            if kind is None:
                return
            planned_call = next_call(binding, kind, rules, now=now)
            if planned_call is not None:
                _begin(binding, kind, planned_call, now)
                return
            _finish_kind(binding, kind, now)
    raise RuntimeError(f"binding {binding.pk} does not come to rest")


def _drop_obsolete_runs(binding: TenantBinding, kinds: Sequence[str], now: datetime) -> None:
    """Drop failed runs that have nothing left to send. A stopped run remains until the binding ends."""
    failed_runs = Sync.objects.filter(binding=binding, status=Sync.Status.WAITING).exclude(kind__in=kinds)
    dropped_runs = list(failed_runs.order_by("pk"))
    if not binding.gives:
        stopped_runs = Sync.objects.filter(binding=binding, status=Sync.Status.STOPPED).exclude(kind__in=kinds)
        dropped_runs += stopped_runs.order_by("pk")
    SYNC.move_all(dropped_runs, SyncEvent.DROP, now=now, next_at=None)


def _finish_kind(binding: TenantBinding, kind: str, now: datetime) -> None:
    """Update the binding's status when a kind has nothing left to send."""
    if kind == Kind.BIND and binding.status == TenantBinding.Status.BINDING:
        TENANT_BINDING.move_all([binding], BindingEvent.FINISH, now=now, bound_at=now)
        outbox.publish(EnterpriseBound(binding=binding.pk, enterprise=binding.enterprise_id, at=now), now=now)
    if kind == Kind.UNBIND:
        TENANT_BINDING.move_all([binding], BindingEvent.LEAVE, now=now, ended_at=now)


def _begin(binding: TenantBinding, kind: str, planned_call: PlannedCall, now: datetime) -> None:
    run = next(iter(Sync.objects.filter(binding=binding, kind=kind, status=Sync.Status.WAITING)), None)
    if run is None:
        run = Sync.objects.create(binding=binding, kind=kind, created_at=now)
    else:
        SYNC.move_all([run], SyncEvent.RETRY, now=now, next_at=None)
    _send(run, binding, planned_call, now)


def _send(run: Sync, binding: TenantBinding, planned_call: PlannedCall, now: datetime) -> None:
    service = binding.subscription
    request = calls.SyncRequest(
        command=planned_call.command,
        address=binding.address,
        owner=run.pk,
        product=service.product if service else binding.application.product,
        subscription=service,
        order_number=order_of(binding),
    )
    call = calls.synchronise(request, now=now)
    if isinstance(planned_call.command, SyncApplication):
        binding.client_sent = client_digest(binding)
        binding.save(update_fields=["client_sent"])
    record_sent_people(call.pk, planned_call.people)
    run.call, run.calls = call, run.calls + 1
    run.save(update_fields=["call", "calls"])


# --- a call ended -------------------------------------------------------------------------------------------------------


def on_call_ended(events: Sequence[CallEnded], now: datetime, *, rules: Callable[[], SyncRules]) -> None:
    """Reaction to the end of sync calls; ignores other calls."""
    ended_calls = [event.call for event in events if event.purpose == Call.Purpose.SYNC]
    if not ended_calls:
        return
    waiting_runs = Sync.objects.filter(call__in=ended_calls, status=Sync.Status.RUNNING)
    for pk in sorted(waiting_runs.values_list("binding_id", flat=True)):
        with transaction.atomic():
            _continue(locked(pk), rules(), now)


def _continue(binding: TenantBinding, rules: SyncRules, now: datetime) -> None:
    run = _running(binding)
    if run is None or run.call is None or not run.call.outcome:
        return
    _record_end(run, run.call, binding)
    if binding.resend and binding.gives:
        SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
        forget_and_begin(binding, actor="market", now=now)
    elif run.call.outcome == Call.Outcome.DONE:
        continues_run = continues(run.kind, state_of(binding, rules, now=now))
        planned_call = next_call(binding, run.kind, rules, now=now) if continues_run else None
        if planned_call is not None:
            _send(run, binding, planned_call, now)
            return
        SYNC.move_all([run], SyncEvent.FINISH, now=now, ended_at=now)
        _finish_kind(binding, run.kind, now)
    else:
        _fail(run, run.call, binding, rules, now)
    settle(binding, rules, now=now)


def _record_end(run: Sync, call: Call, binding: TenantBinding) -> None:
    """Record what the call's end says about the seller's data, and remove members' data from the stored call."""
    command = calls.load(call.kind, call.command)
    if call.outcome == Call.Outcome.DONE:
        run.people += record_success(binding, call.pk, command)
        run.tries, run.give_up_at, run.note = 0, None, ""
        run.save(update_fields=["people", "tries", "give_up_at", "note"])
    else:
        record_failure(binding, call.pk, command, maybe_acted=call.maybe_acted)
    if isinstance(command, SyncAuth):
        calls.replace_commands({call.pk: without_people(command)})


def _fail(run: Sync, call: Call, binding: TenantBinding, rules: SyncRules, now: datetime) -> None:
    """Schedule a retry of the run, or stop it after the last retry; then an administrator decides (§A.5).

    Runs that a binding in unbinding does not need are dropped.
    """
    if binding.status == TenantBinding.Status.UNBINDING and run.kind != Kind.UNBIND:
        SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
        return
    give_up_at = run.give_up_at if run.tries and run.give_up_at else now + rules.retry_for
    tries = run.tries + 1
    next_at = next_attempt(run.kind, tries=tries, now=now, give_up_at=give_up_at)
    failure: dict[str, Any] = {"tries": tries, "give_up_at": give_up_at}
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
    """Timer: retry a failed run. Skips a locked binding."""
    unlocked_bindings = TenantBinding.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk=payload["binding"]
    )
    if not unlocked_bindings.exists():
        return now + LOCKED_RETRY_DELAY
    settle(locked(payload["binding"]), rules, now=now)
    return None


# --- by hand ------------------------------------------------------------------------------------------------------------


def restart(binding: int, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Retry failed runs now with the current changes; the count of retries restarts. Raises ``Refused`` if nothing
    failed."""
    with transaction.atomic():
        locked_binding = locked(binding)
        if not drop_failed_runs(locked_binding, actor=actor, now=now):
            raise Refused(
                "sync.nothing_stopped", _("No synchronisation has failed here, so there is nothing to retry.")
            )
        settle(locked_binding, rules, now=now)


def drop_failed_runs(binding: TenantBinding, *, actor: str, now: datetime) -> int:
    """Drop the failed runs, so that ``settle`` starts new ones. Returns their number."""
    runs = Sync.objects.filter(binding=binding)
    dropped_runs = [
        run for status in OPEN for run in runs.filter(status=status).order_by("pk")
    ]  # each has an index of its own
    SYNC.move_all(dropped_runs, SyncEvent.DROP, now=now, actor=actor, next_at=None)
    if binding.status == TenantBinding.Status.STOPPED:
        TENANT_BINDING.move(binding, BindingEvent.RESTART, now=now, actor=actor)
    return len(dropped_runs)


def forget_and_begin(binding: TenantBinding, *, actor: str, now: datetime) -> None:
    """Reset what the seller acknowledged, so that ``settle`` sends everything. No call is in progress."""
    reset_binding(binding)
    drop_failed_runs(binding, actor=actor, now=now)


def _running(binding: TenantBinding) -> Sync | None:
    """Return the running run with its call. Unordered, since PostgreSQL would otherwise scan all runs of the
    binding."""
    return next(iter(Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING)), None)


def cancel_additions(binding: TenantBinding, *, now: datetime) -> None:
    """Cancel an unsent call that would grant a right, so that it is planned again without members who lost theirs."""
    cancel_run(binding, now=now, only=Kind.AUTHORISE)


def cancel_run(binding: TenantBinding, *, now: datetime, only: str = "") -> None:
    """Cancel the current run unless its call is being sent. ``only``: only a run of this kind."""
    run = _running(binding)
    if run is None or run.call is None or (only and run.kind != only):
        return
    if not calls.end_retries(run.call.pk, now=now):
        return
    run.call.refresh_from_db()
    _record_end(run, run.call, binding)
    SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
