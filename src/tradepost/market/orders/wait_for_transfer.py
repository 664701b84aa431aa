"""A new order whose money is on its way by bank is waited for longer: banks and operators have working days, the time to pay has
not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import jobs
from tradepost.market.payments.events import TransferProofGiven
from tradepost.market.payments.intent_models import Intent

from .models import Order
from .place import UNPAID_TIMEOUT

AFTER_THE_CHECK = timedelta(days=1)
"""So long after the operator should have looked its buyer still has time to pay."""


def on_transfer_proof_given(event: TransferProofGiven, now: datetime, *, longest: timedelta) -> None:
    """Only for its own buyer, who has shown a proof, and at most ``longest`` after the order was placed: it holds stock, and
    its price. Orders about a service end when the service says so."""
    intent = Intent.objects.get(pk=event.intent)
    if not intent.purpose or intent.check_by is None:
        return
    waits = Order.objects.filter(
        number=intent.purpose, buyer=intent.user_id, order_type=Order.Type.NEW, status=Order.Status.UNPAID
    )
    order = waits.first()
    if order is None:
        return
    until = min(intent.check_by + AFTER_THE_CHECK, order.placed_at + longest)
    if until <= order.pay_before or order.pay_before <= now:
        return
    with transaction.atomic():
        jobs.reschedule(UNPAID_TIMEOUT, order.number, due_at=until)  # before the order, as the timer takes them
        waits.filter(pk=order.pk).update(pay_before=until)
