"""A person's notices: how many are unread, a page of them in words, and marking them as read.

All at once is one row, the mark of its reader, whether ten notices were unread or a hundred thousand.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base.counting import Count, CountedUpTo
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .messages import render_notice
from .models import Notice, ReadMark
from .notice_parts import RenderedNotice


class Item(Struct, frozen=True):
    notice: Notice
    words: RenderedNotice
    unread: bool


def inbox(user: User, *, only: str = "", after: str = "", size: int = 25) -> Page[Item]:
    """Newest first, in the active language. ``only`` is ``unread``, ``read`` or empty for all."""
    upto = _marked_upto(user)
    notice_page = _page(_filtered_lists(Notice.objects.filter(user=user), only, upto), after, size)
    return Page([_item(notice, upto) for notice in notice_page.rows], notice_page.next_key)


class Group(Struct, frozen=True):
    """Notices of one kind about one object on one day, newest first; the list shows the newest and counts the others."""

    items: tuple[Item, ...]

    @property
    def newest(self) -> Item:
        return self.items[0]

    @property
    def others(self) -> tuple[Item, ...]:
        return self.items[1:]

    @property
    def unread(self) -> bool:
        return any(item.unread for item in self.items)


MAX_GROUPED = 200
"""Notices that a page of groups reads at most."""


def inbox_by_group(user: User, *, only: str = "", after: str = "", size: int = 25) -> Page[Group]:
    """Groups in the order of their newest notices. A group that goes on below the last notice of a page begins again on the
    next."""
    item_page = inbox(user, only=only, after=after, size=MAX_GROUPED)
    groups: dict[tuple[str, str, int, date], list[Item]] = {}
    read: list[Item] = []
    for item in item_page.rows:
        key = _group_of(item.notice)
        if key not in groups and len(groups) == size:
            break
        groups.setdefault(key, []).append(item)
        read.append(item)
    more = len(read) < len(item_page.rows)
    next_key = str(read[-1].notice.pk) if more else item_page.next_key
    return Page([Group(tuple(items)) for items in groups.values()], next_key)


def _group_of(notice: Notice) -> tuple[str, str, int, date]:
    """Where a notice leads tells what it is about; one that leads nowhere is a group of its own. The day is one of the market's
    time zone."""
    day = timezone.localtime(notice.created_at, timezone.get_default_timezone()).date()
    return notice.kind, notice.link, 0 if notice.link else notice.pk, day


def _item(notice: Notice, upto: int) -> Item:
    return Item(notice, render_notice(notice.kind, notice.facts), unread=notice.read_at is None and notice.pk > upto)


def _filtered_lists(notices: QuerySet[Notice], only: str, upto: int) -> list[QuerySet[Notice]]:
    """What to show, as lists that follow each other, each in the words of an index."""
    match only:
        case "":
            return [notices]
        case "unread":
            return [notices.filter(read_at=None, pk__gt=upto)]
        case "read":
            return [notices.filter(~Q(read_at=None), pk__gt=upto), notices.filter(pk__lte=upto)]
        case _:
            return [notices.none()]


def _page(lists: list[QuerySet[Notice]], after: str, size: int) -> Page[Notice]:
    rows: list[Notice] = []
    for notices in lists:
        rows += page(notices, after=after, size=size + 1 - len(rows)).rows
        if len(rows) > size:
            return Page(rows[:size], str(rows[size - 1].pk))
    return Page(rows, "")


MAX_UNREAD = 99
"""What the bell in the header counts to."""


def unread_by_user() -> CountedUpTo:
    """How many notices a user has not read: of the user of each row of a query about users."""
    return CountedUpTo(_unread_of_row(), MAX_UNREAD)


def _unread_of_row() -> QuerySet[Notice]:
    upto = Coalesce(OuterRef("read_mark__upto"), 0)
    return Notice.objects.filter(user=OuterRef("pk"), read_at=None, pk__gt=upto)


class UnreadGroups(CountedUpTo):
    """The groups among the newest unread notices of each user of a query about users."""

    template = "(SELECT COUNT(*) FROM (SELECT DISTINCT kind, link, alone, day FROM (%(subquery)s) newest) counted)"

    def __init__(self) -> None:
        day = TruncDate("created_at", tzinfo=timezone.get_default_timezone())
        alone = Case(When(link="", then=F("pk")), default=Value(0))
        newest = _unread_of_row().order_by("-pk").annotate(day=day, alone=alone).values("kind", "link", "alone", "day")
        Subquery.__init__(self, newest[: MAX_UNREAD + 1])


def bell_count(groups: int, unread: int) -> Count:
    """What the bell shows: groups, with a plus when there are more unread notices than were grouped."""
    count = Count(groups, MAX_UNREAD)
    count.more = unread > MAX_UNREAD
    return count


def mark_read(user: User, *, now: datetime, notice: int, oldest: int | None = None) -> bool:
    """Mark one notice as read, with those of its group down to the key ``oldest``. Returns whether any was this person's and
    unread."""
    notices = Notice.objects.filter(user=user)
    newest = notices.filter(pk=notice).first()
    if newest is None:
        return False
    unread = notices.filter(read_at=None, pk__gt=_marked_upto(user), kind=newest.kind, link=newest.link)
    group = [
        candidate.pk
        for candidate in unread.filter(pk__range=(oldest or notice, notice))
        if _group_of(candidate) == _group_of(newest)
    ]
    return Notice.objects.filter(pk__in=group).update(read_at=now) > 0


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
