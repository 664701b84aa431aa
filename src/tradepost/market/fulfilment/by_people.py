"""What people deliver: the operation that waits for them ends when whoever follows the delivery says so (``supervision``).

Whoever calls holds the lock of the subscription.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.subscriptions.models import Subscription

from .apply import Ended, apply
from .cases import held_of, kind_of, line_of, wanted_of
from .cloud import PEOPLE_SPOKEN
from .contract import Case, Effects, OrderEnd
from .kinds.hand_over import KIND
from .lifecycle import OperationEvent
from .models import Operation
from .operate import LINE, settle


def finish(subscription: Subscription, *, effective_at: datetime, now: datetime) -> None:
    """It was accepted: the service is in use since ``effective_at``, the order completes, the seller has earned."""
    operation = _waiting(subscription)
    if operation.line is None:
        raise LookupError("what people deliver comes from an order line")
    case: Case[object] = Case(
        held=held_of(subscription, PEOPLE_SPOKEN), wanted=wanted_of(operation), line=line_of(operation.line), step=0,
        said=None, now=effective_at,
    )  # fmt: skip
    effects = kind_of(operation).on_done(case)
    _end(Ended(operation=operation, subscription=subscription, effects=effects, event=OperationEvent.FINISH), now)


def give_up(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """It will not be delivered: all that was paid goes back."""
    effects = Effects(failed=True, order=OrderEnd.GIVE_UP)
    _end(
        Ended(
            operation=_waiting(subscription), subscription=subscription, effects=effects, event=OperationEvent.GIVE_UP,
            note=reason, actor=actor,
        ),
        now,
    )  # fmt: skip


def _waiting(subscription: Subscription) -> Operation:
    rows = Operation.objects.select_for_update(of=("self",)).select_related(*LINE)
    return rows.get(subscription=subscription, kind=KIND.name, status=Operation.Status.RUNNING)


def _end(ended: Ended, now: datetime) -> None:
    apply([ended], now=now)
    settle([ended.subscription], now=now)
