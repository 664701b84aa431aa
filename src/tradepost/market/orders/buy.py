"""Order, and go on at once where there is nothing to pay: no page asks for a payment of nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from tradepost.market.identity.models import User

from .models import Order
from .pay import pay_order
from .place import PlaceOrder, place_order
from .renew import RenewService, place_renewal


def buy(
    buyer: User, command: PlaceOrder, *, now: datetime, unpaid_timeout: timedelta, sells_metered: bool = False
) -> Order:
    """The order, or the one that the same request made already. Raises ``Refused`` as ``place_order`` does.

    What costs something waits, unpaid, for ``pay_order``.
    """
    if (made := _made(buyer, command)) is not None:
        return made
    try:
        with transaction.atomic():
            order = place_order(buyer, command, now=now, unpaid_timeout=unpaid_timeout, sells_metered=sells_metered)
            if order.total_minor == 0:
                pay_order(order, now=now)
    except IntegrityError:
        if (made := _made(buyer, command)) is None:
            raise
        return made  # the same request was sent twice at the same moment, and the other one was first
    return order


def renew(buyer: User, command: RenewService, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """The same for a renewal. Raises ``Refused`` as ``place_renewal`` does."""
    with transaction.atomic():
        order = place_renewal(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
        if order.total_minor == 0:
            pay_order(order, now=now)
    return order


def _made(buyer: User, command: PlaceOrder) -> Order | None:
    return (
        Order.objects.filter(buyer=buyer, idempotency_key=command.idempotency_key).first()
        if command.idempotency_key
        else None
    )
