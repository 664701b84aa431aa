"""Concurrent buyers on their own connections: limits hold, a trial is given once, and stock is never oversold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_product
from tests.factories.products import MONTHLY
from tests.market.at_once import at_once
from tradepost.market.base.values import replace
from tradepost.market.catalog import controls
from tradepost.market.catalog.models import Offer, Stock
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import LimitUse, Order, OrderLine
from tradepost.market.orders.place import PlaceOrder

pytestmark = pytest.mark.django_db(transaction=True)
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
BUYER_COUNT = 6


def purchase(buyer: User, offer: Offer) -> Callable[[], object]:
    command = PlaceOrder(product_id=offer.product_id, periods=offer.period_numbers[0], agreed=True)
    return lambda: buy(buyer, command, now=NOW, unpaid_timeout=timedelta(hours=1))


def test_concurrent_orders_of_a_buyer_never_exceed_a_limit() -> None:
    offer, buyer = make_offer(), make_buyer()
    controls.set_limit(offer.sku.spec.product, maximum=2, until_expiry=False, now=NOW, by="s")
    outcomes = at_once([purchase(buyer, offer)] * BUYER_COUNT)
    assert sorted(outcomes) == ["done"] * 2 + ["order.limit"] * (BUYER_COUNT - 2)
    assert (Order.objects.count(), LimitUse.objects.get().used) == (2, 2)


def test_trial_is_started_once() -> None:
    make_product(prices=(MONTHLY, TRIAL))
    outcomes = at_once([purchase(make_buyer(), Offer.objects.get(trial=True))] * BUYER_COUNT)
    assert sorted(outcomes) == ["done"] + ["order.trial_used"] * (BUYER_COUNT - 1)
    assert Order.objects.count() == 1


def test_stock_is_never_oversold() -> None:
    offer = make_offer()
    Stock.objects.create(product=offer.sku.spec.product, total=4)
    outcomes = at_once([purchase(make_buyer(), offer) for _ in range(BUYER_COUNT)])
    assert sorted(outcomes) == ["done"] * 4 + ["order.sold_out"] * (BUYER_COUNT - 4)
    assert Stock.objects.get().used == sum(OrderLine.objects.values_list("stock_taken", flat=True)) == 4
