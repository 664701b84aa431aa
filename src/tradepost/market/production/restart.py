"""Restart a call by hand: one more attempt at once, past its plan and breaker (saas-v2 §7).

The owner decides whether the call is still needed: ``fulfilment.restart`` restarts operations.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.base.work import State

from .lifecycle import CALL, CallEvent, CallStatus, status_of
from .models import Call


def is_restartable(call: Call) -> bool:
    return call.purpose in {Call.Purpose.ORDER, Call.Purpose.NOTICE} and CALL.allows(status_of(call), CallEvent.RESTART)


def restart(call: Call, *, actor: str, now: datetime) -> None:
    """Make the call due now; repeated requests have no further effect. Raises ``Refused`` if it is in flight or done."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call.pk)
        before = status_of(call)
        if call.restart and before is CallStatus.WAITING:
            return  # requested and not started
        if before is CallStatus.LEASED:
            raise Refused("call.in_flight", _("This call is in progress. Wait for the response."))
        if before is CallStatus.DONE:
            raise Refused("call.done", _("This call has already succeeded."))
        if not is_restartable(call):
            raise Refused("call.cancelled", _("This call is no longer needed and cannot be restarted."))
        call.state, call.hold, call.outcome = State.WAITING, Call.Hold.NONE, Call.Outcome.NONE
        call.due_at, call.restart, call.ended_at = now, True, None
        Move.objects.create(
            lifecycle=CALL.name,
            subject=str(call.pk),
            event=CallEvent.RESTART,
            before=before,
            after=CALL.after(before, CallEvent.RESTART),
            at=now,
            actor=actor,
            note=call.last_verdict,
        )
        call.save(update_fields=["state", "hold", "outcome", "due_at", "restart", "ended_at"])
        work.wake()
