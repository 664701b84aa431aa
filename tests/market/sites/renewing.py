"""A service in use, and a renewal of it that its seller is asked for: made with the verbs and ended by the real engine."""

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
    """Bought for a month and delivered, with its period and its finished operation."""
    now = now or clock.now()
    offer = factories.make_offer(factories.make_product(seller))
    order = factories.make_order(buyer, offer=offer, paid=True, now=now)
    engine.react(now=now)
    for _ in range(2):  # newInstance, then queryInstance until the access data is there
        for call in Call.objects.filter(order_number=order.number, outcome=""):
            engine.answer(call, delivered(call), now=now)
            engine.react(now=now)
    held = Subscription.objects.get(order_lines__order=order)
    assert held.status == "active"
    return held


def delivered(call: Call) -> Done:
    instance = f"i-{call.subscription_id}"
    if call.kind == "Query":
        return Done(instances=(InstanceInfo(instance_id=instance, app=ACCESS),))
    return Done(instance_id=instance)


def renewed(held: Subscription, *, now: datetime | None = None) -> Operation:
    """Ordered and paid by its buyer; the seller is about to be asked."""
    now = now or clock.now()
    command = RenewService(subscription=held.pk, product_id=held.offer.product_id, periods=1, agreed=True)
    order = place_renewal(held.buyer, command, now=now, unpaid_timeout=timedelta(days=1))
    pay_order(Order.objects.get(pk=order.pk), now=now)
    engine.react(now=now)
    return Operation.objects.select_related("call", "line__order").get(line__order=order)


def call_of(operation: Operation) -> Call:
    """What it waits for now."""
    call = Operation.objects.select_related("call__address").get(pk=operation.pk).call
    assert call is not None
    return call


def line_of(operation: Operation) -> OrderLine:
    line = Operation.objects.select_related("line__order").get(pk=operation.pk).line
    assert line is not None
    return line


def stopped(held: Subscription, *, now: datetime | None = None) -> Operation:
    """A renewal whose plan ended in vain."""
    now = now or clock.now()
    operation = renewed(held, now=now)
    engine.give_up(call_of(operation), now=now)
    engine.react(now=now)
    operation.refresh_from_db()
    assert operation.status == "stopped"
    return operation


def frozen_by_operator(held: Subscription, *, now: datetime | None = None) -> None:
    now = now or clock.now()
    with transaction.atomic():
        locked = locked_subscriptions([held.pk])
        add_reason(locked, Freeze.Reason.OPERATOR, actor="op@market.example", now=now)
        settle(locked, now=now)
