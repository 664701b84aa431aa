"""Extend the payment time of a new order while its bank transfer is being checked, because banks and operators have
working days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import jobs
from tradepost.market.payments.events import TransferProofGiven
from tradepost.market.payments.intent_models import Intent

from .models import Order
from .place import UNPAID_TIMEOUT

TIME_AFTER_CHECK = timedelta(days=1)
"""Payment time after the date by which an operator should have checked the transfer."""


def on_transfer_proof_given(event: TransferProofGiven, now: datetime, *, longest: timedelta) -> None:
    """Extend the payment time for the buyer's own new order once a proof was uploaded, at most to ``longest`` after the
    order was placed.

    The limit exists because the order holds stock and a price. Orders about existing services keep their deadlines.
    """
    intent = Intent.objects.get(pk=event.intent)
    if not intent.purpose or intent.check_by is None:
        return
    unpaid_orders = Order.objects.filter(
        number=intent.purpose, buyer=intent.user_id, order_type=Order.Type.NEW, status=Order.Status.UNPAID
    )
    order = unpaid_orders.first()
    if order is None:
        return
    until = min(intent.check_by + TIME_AFTER_CHECK, order.placed_at + longest)
    if until <= order.pay_before or order.pay_before <= now:
        return
    with transaction.atomic():
        jobs.reschedule(UNPAID_TIMEOUT, order.number, due_at=until)  # first, in the lock order of the timer
        unpaid_orders.filter(pk=order.pk).update(pay_before=until)
