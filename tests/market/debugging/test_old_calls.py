"""Old test calls are deleted with their runs and attempts; calls of saved cases stay."""

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
def test_old_test_calls_are_deleted_except_for_cases_open_calls_and_orders() -> None:
    order = make_call()
    Call.objects.filter(pk=order.pk).update(created_at=NOW)
    address = at()
    failed = answer(tried(address, "releaseInstance"), Rejected(code="000005", message="no"), now=NOW)
    saved_run = answer(tried(address, "queryInstance"), now=NOW)
    open_one = tried(address, "queryInstance")
    night(NOW + 30 * DAY)
    assert DebugRun.objects.count() == 3
    night(NOW + 30 * DAY + timedelta(minutes=2))
    assert set(DebugRun.objects.values_list("pk", flat=True)) == {saved_run.pk, open_one.pk}
    assert not Attempt.objects.filter(call=failed.call_id).exists()
    assert DebugCase.objects.get().call_id == saved_run.call_id
    assert Call.objects.filter(pk=order.pk).exists()
