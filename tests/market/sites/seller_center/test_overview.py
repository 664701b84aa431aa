"""The start page of the seller center shows the seller's tasks, and nothing if there are none."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.market.service_desk.asking import make_complaint, pass_to_seller
from tradepost.market.service_desk.complaints import reply

pytestmark = pytest.mark.django_db


def test_open_demand_and_complaint_need_the_seller() -> None:
    """business-rules §17.6, §17.7: both have a deadline after which the market continues without the seller."""
    member = factories.make_buyer(balance="0")
    seller = factories.make_seller(member=member)
    page = Client(headers={"accept-language": "en"})
    page.force_login(member)

    def said() -> str:
        return " ".join(page.get("/seller/").content.decode().split())

    assert "customer demand" not in said()
    pass_to_seller(seller)
    complaint = make_complaint(seller=seller)
    shown = said()
    assert "The market asks you about 1 customer demand" in shown
    assert "1 complaint about you has no reply yet" in shown
    reply(complaint, "We are here.", by=member, now=factories.NOW)
    assert "complaint about you" not in said()
