"""Test calls go when they are old, with their runs and attempts; what a saved case still shows stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_call
from tests.market.debugging.answering import answer, at, tried
from tests.market.nights import DAY, night
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.production.models import Attempt, Call
from tradepost.protocols.commands import Rejected


@pytest.mark.django_db
def test_old_test_calls_go_but_for_that_of_a_case_those_under_way_and_those_of_orders() -> None:
    order = make_call()
    Call.objects.filter(pk=order.pk).update(created_at=NOW)
    address = at()
    failed = answer(tried(address, "releaseInstance"), Rejected(code="000005", message="no"), now=NOW)
    saved = answer(tried(address, "queryInstance"), now=NOW)
    open_one = tried(address, "queryInstance")
    night(NOW + 30 * DAY)
    assert DebugRun.objects.count() == 3
    night(NOW + 30 * DAY + timedelta(minutes=2))
    assert set(DebugRun.objects.values_list("pk", flat=True)) == {saved.pk, open_one.pk}
    assert not Attempt.objects.filter(call=failed.call_id).exists()
    assert DebugCase.objects.get().call_id == saved.call_id
    assert Call.objects.filter(pk=order.pk).exists()
