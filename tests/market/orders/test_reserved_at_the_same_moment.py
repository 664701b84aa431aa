"""Two tabs never exceed a limit, a trial is given once, and nothing is sold twice: buyers on connections of their own."""

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
TABS = 6


def buys(buyer: User, offer: Offer) -> Callable[[], object]:
    command = PlaceOrder(product_id=offer.product_id, periods=offer.period_numbers[0], agreed=True)
    return lambda: buy(buyer, command, now=NOW, unpaid_timeout=timedelta(hours=1))


def test_tabs_of_one_buyer_never_exceed_a_limit() -> None:
    offer, buyer = make_offer(), make_buyer()
    controls.set_limit(offer.sku.spec.product, maximum=2, until_expiry=False, now=NOW, by="s")
    outcomes = at_once([buys(buyer, offer)] * TABS)
    assert sorted(outcomes) == ["done"] * 2 + ["order.limit"] * (TABS - 2)
    assert (Order.objects.count(), LimitUse.objects.get().used) == (2, 2)


def test_a_trial_is_begun_once() -> None:
    make_product(prices=(MONTHLY, TRIAL))
    outcomes = at_once([buys(make_buyer(), Offer.objects.get(trial=True))] * TABS)
    assert sorted(outcomes) == ["done"] + ["order.trial_used"] * (TABS - 1)
    assert Order.objects.count() == 1


def test_stock_is_never_oversold() -> None:
    offer = make_offer()
    Stock.objects.create(product=offer.sku.spec.product, total=4)
    outcomes = at_once([buys(make_buyer(), offer) for _ in range(TABS)])
    assert sorted(outcomes) == ["done"] * 4 + ["order.sold_out"] * (TABS - 4)
    assert Stock.objects.get().used == sum(OrderLine.objects.values_list("stock_taken", flat=True)) == 4
