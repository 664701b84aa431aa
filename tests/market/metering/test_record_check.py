"""The record check reports usage records that do not match a push of their service's seller, and pushes with a wrong count (0064)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_seller
from tests.factories.metering import item, make_metered, push
from tradepost.cli.findings import Level
from tradepost.cli.usage_diagnosis import check_usage_records
from tradepost.market.metering import record_check
from tradepost.market.metering.models import Push, Record
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=12)


def test_each_inconsistency_is_reported() -> None:
    service = make_metered()
    push(service.seller, [item(service, NOW), item(service, NOW, 3)], now=LATER)
    record, pushed, seller = Record.objects.get().pk, Push.objects.get(), service.seller_id
    assert record_check.problems() == [], "one of the two was refused and not stored"
    assert [check_usage_record.level for check_usage_record in check_usage_records()] == [Level.OK]

    Push.objects.filter(pk=pushed.pk).update(accepted=2, received=3)
    assert record_check.problems() == [f"usage push {pushed.pk} accepted 2 records, and 1 are there"]
    Push.objects.filter(pk=pushed.pk).update(accepted=1, received=2)

    other = make_seller().pk
    Push.objects.filter(pk=pushed.pk).update(seller=other)
    assert record_check.problems() == [
        f"usage record {record} names push {pushed.pk} of seller {seller}, and there is none"
    ]
    [result] = check_usage_records()
    assert (result.level, result.area) == (Level.FAIL, "usage records")
    Push.objects.filter(pk=pushed.pk).update(seller=seller)

    Subscription.objects.filter(pk=service.pk).update(seller=other)
    assert record_check.problems() == [
        f"usage record {record} is of seller {seller}, and its service {service.pk} is not"
    ]
