"""How many notices are unread, which are shown, and how one or all of them become read."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests.factories import NOW, make_buyer
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.identity.models import User
from tradepost.market.notifications.inbox import inbox, mark_all_read, mark_read, unread_by_user
from tradepost.market.notifications.models import Notice, ReadMark
from tradepost.market.notifications.tell import tell

pytestmark = pytest.mark.django_db

migration: Any = importlib.import_module("tradepost.market.notifications.migrations.0009_read_marks")


def told(user: User, occasion: str) -> int:
    assert tell(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once=occasion, now=NOW)
    return Notice.objects.get(user=user, once__startswith=f"order_completed/{occasion}/").pk


def unread(user: User) -> int:
    """As the bell counts it."""
    return User.objects.annotate(unread=unread_by_user()).get(pk=user.pk).unread


def test_reading_touches_ones_own_notices_only() -> None:
    mine, other = make_buyer(balance="0"), make_buyer(balance="0")
    _, theirs = told(mine, "CS1"), told(other, "CS1")
    assert not mark_read(mine, now=NOW, notice=theirs)
    assert mark_all_read(mine, now=NOW)
    assert (unread(mine), unread(other)) == (0, 1)


def test_all_are_read_at_once_by_one_row_and_what_comes_later_is_not(django_assert_max_num_queries: Any) -> None:
    """A seller's member may have a hundred thousand of them: no request, and no worker, works on all."""
    mine = make_buyer(balance="0")
    for n in range(5):
        told(mine, f"CS{n}")
    with django_assert_max_num_queries(
        8
    ):  # a savepoint, its end, the person; the mark, what is unread; the mark is written
        assert mark_all_read(mine, now=NOW)
    assert unread(mine) == 0
    assert not mark_all_read(mine, now=NOW)  # pressed again: nothing is done twice
    told(mine, "later")
    assert unread(mine) == 1
    assert mark_all_read(mine, now=NOW + timedelta(days=1))
    assert list(ReadMark.objects.values_list("user", "at")) == [(mine.pk, NOW + timedelta(days=1))]
    assert unread(mine) == 0


def test_what_was_read_by_itself_or_at_once_is_one_list_without_gap() -> None:
    """Newest first: above the mark those that were opened, below it all of them."""
    mine = make_buyer(balance="0")
    below = [told(mine, f"below{n}") for n in range(5)]
    assert mark_read(mine, now=NOW, notice=below[1])
    assert mark_all_read(mine, now=NOW)
    above = [told(mine, f"above{n}") for n in range(4)]
    for pk in (above[0], above[2]):
        assert mark_read(mine, now=NOW, notice=pk)
    assert not mark_read(mine, now=NOW, notice=above[0])
    for size in range(1, 9):
        shown: dict[str, list[int]] = {}
        for only in ("", "unread", "read"):
            after, shown[only] = "", []
            while True:
                found = inbox(mine, only=only, after=after, size=size)
                assert len(found.rows) <= size
                shown[only] += [item.notice.pk for item in found.rows]
                assert all(item.unread == (item.notice.pk in {above[1], above[3]}) for item in found.rows)
                if not (after := found.next_key):
                    break
        assert shown == {
            "": [*above[::-1], *below[::-1]],
            "unread": [above[3], above[1]],
            "read": [above[2], above[0], *below[::-1]],
        }
    assert unread(mine) == 2
    assert inbox(mine, only="neither").rows == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_notice_that_is_under_way_is_never_read_before_it_can_be_seen() -> None:
    """Its key is given, and a later one is there already: who marks all as read waits for it."""
    mine, marked = make_buyer(balance="0"), threading.Event()

    def apart(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connection.close()

    def mark() -> None:
        mark_all_read(mine, now=NOW)
        marked.set()

    marker = threading.Thread(target=apart, args=[mark])
    with transaction.atomic():
        told(mine, "under way")
        later = threading.Thread(target=apart, args=[lambda: told(mine, "later")])
        later.start()
        later.join()
        marker.start()
        until(waits_for_a_lock)
        assert not marked.is_set()
        assert unread(mine) == 2
    marker.join()
    assert unread(mine) == 0


def test_timers_of_before_that_still_marked_one_by_one_become_marks() -> None:
    mine, gone = make_buyer(balance="0"), 10**9
    keys = [told(mine, f"CS{n}") for n in range(3)]
    for user, upto in ((mine.pk, keys[1]), (mine.pk, keys[0]), (gone, keys[2])):
        payload = {"user": user, "upto": upto, "read_at": NOW.isoformat()}
        jobs.schedule(migration.FORMER_TIMER, f"{user}/{upto}", due_at=NOW, payload=payload)
    migration.marks_of_timers(apps, None)
    assert list(ReadMark.objects.values_list("user", "upto", "at")) == [(mine.pk, keys[1], NOW)]
    assert not Job.objects.filter(kind=migration.FORMER_TIMER).exists()
    assert unread(mine) == 1
