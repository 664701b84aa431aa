"""What people deliver: the operation that waits for them ends when whoever follows the delivery says so (``supervision``). Of what is
in use while they look at it no operation waits any more: there ``in_use`` ends the order.

Whoever calls holds the lock of the subscription.
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
from tradepost.market.orders.reduce import pay_less, take_less
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from . import in_use
from .apply import Ended, apply
from .cases import held_of, kind_of, line_of, wanted_of
from .cloud import MARKET_SPOKEN
from .contract import Case, Effects, OrderEnd
from .kinds.hand_over import KIND
from .kinds.issue import KIND as ISSUE
from .kinds.open import KIND as OPEN
from .kinds.open import Opening
from .kinds.release import KIND as RELEASE
from .lanes import LINE
from .lifecycle import OperationEvent
from .models import Operation
from .operate import OperationRequest, go_on, operate, settle


def finish(subscription: Subscription, *, effective_at: datetime, now: datetime) -> None:
    """It was accepted: the service is in use since ``effective_at``, the order completes, the seller has earned."""
    operation = _waiting(subscription)
    if operation is None:
        in_use.accept(subscription, effective_at=effective_at, now=now)
        return
    if operation.line is None:
        raise LookupError("what people deliver comes from an order line")
    case: Case[object] = Case(
        held=held_of(subscription, MARKET_SPOKEN), wanted=wanted_of(operation), line=line_of(operation.line), step=0,
        said=None, now=effective_at,
    )  # fmt: skip
    effects = kind_of(operation).on_done(case)
    _end(Ended(operation=operation, subscription=subscription, effects=effects, event=OperationEvent.FINISH), now)


def open_it(subscription: Subscription, *, now: datetime) -> None:
    """It was accepted: the seller's interface is asked to open it. The order completes when it did, and is paid back when it could
    not (business-rules §2.10, §4.7)."""
    operation = _waiting(subscription)
    if operation is None:
        raise LookupError("what is opened after its acceptance waits for that")
    operation.wanted = dump(replace(stored_load(Opening, operation.wanted), accepted=True))
    operation.save(update_fields=["wanted"])
    go_on(subscription, operation, now=now)


def give_up(subscription: Subscription, *, reason: str, actor: str, now: datetime) -> None:
    """It will not be delivered, or is not accepted: all that was paid goes back."""
    operation = _waiting(subscription)
    if operation is None:
        in_use.pay_back(subscription, reason=reason, actor=actor, now=now)
        return
    if operation.kind == ISSUE.name:
        withdraw(subscription, actor=actor, now=now)
    effects = Effects(failed=True, order=OrderEnd.GIVE_UP)
    _end(
        Ended(
            operation=operation, subscription=subscription, effects=effects, event=OperationEvent.GIVE_UP, note=reason,
            actor=actor,
        ),
        now,
    )  # fmt: skip


class Back(Struct, frozen=True, kw_only=True):
    """A part of what was paid for a line goes back to its buyer; ``reference`` names it in the ledger, once."""

    line: OrderLine
    amount: Money
    reference: str
    actor: str


def give_back(subscription: Subscription, back: Back, *, now: datetime) -> None:
    """The rest is held on. Raises what ``take_less`` raises."""
    _waiting(subscription)  # operations are locked before orders
    take_less(back.line, back.amount)
    pay_less(back.line, back.amount, reference=back.reference, actor=back.actor, now=now)


def end_early(subscription: Subscription, back: Back | None, *, effective_at: datetime, now: datetime) -> None:
    """Nothing more is delivered: a part goes back, the rest is earned. ``release`` ends the service afterwards, in a transaction of
    its own, since timers are locked before orders."""
    _waiting(subscription)
    if back is not None:
        take_less(back.line, back.amount)
    finish(subscription, effective_at=effective_at, now=now)
    if back is not None:
        pay_less(back.line, back.amount, reference=back.reference, actor=back.actor, now=now)


def release(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """A service whose delivery ended early is no more. Repeating it changes nothing."""
    if subscription.status in LIVING:
        request = OperationRequest(
            kind=RELEASE.name, subscription=subscription, origin=Operation.Origin.MARKET, actor=actor
        )
        operate([request], now=now)


def _waiting(subscription: Subscription) -> Operation | None:
    """The operation that waits for people, or for a code's activation, locked; None for what is in use already. Raises ``Refused``
    while the seller's server is asked to open it."""
    rows = Operation.objects.select_for_update(of=("self",)).select_related(*LINE)
    begun = rows.filter(subscription=subscription, kind__in=(KIND.name, OPEN.name, ISSUE.name))
    found = begun.filter(status=Operation.Status.RUNNING).first()
    if found is None and subscription.status != Subscription.Status.OPENING:
        return None
    if found is None or found.call_id is not None:
        words = _("The seller's server is being asked to open it at this moment. Try again when it has answered.")
        raise Refused("supervision.opening", words)
    return found


def _end(ended: Ended, now: datetime) -> None:
    apply([ended], now=now)
    settle([ended.subscription], now=now)
