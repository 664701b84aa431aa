"""Place an order and complete it at once if its total is zero, so that no page asks for a payment of nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from tradepost.market.identity.models import User

from .change import ChangeService, place_change
from .change_fee import StepChange
from .convert import WithinSpec, place_conversion
from .models import Order
from .pay import pay_order
from .place import PlaceOrder, place_order
from .renew import RenewService, place_renewal
from .renew_change import place_changed_renewal


def buy(buyer: User, command: PlaceOrder, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Return the new order, or the order already placed by the same request. Raises ``Refused`` as ``place_order``
    does.

    An order with a price remains unpaid until ``pay_order``.
    """
    if (existing := _existing_order(buyer, command)) is not None:
        return existing
    try:
        with transaction.atomic():
            order = place_order(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
            if order.total_minor == 0:
                pay_order(order, now=now)
    except IntegrityError:
        if (existing := _existing_order(buyer, command)) is None:
            raise
        return existing  # the same request arrived twice at once, and the other was stored first
    return order


def renew(buyer: User, command: RenewService, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Place a renewal; otherwise like ``buy``. Raises ``Refused`` as ``place_renewal`` does."""
    if (existing := _existing_order(buyer, command)) is not None:
        return existing
    try:
        with transaction.atomic():
            order = place_renewal(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
            if order.total_minor == 0:
                pay_order(order, now=now)
    except IntegrityError:
        if (existing := _existing_order(buyer, command)) is None:
            raise
        return existing
    return order


def convert(buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta) -> Order:
    """Convert a trial into a paid service; otherwise like ``buy``. Raises ``Refused`` as ``place_conversion`` does."""
    with transaction.atomic():
        order = place_conversion(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
        if order.total_minor == 0:
            pay_order(order, now=now)
    return order


def renew_changed(
    buyer: User, command: WithinSpec, *, now: datetime, unpaid_timeout: timedelta, days_before: int
) -> Order:
    """Place a renewal with another specification or quantity; otherwise like ``buy``. Raises ``Refused`` as
    ``place_changed_renewal`` does."""
    with transaction.atomic():
        order = place_changed_renewal(buyer, command, now=now, unpaid_timeout=unpaid_timeout, days_before=days_before)
        if order.total_minor == 0:
            pay_order(order, now=now)
    return order


def change(
    buyer: User, command: ChangeService, *, now: datetime, unpaid_timeout: timedelta, step_change: StepChange
) -> Order:
    """Place a change of a running service; otherwise like ``buy``. Raises ``Refused`` as ``place_change`` does."""
    with transaction.atomic():
        order = place_change(buyer, command, now=now, unpaid_timeout=unpaid_timeout, step_change=step_change)
        if order.total_minor == 0:
            pay_order(order, now=now)
    return order


def _existing_order(buyer: User, command: PlaceOrder | RenewService) -> Order | None:
    return order_of(buyer, command.idempotency_key)


def order_of(buyer: User, idempotency_key: str) -> Order | None:
    """Return the order already placed by this request; None for an empty key."""
    if not idempotency_key:
        return None
    return Order.objects.filter(buyer=buyer, idempotency_key=idempotency_key).first()
