"""A buyer on the pages: orders through the form, pays, and waits for the delivery."""

from __future__ import annotations

from django.test import Client

from tests.waiting import until
from tradepost.market.catalog.models import Product
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription


def order(page: Client, product: Product, **form: str) -> Order:
    """Order through the form and pay."""
    answer = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "periods": "1", "agreed": "on", **form})
    assert answer.status_code == 302, answer.content.decode()
    number = answer["Location"].split("/")[2]
    assert page.post(f"/orders/{number}/pay/")["Location"] == f"/orders/{number}/"
    return Order.objects.get(number=number)


def wait_until_delivered(placed: Order) -> Subscription:
    until(lambda: Order.objects.get(pk=placed.pk).status == Order.Status.COMPLETED, what="the order completes")
    return Subscription.objects.get(order_lines__order=placed)
