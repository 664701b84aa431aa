"""Concurrent pushes of the same records store each record once, and each push reports its own result
(openapi-jointkit §C.5 rule 4).
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db.models import Sum

from tests.factories import NOW
from tests.factories.metering import item, make_metered, push
from tests.market.at_once import at_once
from tradepost.market.metering import record_check
from tradepost.market.metering.models import Push, Record

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(hours=200)
RECORD_COUNT = 60


def test_concurrent_pushes_store_each_record_once() -> None:
    """The first half was stored before, and each push lists all records in another order."""
    service = make_metered()
    items = [item(service, NOW + n * timedelta(hours=1), n + 1, sn=f"sn-{n}") for n in range(RECORD_COUNT)]
    push(service.seller, items[: RECORD_COUNT // 2], now=LATER)
    orders = (items, items[::-1], items[RECORD_COUNT // 2 :] + items[: RECORD_COUNT // 2])
    assert at_once([partial(push, service.seller, order, now=LATER) for order in orders]) == ["done"] * 3
    assert sorted(Record.objects.values_list("sn", flat=True)) == sorted(f"sn-{n}" for n in range(RECORD_COUNT))
    totals = Push.objects.aggregate(accepted=Sum("accepted"), repeated=Sum("repeated"), refused=Sum("refused"))
    assert totals == {"accepted": RECORD_COUNT, "repeated": 3 * RECORD_COUNT - RECORD_COUNT // 2, "refused": 0}
    assert record_check.problems() == []
