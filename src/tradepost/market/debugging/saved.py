"""Record the end of a test call, and save it as a case if all checks pass."""

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
    """Reaction to the end of calls; ignores calls other than test calls."""
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
        _record_failure(run)


def _save(run: DebugRun, call: Call, now: datetime) -> None:
    address = Address.objects.select_for_update().get(pk=run.address_id)  # lock before its cases, as on deletion
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


def _record_failure(run: DebugRun) -> None:
    """Record the failure in the saved case, unless the values of this call differ."""
    DebugCase.objects.filter(
        address_id=run.address_id, activity=run.activity, variant=run.variant, values=run.values
    ).update(call=run.call_id, tried_at=run.ended_at, passed=False)
