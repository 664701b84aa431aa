"""The hours in a seller's list of servers are those of the current month, even for servers that have run longer (business-rules §5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_buyer
from tests.factories.images import go_to, make_image, make_period_image, make_server
from tradepost.market.images.models import ImageTime
from tradepost.market.images.seller_queries import running_servers
from tradepost.market.metering.meters import start_of

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
TEN = datetime(2027, 3, 31, 22, tzinfo=SHANGHAI)


def test_hours_of_the_last_month_are_excluded() -> None:
    product, buyer = make_image(now=TEN), make_buyer()
    charged = make_server(buyer, product, now=TEN)
    covered = make_server(buyer, product, name="web-2", now=TEN)
    make_period_image(buyer, covered, now=TEN)
    now = go_to(TEN + timedelta(hours=5, minutes=10), TEN)
    assert ImageTime.objects.filter(server=charged).count() == 5
    month = start_of(now, "month", SHANGHAI)
    assert month == datetime(2027, 4, 1, tzinfo=SHANGHAI)
    listed = {row.server.name: (row.charged, row.covered) for row in running_servers(product.seller, since=month).rows}
    assert listed == {charged.name: (Decimal(3), Decimal(0)), covered.name: (Decimal(0), Decimal(3))}
    total = {row.server.name: row.charged + row.covered for row in running_servers(product.seller, since=TEN).rows}
    assert total == {charged.name: Decimal(5), covered.name: Decimal(5)}
