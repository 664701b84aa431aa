"""The migration gives earlier orders the buyer agreement that was in force when the buyer agreed (§1.3, §1.5)."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from tests.factories.buying import make_order
from tests.factories.people import NOW, make_operator
from tradepost.market.identity import agreements
from tradepost.market.orders.models import Order, OrderLine

MIGRATION = import_module("tradepost.market.orders.migrations.from_0_1.0021_agreements_of_earlier_orders")
LATER = NOW + timedelta(days=10)


@pytest.mark.django_db
def test_each_order_gets_the_agreement_version_of_its_time() -> None:
    first, second, automatic, unsubscription = (make_order(now=at) for at in (NOW, LATER, LATER, LATER))
    Order.objects.filter(pk=automatic.pk).update(origin=Order.Origin.TIMER)
    Order.objects.filter(pk=unsubscription.pk).update(order_type=Order.Type.UNSUBSCRIBE)
    text = "第二版协议。" * 30
    agreements.publish("buyer", text=text, text_en=text, change="new", by=make_operator(), now=NOW + timedelta(days=5))
    OrderLine.objects.update(buyer_agreement=None, service_agreement=None)
    MIGRATION.store(apps, None)
    numbers = dict(OrderLine.objects.values_list("order", "buyer_agreement__number"))
    assert [numbers[order.pk] for order in (first, second, automatic, unsubscription)] == [1, 2, None, None]
    assert not OrderLine.objects.filter(service_agreement__isnull=False).exists()
