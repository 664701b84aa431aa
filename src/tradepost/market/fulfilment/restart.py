"""Restart an operation by hand: it takes its old place in the lane, and its call is made once more (saas-v2 §7)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.production.models import Call
from tradepost.market.production.restart import may_restart as call_may_restart
from tradepost.market.production.restart import restart as restart_the_call

from .cases import locked_subscriptions
from .lifecycle import OPERATION, OperationEvent
from .models import Operation
from .operate import settle


def may_restart(operation: Operation) -> bool:
    """Stopped, or waiting for its next try. ``operation.call`` should be fetched."""
    if operation.status == Operation.Status.STOPPED:
        return True
    running = operation.status == Operation.Status.RUNNING
    return running and operation.call is not None and call_may_restart(operation.call)


def restart(operation: Operation, *, actor: str, now: datetime) -> Operation:
    """One more try, at once or as soon as the lane is free. Asked for twice, it is made once. Gives the operation as it
    is then. Raises ``Refused`` when it ended, or its call is being made right now."""
    with transaction.atomic():
        subscriptions = locked_subscriptions([operation.subscription_id] if operation.subscription_id else [])
        found = Operation.objects.select_for_update(of=("self",)).select_related("call").get(pk=operation.pk)
        if found.status == Operation.Status.STOPPED:
            OPERATION.move(found, OperationEvent.RESTART, now=now, actor=actor)
            settle(subscriptions, now=now)
        elif found.status == Operation.Status.RUNNING and found.call is not None:
            restart_the_call(found.call, actor=actor, now=now)
        elif found.status != Operation.Status.QUEUED:
            raise Refused("operation.ended", _("This has ended: there is nothing to restart."))
    return Operation.objects.select_related("call").get(pk=operation.pk)


def restart_call(call: Call, *, actor: str, now: datetime) -> None:
    """Restart an interface message: the operation that waits for it, or a notification, for which none waits."""
    if call.purpose == Call.Purpose.NOTICE:
        restart_the_call(call, actor=actor, now=now)
        return
    operation = operation_of(call)
    if operation is None:
        raise Refused("call.not_needed", _("Nothing waits for this call any more: it cannot be restarted."))
    restart(operation, actor=actor, now=now)


def operation_of(call: Call) -> Operation | None:
    """The operation that waits for the end of this very call."""
    return Operation.objects.select_related("call").filter(call=call.pk).first()


def may_restart_call(call: Call) -> bool:
    if call.purpose == Call.Purpose.NOTICE:
        return call_may_restart(call)
    operation = operation_of(call)
    return operation is not None and may_restart(operation)
