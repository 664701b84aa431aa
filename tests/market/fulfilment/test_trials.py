"""A trial is opened by the calls of a purchase, is marked as a trial on the wire, and ends as paid time does
(business-rules §3.5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_address, make_buyer, make_product, make_seller
from tests.factories.products import MONTHLY
from tradepost.market.base.models import Event
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.order_paid import on_order_paid
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.buy import buy
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.production import calls
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.commands import Create
from tradepost.protocols.inline_purchase import dump_purchase

pytestmark = pytest.mark.django_db
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)


@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1"])
def test_trial_is_marked_in_the_call(protocol: str) -> None:
    """saas-v2 §3.1: newInstance also for trial orders; saas-v1-license A2.1: trialFlag 1, and periodType is day."""
    seller = make_seller()
    product = make_product(seller, prices=(MONTHLY, TRIAL), address=make_address(seller, protocol=protocol))
    offer = Offer.objects.get(sku__spec__product=product, trial=True)
    command = PlaceOrder(product_id=offer.product_id, periods=15, agreed=True)
    order = buy(make_buyer(), command, now=NOW, unpaid_timeout=timedelta(hours=1))
    assert Event.objects.filter(name="order_paid").exists()
    on_order_paid(OrderPaid(order=order.number), NOW)
    operation = Operation.objects.select_related("call").get()
    assert operation.call is not None
    sent_command = calls.load(operation.call.kind, operation.call.command)
    assert isinstance(sent_command, Create)
    assert sent_command.purchase is not None
    assert (sent_command.purchase.trial, sent_command.purchase.period_type, sent_command.purchase.period_number) == (
        True,
        "day",
        15,
    )
    assert sent_command.purchase.expires_at == NOW + timedelta(days=15) == period_end(NOW, "day", 15)
    wire = dump_purchase(sent_command.purchase)
    assert (wire["trialFlag"], wire["periodType"], wire["periodNumber"]) == ("1", "day", 15)
    seller_order = order_of_seller(order.number, seller.pk)
    assert seller_order is not None
    assert seller_order.order_type == "TRIAL"
    assert (seller_order.lines[0].period_type, seller_order.lines[0].period_number, seller_order.lines[0].currency) == (
        "day",
        15,
        "0",
    )
