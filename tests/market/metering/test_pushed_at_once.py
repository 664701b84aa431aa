"""The same records pushed by several processes at the same moment are there once, and each push says what became of its own
(openapi-jointkit §C.5 rule 4)."""

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
COUNT = 60


def test_each_record_counts_once() -> None:
    """Those of the first half are there before, and the pushes name all in other orders."""
    service = make_metered()
    items = [item(service, NOW + n * timedelta(hours=1), n + 1, sn=f"sn-{n}") for n in range(COUNT)]
    push(service.seller, items[: COUNT // 2], now=LATER)
    orders = (items, items[::-1], items[COUNT // 2 :] + items[: COUNT // 2])
    assert at_once([partial(push, service.seller, order, now=LATER) for order in orders]) == ["done"] * 3
    assert sorted(Record.objects.values_list("sn", flat=True)) == sorted(f"sn-{n}" for n in range(COUNT))
    told = Push.objects.aggregate(accepted=Sum("accepted"), repeated=Sum("repeated"), refused=Sum("refused"))
    assert told == {"accepted": COUNT, "repeated": 3 * COUNT - COUNT // 2, "refused": 0}
    assert record_check.problems() == []
