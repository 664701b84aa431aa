"""Who waited for another's try has the earlier time: that alone refuses nobody (joint.md §9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.market.auth_centre import failed_tries
from tradepost.market.auth_centre.lockout import Lockout
from tradepost.market.auth_centre.models import SignInFailure

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
LOCKOUT = Lockout(free=3, first=timedelta(seconds=30), most=timedelta(hours=1))


def test_tries_that_overtook_each_other_are_counted_and_not_refused() -> None:
    begun = [failed_tries.begin("zhang", LOCKOUT, now=NOW - timedelta(milliseconds=late)) for late in (0, 7, 3)]
    assert begun == [0, 0, 0]
    row = SignInFailure.objects.get()
    assert (row.failures, row.locked_until) == (3, NOW + LOCKOUT.first)


def test_a_lock_holds_to_its_last_moment() -> None:
    for _ in range(LOCKOUT.free):
        failed_tries.begin("zhang", LOCKOUT, now=NOW)
    assert failed_tries.begin("zhang", LOCKOUT, now=NOW + LOCKOUT.first - timedelta(milliseconds=1)) == 1
    assert SignInFailure.objects.get().failures == LOCKOUT.free
    assert failed_tries.begin("zhang", LOCKOUT, now=NOW + LOCKOUT.first) == 0
