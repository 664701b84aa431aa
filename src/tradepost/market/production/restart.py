"""Restart a call by hand: one more attempt, at once, whatever its plan or breaker says (saas-v2 §7)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.base.work import State

from .models import Call
from .seller_queries import retry_rule

GIVEN_BACK = ("Create", "Query", "Upgrade")
"""What an order waits for."""


def gives_back(call: Call) -> bool:
    """Whether the order is refunded when the plan of this call ends: there is nothing left to restart then.

    A protocol's plan may keep the order instead (saas-v1-license B1: getLicense has no automatic refund).
    """
    if call.kind not in GIVEN_BACK:
        return False
    rule = retry_rule(call)
    return rule is None or not rule.keeps_order


def may_restart(call: Call) -> bool:
    if call.state in {State.WAITING, State.HELD}:
        return True
    return call.outcome == Call.Outcome.GAVE_UP and not gives_back(call)


def restart(call: Call, *, actor: str, now: datetime) -> None:
    """Make the call due now; asked for twice, it is made due once. Raises ``Refused`` when it is in flight, done, or its
    order was ended."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call.pk)
        if call.restart and call.state == State.WAITING:
            return  # asked for already, and not begun
        if call.state == State.LEASED:
            raise Refused("call.in_flight", _("This call is being made right now. Wait for its answer."))
        if call.outcome == Call.Outcome.DONE:
            raise Refused("call.done", _("This call is done already."))
        if not may_restart(call):
            raise Refused(
                "call.refunded", _("The plan of this call is over and its order was ended: it cannot be restarted.")
            )
        call.state, call.hold, call.outcome = State.WAITING, Call.Hold.NONE, Call.Outcome.NONE
        call.due_at, call.restart, call.ended_at = now, True, None
        Move.objects.create(
            lifecycle="call",
            subject=str(call.pk),
            event="restart",
            before=call.last_verdict[:32],
            after="waiting",
            at=now,
            actor=actor,
        )
        call.save(update_fields=["state", "hold", "outcome", "due_at", "restart", "ended_at"])
        work.wake()
