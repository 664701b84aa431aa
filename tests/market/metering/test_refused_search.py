"""issue 27, must show 3: a seller's search for refused records of an instance uses an index, regardless of their number."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests import factories
from tests.market.plans import plan
from tradepost.market.metering.seller_queries import RecordFilter, refused_of_seller

pytestmark = pytest.mark.django_db


def test_refused_records_of_an_instance_are_read_by_an_index() -> None:
    refused = refused_of_seller(factories.make_seller(), RecordFilter(instance="i-1"), zone=ZoneInfo("UTC"))
    assert "refused_seller_instance" in plan(refused.order_by("-pk")[:26])
