"""A person's notices: how many are unread, a page of them in words, and marking them as read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q

from tradepost.market.base.counting import CountedUpTo
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .messages import say
from .models import Notice
from .notice_parts import Said


@dataclass(frozen=True, slots=True)
class Item:
    notice: Notice
    words: Said


def inbox(user: User, *, only: str = "", after: str = "", size: int = 25) -> Page[Item]:
    """Newest first, in the active language. ``only`` is ``unread``, ``read`` or empty for all."""
    rows = Notice.objects.filter(user=user)
    if only:
        # In the words of the partial indexes.
        narrow = {"unread": Q(read_at=None), "read": ~Q(read_at=None)}.get(only)
        rows = rows.filter(narrow) if narrow else rows.none()
    found = page(rows, after=after, size=size)
    return Page([Item(notice, say(notice.kind, notice.facts)) for notice in found.rows], found.next_key)


MOST_UNREAD = 99
"""What the bell in the header counts to."""


def unread_by_user() -> CountedUpTo:
    """How many notices a user has not read: of the user of each row of a query about users."""
    return CountedUpTo(Notice.objects.filter(user=OuterRef("pk"), read_at=None), MOST_UNREAD)


def mark_read(user: User, *, now: datetime, notice: int | None = None) -> int:
    """Mark one notice, or all of this person, as read. Another person's notice is not touched. Returns how many."""
    rows = Notice.objects.filter(user=user, read_at=None)
    return (rows if notice is None else rows.filter(pk=notice)).update(read_at=now)
