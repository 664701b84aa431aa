"""A person's notices: how many are unread, a page of them in words, and marking them as read.

All at once is one row, the mark of its reader, whether ten notices were unread or a hundred thousand.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from msgspec import Struct

from tradepost.market.base.counting import CountedUpTo
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .messages import say
from .models import Notice, ReadMark
from .notice_parts import Said


class Item(Struct, frozen=True):
    notice: Notice
    words: Said
    unread: bool


def inbox(user: User, *, only: str = "", after: str = "", size: int = 25) -> Page[Item]:
    """Newest first, in the active language. ``only`` is ``unread``, ``read`` or empty for all."""
    upto = _marked_upto(user)
    found = _page(_lists(Notice.objects.filter(user=user), only, upto), after, size)
    return Page([_item(notice, upto) for notice in found.rows], found.next_key)


def _item(notice: Notice, upto: int) -> Item:
    return Item(notice, say(notice.kind, notice.facts), unread=notice.read_at is None and notice.pk > upto)


def _lists(mine: QuerySet[Notice], only: str, upto: int) -> list[QuerySet[Notice]]:
    """What to show, as lists that follow each other, each in the words of an index."""
    match only:
        case "":
            return [mine]
        case "unread":
            return [mine.filter(read_at=None, pk__gt=upto)]
        case "read":
            return [mine.filter(~Q(read_at=None), pk__gt=upto), mine.filter(pk__lte=upto)]
        case _:
            return [mine.none()]


def _page(lists: list[QuerySet[Notice]], after: str, size: int) -> Page[Notice]:
    rows: list[Notice] = []
    for one in lists:
        rows += page(one, after=after, size=size + 1 - len(rows)).rows
        if len(rows) > size:
            return Page(rows[:size], str(rows[size - 1].pk))
    return Page(rows, "")


MOST_UNREAD = 99
"""What the bell in the header counts to."""


def unread_by_user() -> CountedUpTo:
    """How many notices a user has not read: of the user of each row of a query about users."""
    upto = Coalesce(OuterRef("read_mark__upto"), 0)
    return CountedUpTo(Notice.objects.filter(user=OuterRef("pk"), read_at=None, pk__gt=upto), MOST_UNREAD)


def mark_read(user: User, *, now: datetime, notice: int) -> bool:
    """Mark one notice as read. Returns whether it was this person's and unread."""
    unread = Notice.objects.filter(user=user, read_at=None, pk=notice, pk__gt=_marked_upto(user))
    return unread.update(read_at=now) > 0


@transaction.atomic
def mark_all_read(user: User, *, now: datetime) -> bool:
    """Mark all of this person's notices until now as read. Returns whether any was unread.

    Keys are given before rows are committed. Whoever tells this person something holds the person's row (``tell.py``), so
    that with the lock taken no notice is under way whose key is smaller: it would be read before anybody could see it.
    """
    User.objects.select_for_update().only("pk").get(pk=user.pk)
    unread = Notice.objects.filter(user=user, read_at=None, pk__gt=_marked_upto(user))
    newest = unread.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return False
    mark = ReadMark(user=user, upto=newest, at=now)
    ReadMark.objects.bulk_create([mark], update_conflicts=True, unique_fields=["user"], update_fields=["upto", "at"])
    return True


def _marked_upto(user: User) -> int:
    return ReadMark.objects.filter(user=user).values_list("upto", flat=True).first() or 0
