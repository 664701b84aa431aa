"""Two collections of one service are charged at the same moment: quota is used once (design money.md §6)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from tests.factories import NOW, make_buyer
from tests.factories.metering import item, make_metered, make_package, on_demand, package, push
from tests.market.at_once import at_once
from tradepost.market.billing import queries
from tradepost.market.billing.alerts import AlertRule, on_quota_deducted, set_alert
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Accumulation
from tradepost.market.billing.thresholds import Kind
from tradepost.market.metering import collect
from tradepost.market.metering.events import QuotaDeducted
from tradepost.market.metering.models import Quota
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
LATER = NOW + 30 * HOUR


def test_two_collections_share_one_package() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=make_buyer(balance="500")
    )  # fmt: skip
    make_package(service)
    collections = []
    for hour in (1, 2, 3):
        push(service.seller, [item(service, NOW + hour * HOUR, "60")], now=LATER)
        collections.append(collect.close("hour", now=LATER))
    assert at_once([partial(charge, collection, now=LATER) for collection in collections if collection]) == ["done"] * 3
    assert (Quota.objects.get().remaining, Accumulation.objects.get().quantity) == (0, 800_000)
    assert queries.problems() == []
    assert ledger.verify().problems == ()


def test_two_simultaneous_alerts_buy_one_package() -> None:
    """§9: without an idempotency key, two alerts would buy two packages."""
    buyer = make_buyer(balance="500")
    service = make_metered(price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=buyer)
    used_package = make_package(service)
    set_alert(buyer, used_package.subscription.offer, Kind.PERCENT, Decimal(50), repurchases=5, now=NOW)
    event = QuotaDeducted(quota=used_package.quotas.get().pk, package=used_package.pk, before=600_000, after=400_000)
    rule = AlertRule(low_percent=20, unpaid_timeout=HOUR)
    assert at_once([partial(on_quota_deducted, event, LATER, rule=rule)] * 3) == ["done"] * 3
    assert Order.objects.filter(origin=Order.Origin.TIMER).count() == 1
    assert ledger.verify().problems == ()
