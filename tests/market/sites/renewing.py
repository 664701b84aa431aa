"""A service in use, and its renewal that waits for the seller: created with the real verbs and completed by the real
engine.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tests import factories
from tests.factories.buying import ACCESS
from tests.market import engine
from tradepost.market.base import clock
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import settle
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.protocols.commands import Done, InstanceInfo


def service(seller: Seller | None = None, buyer: User | None = None, *, now: datetime | None = None) -> Subscription:
    """Make a service bought for a month and delivered, with its period and its completed operation."""
    now = now or clock.now()
    offer = factories.make_offer(factories.make_product(seller))
    order = factories.make_order(buyer, offer=offer, paid=True, now=now)
    engine.react(now=now)
    for _ in range(2):  # newInstance, then queryInstance until the access data arrives
        for call in Call.objects.filter(order_number=order.number, outcome=""):
            engine.answer(call, deliver(call), now=now)
            engine.react(now=now)
    subscription = Subscription.objects.get(order_lines__order=order)
    assert subscription.status == "active"
    return subscription


def deliver(call: Call) -> Done:
    instance = f"i-{call.subscription_id}"
    if call.kind == "Query":
        return Done(instances=(InstanceInfo(instance_id=instance, app=ACCESS),))
    return Done(instance_id=instance)


def renewed(subscription: Subscription, *, now: datetime | None = None) -> Operation:
    """Order and pay a renewal; the seller is called next."""
    now = now or clock.now()
    command = RenewService(
        subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True
    )
    order = place_renewal(subscription.buyer, command, now=now, unpaid_timeout=timedelta(days=1))
    pay_order(Order.objects.get(pk=order.pk), now=now)
    engine.react(now=now)
    return Operation.objects.select_related("call", "line__order").get(line__order=order)


def call_of(operation: Operation) -> Call:
    """Return the call that the operation waits for."""
    call = Operation.objects.select_related("call__address").get(pk=operation.pk).call
    assert call is not None
    return call


def line_of(operation: Operation) -> OrderLine:
    line = Operation.objects.select_related("line__order").get(pk=operation.pk).line
    assert line is not None
    return line


def stopped(subscription: Subscription, *, now: datetime | None = None) -> Operation:
    """Make a renewal whose retries have failed."""
    now = now or clock.now()
    operation = renewed(subscription, now=now)
    engine.give_up(call_of(operation), now=now)
    engine.react(now=now)
    operation.refresh_from_db()
    assert operation.status == "stopped"
    return operation


def frozen_by_operator(subscription: Subscription, *, now: datetime | None = None) -> None:
    now = now or clock.now()
    with transaction.atomic():
        locked = locked_subscriptions([subscription.pk])
        add_reason(locked, Freeze.Reason.OPERATOR, actor="op@market.example", now=now)
        settle(locked, now=now)
