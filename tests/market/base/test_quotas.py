"""Quotas counted from rows; a refusal says how long it lasts (RFC 6585 §4: 429 "MAY include a Retry-After header")."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tradepost.market.base.quotas import DAY, wait_after, wait_for_room
from tradepost.market.identity.models import User

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ages", "limit", "wait"),
    [
        ([], 1, 0),
        ([1], 2, 0),
        ([1], 1, 23),
        ([1, 5], 2, 19),
        ([1, 5, 20], 2, 19),
        ([1, 25], 2, 0),
        ([1, 24], 2, 0),
        ([], 0, 24),
    ],
)
def test_wait_ends_when_the_oldest_counted_row_leaves_the_day(ages: list[int], limit: int, wait: int) -> None:
    newest = [NOW - age * HOUR for age in ages]
    assert wait_after(newest, limit, now=NOW) == wait * 3600


@pytest.mark.django_db
def test_rows_are_counted_by_time() -> None:
    for age in (2, 7, 30):
        User.objects.filter(pk=factories.make_buyer().pk).update(joined_at=NOW - age * HOUR)
    rows = User.objects.filter(joined_at__gt=NOW - 40 * HOUR)
    assert wait_for_room(rows, "joined_at", 3, now=NOW) == 0
    assert wait_for_room(rows, "joined_at", 2, now=NOW) == 17 * 3600
    assert wait_for_room(rows, "joined_at", 2, now=NOW + 17 * HOUR) == 0
    assert wait_for_room(rows, "joined_at", 1, now=NOW) == (DAY - 2 * HOUR).total_seconds()
