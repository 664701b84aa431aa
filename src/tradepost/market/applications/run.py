"""Runs of sync calls: one at a time for each binding, each call written when the one before has ended (openapi-jointkit §A).

Whoever changes a binding holds its row, and settles it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth

from .acknowledge import acknowledged, carry, failed
from .events import EnterpriseBound, SyncStopped
from .lanes import Kind, goes_on, next_kind
from .lifecycle import SYNC, TENANT_BINDING, BindingEvent, SyncEvent
from .models import Sync, TenantBinding
from .people import Planned, without_people
from .planning import client_digest, next_call, order_of, standing_of
from .rules import SyncRules

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
            kind = next_kind(standing_of(binding, rules))
            if kind is None:
                return
            planned = next_call(binding, kind, rules, now=now)
            if planned is not None:
                _begin(binding, kind, planned, rules, now)
                return
            _nothing_to_tell(binding, kind, now)
    raise RuntimeError(f"binding {binding.pk} does not come to rest")


def _nothing_to_tell(binding: TenantBinding, kind: str, now: datetime) -> None:
    """All of this kind is told: what that means for the binding."""
    if kind == Kind.BIND and binding.status == TenantBinding.Status.BINDING:
        TENANT_BINDING.move_all([binding], BindingEvent.FINISH, now=now, bound_at=now)
        outbox.publish(EnterpriseBound(binding=binding.pk, enterprise=binding.enterprise_id, at=now), now=now)
    if kind == Kind.UNBIND:
        TENANT_BINDING.move_all([binding], BindingEvent.LEAVE, now=now, ended_at=now)


def _begin(binding: TenantBinding, kind: str, planned: Planned, rules: SyncRules, now: datetime) -> None:
    until = now + rules.retry_withdrawals if kind in {Kind.WITHDRAW, Kind.UNBIND} else None
    run = Sync.objects.create(binding=binding, kind=kind, give_up_at=until, created_at=now)
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
        give_up_at=run.give_up_at,
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
    run = Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING).first()
    if run is None or run.call is None or not run.call.outcome:
        return
    _take(run, run.call, binding)
    if run.call.outcome == Call.Outcome.DONE:
        planned = (
            next_call(binding, run.kind, rules, now=now) if goes_on(run.kind, standing_of(binding, rules)) else None
        )
        if planned is not None:
            _ask(run, binding, planned, now)
            return
        SYNC.move_all([run], SyncEvent.FINISH, now=now, ended_at=now)
        _nothing_to_tell(binding, run.kind, now)
    else:
        _stop(run, run.call, binding, now)
    settle(binding, rules, now=now)


def _take(run: Sync, call: Call, binding: TenantBinding) -> None:
    """What the end of the call says of what the seller knows; of the people it was about nothing is kept there."""
    command = calls.load(call.kind, call.command)
    if call.outcome == Call.Outcome.DONE:
        run.people += acknowledged(binding, call.pk, command)
        run.save(update_fields=["people"])
    else:
        failed(binding, call.pk, command, maybe_acted=call.maybe_acted)
    if isinstance(command, SyncAuth):
        calls.forget_people({call.pk: without_people(command)})


def _stop(run: Sync, call: Call, binding: TenantBinding, now: datetime) -> None:
    """The plan is over: whoever administers the enterprise decides whether to try again (§A.5). What nobody needs any more, since
    the enterprise is being unbound, is left off."""
    if binding.status == TenantBinding.Status.UNBINDING and run.kind != Kind.UNBIND:
        SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
        return
    SYNC.move_all([run], SyncEvent.STOP, now=now, note=call.last_verdict, ended_at=now)
    if binding.status == TenantBinding.Status.BINDING:
        TENANT_BINDING.move(binding, BindingEvent.FAIL, now=now, note=call.last_verdict)
    outbox.publish(SyncStopped(binding=binding.pk, sync=run.pk, at=now), now=now)


# --- by hand ------------------------------------------------------------------------------------------------------------


def restart(binding: int, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Tell the seller again what it could not be told, as it is now. Raises ``Refused`` when nothing stands still."""
    with transaction.atomic():
        held = locked(binding)
        stopped = list(Sync.objects.filter(binding=held, status=Sync.Status.STOPPED).order_by("pk"))
        if not stopped:
            raise Refused("sync.nothing_stopped", _("Nothing stands still here: there is nothing to try again."))
        SYNC.move_all(stopped, SyncEvent.DROP, now=now, actor=actor)
        if held.status == TenantBinding.Status.STOPPED:
            TENANT_BINDING.move(held, BindingEvent.RESTART, now=now, actor=actor)
        settle(held, rules, now=now)


def leave_off_additions(binding: TenantBinding, *, now: datetime) -> None:
    """Somebody lost a right: a call that would give one, and was not sent yet, is written anew without them."""
    leave_off(binding, now=now, only=Kind.AUTHORISE)


def leave_off(binding: TenantBinding, *, now: datetime, only: str = "") -> None:
    """What is being told is not needed any more: it ends, unless it is being sent right now. ``only``: a run of this kind."""
    run = Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING).first()
    if run is None or run.call is None or (only and run.kind != only):
        return
    if not calls.no_more_tries(run.call.pk, now=now):
        return
    run.call.refresh_from_db()
    _take(run, run.call, binding)
    SYNC.move_all([run], SyncEvent.DROP, now=now, ended_at=now)
