"""Unread notices: their count, the lists, and marking one or all as read."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests import waiting
from tests.factories import NOW, make_buyer
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.identity.models import User
from tradepost.market.notifications.inbox import inbox, mark_all_read, mark_read, unread_by_user
from tradepost.market.notifications.models import Notice, ReadMark
from tradepost.market.notifications.tell import send_notice

pytestmark = pytest.mark.django_db

migration: Any = importlib.import_module("tradepost.market.notifications.migrations.from_0_1.0009_read_marks")


def make_notice(user: User, occasion: str) -> int:
    assert send_notice(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once=occasion, now=NOW)
    return Notice.objects.get(user=user, once__startswith=f"order_completed/{occasion}/").pk


def unread_count(user: User) -> int:
    """Count as the bell does."""
    return User.objects.annotate(unread=unread_by_user()).get(pk=user.pk).unread


def test_only_own_notices_can_be_marked_as_read() -> None:
    reader, other = make_buyer(balance="0"), make_buyer(balance="0")
    _, foreign = make_notice(reader, "CS1"), make_notice(other, "CS1")
    assert not mark_read(reader, now=NOW, notice=foreign)
    assert mark_all_read(reader, now=NOW)
    assert (unread_count(reader), unread_count(other)) == (0, 1)


def test_marking_all_as_read_writes_one_row_and_excludes_later_notices(django_assert_max_num_queries: Any) -> None:
    """A seller's member may have a hundred thousand notices: no request and no worker updates each of them."""
    reader = make_buyer(balance="0")
    for n in range(5):
        make_notice(reader, f"CS{n}")
    with django_assert_max_num_queries(8):  # savepoint and release, user, mark, unread count, write of the mark
        assert mark_all_read(reader, now=NOW)
    assert unread_count(reader) == 0
    assert not mark_all_read(reader, now=NOW)  # a second click changes nothing
    make_notice(reader, "later")
    assert unread_count(reader) == 1
    assert mark_all_read(reader, now=NOW + timedelta(days=1))
    assert list(ReadMark.objects.values_list("user", "at")) == [(reader.pk, NOW + timedelta(days=1))]
    assert unread_count(reader) == 0


def test_individually_and_collectively_read_notices_form_one_list() -> None:
    """Newest first: opened notices above the mark, all notices below it."""
    reader = make_buyer(balance="0")
    below = [make_notice(reader, f"below{n}") for n in range(5)]
    assert mark_read(reader, now=NOW, notice=below[1])
    assert mark_all_read(reader, now=NOW)
    above = [make_notice(reader, f"above{n}") for n in range(4)]
    for pk in (above[0], above[2]):
        assert mark_read(reader, now=NOW, notice=pk)
    assert not mark_read(reader, now=NOW, notice=above[0])
    for size in range(1, 9):
        listed: dict[str, list[int]] = {}
        for only in ("", "unread", "read"):
            after, listed[only] = "", []
            while True:
                page = inbox(reader, only=only, after=after, size=size)
                assert len(page.rows) <= size
                listed[only] += [item.notice.pk for item in page.rows]
                assert all(item.unread == (item.notice.pk in {above[1], above[3]}) for item in page.rows)
                if not (after := page.next_key):
                    break
        assert listed == {
            "": [*above[::-1], *below[::-1]],
            "unread": [above[3], above[1]],
            "read": [above[2], above[0], *below[::-1]],
        }
    assert unread_count(reader) == 2
    assert inbox(reader, only="neither").rows == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_uncommitted_notice_is_not_marked_as_read_before_it_is_visible() -> None:
    """The uncommitted notice has a lower key than a committed one; marking all as read waits for it."""
    reader, marked = make_buyer(balance="0"), threading.Event()

    def run_in_thread(action: Callable[[], object]) -> None:
        try:
            action()
        finally:
            connection.close()

    def mark() -> None:
        mark_all_read(reader, now=NOW)
        marked.set()

    marker = threading.Thread(target=run_in_thread, args=[mark])
    with transaction.atomic():
        make_notice(reader, "under way")
        later = threading.Thread(target=run_in_thread, args=[lambda: make_notice(reader, "later")])
        later.start()
        later.join(waiting.TIMEOUT)
        marker.start()
        until(waits_for_a_lock)
        assert not marked.is_set()
        assert unread_count(reader) == 2
    marker.join(waiting.TIMEOUT)
    assert unread_count(reader) == 0


def test_migration_turns_former_timers_into_marks() -> None:
    reader, deleted_user = make_buyer(balance="0"), 10**9
    keys = [make_notice(reader, f"CS{n}") for n in range(3)]
    for user, upto in ((reader.pk, keys[1]), (reader.pk, keys[0]), (deleted_user, keys[2])):
        payload = {"user": user, "upto": upto, "read_at": NOW.isoformat()}
        jobs.schedule(migration.FORMER_TIMER, f"{user}/{upto}", due_at=NOW, payload=payload)
    migration.marks_of_timers(apps, None)
    assert list(ReadMark.objects.values_list("user", "upto", "at")) == [(reader.pk, keys[1], NOW)]
    assert not Job.objects.filter(kind=migration.FORMER_TIMER).exists()
    assert unread_count(reader) == 1
