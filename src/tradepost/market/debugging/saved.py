"""A test call ended: its run says whether every judgement holds, and if so it is a case from now on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base.outbox import batched
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address, Attempt, Call

from .findings import passes
from .models import DebugCase, DebugRun


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Reaction to the ends of calls: those of orders, which come by the hundred, are none of ours."""
    for event in events:
        if event.purpose == Call.Purpose.DEBUG:
            _ended(event, now)


def _ended(event: CallEnded, now: datetime) -> None:
    run = DebugRun.objects.select_for_update().filter(call=event.call, ended_at=None).first()
    if run is None:
        return
    attempt = Attempt.objects.filter(call=event.call).order_by("-number").first()
    run.passed = attempt is not None and passes(attempt.findings)
    run.ended_at = now
    run.save(update_fields=["passed", "ended_at"])
    if run.passed:
        _save(run, Call.objects.get(pk=event.call), now)
    else:
        _keep_failed(run)


def _save(run: DebugRun, call: Call, now: datetime) -> None:
    address = Address.objects.select_for_update().get(pk=run.address_id)  # before its cases, as where one is deleted
    DebugCase.objects.update_or_create(
        address_id=run.address_id,
        activity=run.activity,
        variant=run.variant,
        defaults={
            "seller_id": run.seller_id,
            "kind": call.kind,
            "command": call.command,
            "values": run.values,
            "url": run.url,
            "key_id": run.key_id,
            "saved_at": now,
            "saved_by": run.actor,
            "call": call,
            "tried_at": now,
            "passed": True,
        },
    )
    if address.url == run.url and run.activity not in address.proven:
        address.proven = sorted({*address.proven, run.activity})
        address.save(update_fields=["proven"])


def _keep_failed(run: DebugRun) -> None:
    """A case that stood is still there, and shows that it failed; unless something else was typed this time."""
    DebugCase.objects.filter(
        address_id=run.address_id, activity=run.activity, variant=run.variant, values=run.values
    ).update(call=run.call_id, tried_at=run.ended_at, passed=False)
