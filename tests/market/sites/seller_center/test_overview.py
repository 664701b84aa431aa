"""The first page of the seller center says what waits for the seller, and nothing when nothing does."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.market.service_desk.asking import complained, passed
from tradepost.market.service_desk.complaints import reply

pytestmark = pytest.mark.django_db


def test_a_demand_and_a_complaint_wait_for_the_seller() -> None:
    """business-rules §17.6, §17.7: both have a time after which the market goes on without the seller."""
    member = factories.make_buyer(balance="0")
    seller = factories.make_seller(member=member)
    page = Client(headers={"accept-language": "en"})
    page.force_login(member)

    def said() -> str:
        return " ".join(page.get("/seller/").content.decode().split())

    assert "customer demand" not in said()
    passed(seller)
    complaint = complained(seller=seller)
    shown = said()
    assert "The market asks you about 1 customer demand" in shown
    assert "1 complaint about you has no reply yet" in shown
    reply(complaint, "We are here.", by=member, now=factories.NOW)
    assert "complaint about you" not in said()
