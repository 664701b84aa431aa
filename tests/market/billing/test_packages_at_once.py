"""Two collections of one service are charged at the same moment: what packages give is given once (design money.md §6)."""

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
from tradepost.market.billing.low import Kind
from tradepost.market.billing.models import Accumulation
from tradepost.market.metering import collect
from tradepost.market.metering.events import QuotaDeducted
from tradepost.market.metering.models import Quota
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
LATER = NOW + 30 * HOUR


def test_two_collections_take_from_one_package_together() -> None:
    service = make_metered(
        price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=make_buyer(balance="500")
    )  # fmt: skip
    make_package(service)
    collections = []
    for hour in (1, 2, 3):
        push(service.seller, [item(service, NOW + hour * HOUR, "60")], now=LATER)
        collections.append(collect.close("hour", now=LATER))
    assert at_once([partial(charge, one, now=LATER) for one in collections if one]) == ["done"] * 3
    assert (Quota.objects.get().remaining, Accumulation.objects.get().quantity) == (0, 800_000)
    assert queries.problems() == []
    assert ledger.verify().problems == ()


def test_two_alerts_at_the_same_moment_buy_one_package() -> None:
    """§9: auto-repurchase without an idempotency key: two alerts, two packages."""
    buyer = make_buyer(balance="500")
    service = make_metered(price=on_demand(amount=Decimal(1)), packages=(package(100),), buyer=buyer)
    held = make_package(service)
    set_alert(buyer, held.subscription.offer, Kind.PERCENT, Decimal(50), repurchases=5, now=NOW)
    event = QuotaDeducted(quota=held.quotas.get().pk, package=held.pk, before=600_000, after=400_000)
    rule = AlertRule(low_percent=20, unpaid_timeout=HOUR)
    assert at_once([partial(on_quota_deducted, event, LATER, rule=rule)] * 3) == ["done"] * 3
    assert Order.objects.filter(origin=Order.Origin.TIMER).count() == 1
    assert ledger.verify().problems == ()
