"""Orders whose delivery stopped."""

from __future__ import annotations

from tests.factories import (
    NOW,
    make_address,
    make_buyer,
    make_offer,
    make_order,
    make_product,
    make_seller,
)
from tests.market.engine import react
from tests.market.fulfilment.services import failed, open_call
from tradepost.market.orders.models import Order
from tradepost.protocols.commands import CallResult, Fault, Unreachable

MADE = Unreachable(fault=Fault.BODY_SIGN_WRONG, claimed_instance_id="license-77")
"""An untrusted answer: the seller may have created an instance."""


def order_under_way() -> Order:
    seller = make_seller(member=make_buyer(balance="0"))
    product = make_product(seller, address=make_address(seller, protocol="license_v1"), product_type="LICENSE")
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    return order


def stopped(result: CallResult = MADE) -> Order:
    """Return an order whose only call was given up."""
    order = order_under_way()
    failed(open_call(), result)
    return Order.objects.select_related("buyer").get(pk=order.pk)
