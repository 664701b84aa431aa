"""The refund check reports refunds that break its rules."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.market.fulfilment.services import service
from tests.market.fulfilment.unsubscribing import PRICE, asked
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.refund_check import problems
from tradepost.market.orders.refund_models import Refund

pytestmark = [pytest.mark.django_db]


def test_inconsistent_refunds_are_reported(client: Client) -> None:
    refund = asked(service(), "no_reason")
    assert problems() == []
    Refund.objects.filter(pk=refund.pk).update(amount_minor=PRICE - 1)
    assert problems() == [f"refund {refund.pk} says {PRICE - 1}, its lines {PRICE}"]
    line = refund.lines.get().line
    OrderLine.objects.filter(pk=line.pk).update(amount_minor=PRICE - 1)
    assert f"order line {line.number} gave back {PRICE} of {PRICE - 1}" in problems()
    client.force_login(make_operator())
    assert "gave back" in client.get("/console/ledger/?check=1").content.decode()
