"""Neither the order of usage nor its grouping into pushes and collections changes the price (design money.md §6)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests import sampling
from tests.factories import NOW, make_buyer
from tests.factories.metering import ZONE, item, make_metered, on_demand, push
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Accumulation, Charge
from tradepost.market.catalog.document import Price, UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.metering import collect
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEGAN = NOW.replace(day=28)
"""Usage falls into two months of the market's zone."""
LATER = BEGAN + 8 * DAY
BANDS = tuple(
    UsageBand(upto=Decimal(upto) if upto else None, amount=Decimal(each))
    for upto, each in ((100, "0.1"), (1000, "0.08"), (None, "0.05"))
)
PRICES = {
    "linear": on_demand(amount=Decimal("0.00125")),
    "tier": on_demand(model=PriceModel.TIER, accumulation="month", amount=None, bands=BANDS),
    "step": on_demand(model=PriceModel.STEP, accumulation="day", amount=None, bands=BANDS),
    "by record": on_demand(model=PriceModel.TIER, amount=None, bands=BANDS),
}
RECORDS = 60


def _close(number: int) -> None:
    now = LATER + number * MINUTE
    collection = collect.close("hour", now=now)
    after = charge(collection, now=now, shard=1) if collection else None
    while collection and after is not None:
        after = charge(collection, after=after, now=now, shard=1)


def _total(service: Subscription) -> tuple[int, list[tuple[datetime, int, Decimal, int]]]:
    charged = Charge.objects.filter(subscription=service).values_list("minor", flat=True)
    # A day whose usage was fully voided has a zero accumulation if it was collected before.
    accumulations = Accumulation.objects.filter(meter=service.pk, quantity__gt=0).order_by("start")
    return sum(charged), [(row.start, row.quantity, row.exact, row.charged_minor) for row in accumulations]


@pytest.mark.slow
@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_same_usage_costs_the_same_in_any_order_and_batches(price: Price) -> None:
    chance = random.Random(sampling.SEED)
    buyer = make_buyer(balance="1000000")
    at_once_service, piecewise_service = (make_metered(price=price, buyer=buyer, started_at=BEGAN) for _ in range(2))
    used = [(n, str(Decimal(chance.randrange(1, 3_000_000)) / 10_000)) for n in range(RECORDS)]
    back = chance.sample(range(RECORDS), RECORDS // 10)

    def items(service: Subscription, some: list[tuple[int, str]]) -> list[object]:
        return [item(service, BEGAN + n * 3 * timedelta(hours=1), value, sn=f"{service.pk}-{n}") for n, value in some]

    push(
        at_once_service.seller, items(at_once_service, [record for record in used if record[0] not in back]), now=LATER
    )
    _close(0)

    chance.shuffle(used)
    closings = 0
    while used:
        size = chance.randint(1, 12)
        some, used = used[:size], used[size:]
        push(piecewise_service.seller, items(piecewise_service, some), now=LATER)
        if chance.random() < 0.6:
            closings += 1
            _close(closings)
        for n, _value in some:
            if n in back:  # some are collected before they are voided, some are not
                record = Record.objects.get(sn=f"{piecewise_service.pk}-{n}")
                void(record, reason="counted twice", actor="li", within=21 * DAY, zone=ZONE, now=LATER)
    _close(closings + 1)

    assert _total(piecewise_service) == _total(at_once_service)
    assert closings > 0
    assert ledger.verify().problems == ()
