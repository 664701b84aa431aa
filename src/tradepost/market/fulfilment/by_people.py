"""Deliveries by people: end the operation that waits for them when the delivery says so (``supervision``). A service in
use during its check has no waiting operation; ``in_use`` ends its order.

Callers hold the lock of the subscription.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.stored import dump
from tradepost.market.base.stored import load as stored_load
from tradepost.market.base.values import replace
from tradepost.market.licenses.codes import withdraw
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.reduce import reduce_earnings, refund_reduction
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from . import in_use
from .apply import EndedOperation, apply
from .cases import kind_of, line_of, parameters_of, view_of
from .cloud import MARKET_COMMANDS
from .contract import Case, Effects, OrderEnd
from .kinds.hand_over import KIND
from .kinds.issue import KIND as ISSUE
from .kinds.open import KIND as OPEN
from .kinds.open import Opening
from .kinds.release import KIND as RELEASE
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import OperationRequest, continue_operation, operate, settle


def finish(subscription: Subscription, *, effective_at: datetime, now: datetime) -> None:
    """Finish after acceptance: the service is in use since ``effective_at``, the order completes and the seller has
    earned the payment."""
    operation = _waiting(subscription)
    if operation is None:
        in_use.accept(subscription, effective_at=effective_at, now=now)
        return
    if operation.line is None:
        raise LookupError("what people deliver comes from an order line")
    case: Case[object] = Case(
        held=view_of(subscription, MARKET_COMMANDS), wanted=parameters_of(operation), line=line_of(operation.line), step=0,
        said=None, now=effective_at,
    )  # fmt: skip
    effects = kind_of(operation).on_done(case)
    _end(
        EndedOperation(operation=operation, subscription=subscription, effects=effects, event=OperationEvent.FINISH),
        now,
    )


def open_service(subscription: Subscription, *, now: datetime) -> None:
    """Open the service by the seller's interface after acceptance. The order completes on success and is refunded on
    failure (business-rules §2.10, §4.7)."""
    operation = _waiting(subscription)
    if operation is None:
        raise LookupError("what is opened after its acceptance waits for that")
    operation.wanted = dump(replace(stored_load(Opening, operation.wanted), accepted=True))
    operation.save(update_fields=["wanted"])
    continue_operation(subscription, operation, now=now)


def give_up(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """Give up a delivery that fails or is not accepted, with a full refund."""
    operation = _waiting(subscription)
    if operation is None:
        in_use.refund_payment(subscription, reason=reason, actor=actor, now=now)
        return
    if operation.kind == ISSUE.name:
        withdraw(subscription, actor=actor, now=now)
    effects = Effects(failed=True, order=OrderEnd.GIVE_UP)
    _end(
        EndedOperation(
            operation=operation, subscription=subscription, effects=effects, event=OperationEvent.GIVE_UP, note=reason,
            actor=actor,
        ),
        now,
    )  # fmt: skip


class PartialRefund(Struct, frozen=True, kw_only=True):
    """Partial refund of a line. ``reference``: unique name in the ledger."""

    line: OrderLine
    amount: Money
    reference: str
    actor: str


def refund_part(subscription: Subscription, partial: PartialRefund, *, now: datetime) -> None:
    """Refund part of the price; the rest remains held. Raises the errors of ``reduce_earnings``."""
    _waiting(subscription)  # operations are locked before orders
    reduce_earnings(partial.line, partial.amount)
    refund_reduction(partial.line, partial.amount, reference=partial.reference, actor=partial.actor, now=now)


def end_early(
    subscription: Subscription, partial: PartialRefund | None, *, effective_at: datetime, now: datetime
) -> None:
    """End the delivery early: refund part of the price, the rest is earned. ``release`` then ends the service in its
    own transaction, because timers are locked before orders."""
    _waiting(subscription)
    if partial is not None:
        reduce_earnings(partial.line, partial.amount)
    finish(subscription, effective_at=effective_at, now=now)
    if partial is not None:
        refund_reduction(
            partial.line, partial.amount, reference=partial.reference, actor=partial.actor, now=now, ended=True
        )


def release(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """Release a service whose delivery ended early. Idempotent."""
    if subscription.status in LIVE_STATUSES:
        request = OperationRequest(
            kind=RELEASE.name, subscription=subscription, origin=Operation.Origin.MARKET, actor=actor
        )
        operate([request], now=now)


def _waiting(subscription: Subscription) -> Operation | None:
    """Lock and return the operation that waits for people or an activation; None for a service already in use. Raises
    ``Refused`` while the seller's server is opening it."""
    rows = Operation.objects.select_for_update(of=("self",)).select_related(*LINE)
    operations = rows.filter(subscription=subscription, kind__in=(KIND.name, OPEN.name, ISSUE.name))
    operation = operations.filter(status=Operation.Status.RUNNING).first()
    if operation is None and subscription.status != Subscription.Status.OPENING:
        return None
    if operation is None or operation.call_id is not None:
        words = _("The seller's server is opening it right now. Try again after it has responded.")
        raise Refused("supervision.opening", words)
    return operation


def _end(ended: EndedOperation, now: datetime) -> None:
    apply([ended], now=now)
    settle([ended.subscription], now=now)
