"""Restart an operation by hand: it keeps its place in the lane, and its call is made once more (saas-v2 §7)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.production.models import Call
from tradepost.market.production.restart import is_restartable as call_may_restart
from tradepost.market.production.restart import restart as restart_the_call

from .cases import locked_subscriptions
from .lifecycle import OPERATION, OperationEvent
from .models import Operation
from .operate import settle


def may_restart(operation: Operation) -> bool:
    """Return whether it stopped or waits for its next attempt. ``operation.call`` should be fetched."""
    if operation.status == Operation.Status.STOPPED:
        return True
    is_running = operation.status == Operation.Status.RUNNING
    return is_running and operation.call is not None and call_may_restart(operation.call)


def restart(operation: Operation, *, actor: str, now: datetime) -> Operation:
    """Make one more attempt, at once or when the lane is free; repeated requests have no further effect. Return the
    updated operation.

    Raises ``Refused`` if it ended, or its call is in flight.
    """
    with transaction.atomic():
        subscriptions = locked_subscriptions([operation.subscription_id] if operation.subscription_id else [])
        locked_operation = Operation.objects.select_for_update(of=("self",)).select_related("call").get(pk=operation.pk)
        if locked_operation.status == Operation.Status.STOPPED:
            OPERATION.move(locked_operation, OperationEvent.RESTART, now=now, actor=actor)
            settle(subscriptions, now=now)
        elif locked_operation.status == Operation.Status.RUNNING and locked_operation.call is not None:
            restart_the_call(locked_operation.call, actor=actor, now=now)
        elif locked_operation.status != Operation.Status.QUEUED:
            raise Refused("operation.ended", _("This operation has ended, so it cannot be restarted."))
    return Operation.objects.select_related("call").get(pk=operation.pk)


def restart_call(call: Call, *, actor: str, now: datetime) -> None:
    """Restart an interface message: its operation, or a notification without one."""
    if call.purpose == Call.Purpose.NOTICE:
        restart_the_call(call, actor=actor, now=now)
        return
    operation = operation_of(call)
    if operation is None:
        raise Refused("call.not_needed", _("No operation is waiting for this call, so it cannot be restarted."))
    restart(operation, actor=actor, now=now)


def operation_of(call: Call) -> Operation | None:
    """Return the operation that waits for this call."""
    return Operation.objects.select_related("call").filter(call=call.pk).first()


def may_restart_call(call: Call) -> bool:
    if call.purpose == Call.Purpose.NOTICE:
        return call_may_restart(call)
    operation = operation_of(call)
    return operation is not None and may_restart(operation)
