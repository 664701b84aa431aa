"""A person's notices: how many are unread, a page of them in words, and marking them as read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .messages import Said, say
from .models import Notice


@dataclass(frozen=True, slots=True)
class Item:
    notice: Notice
    words: Said


def inbox(user: User, *, only: str = "", after: str = "", size: int = 25) -> Page[Item]:
    """Newest first, in the active language. ``only`` is ``unread``, ``read`` or empty for all."""
    rows = Notice.objects.filter(user=user)
    if only:
        rows = rows.filter(read_at__isnull=only == "unread") if only in {"unread", "read"} else rows.none()
    found = page(rows, after=after, size=size)
    return Page([Item(notice, say(notice.kind, notice.facts)) for notice in found.rows], found.next_key)


def unread(user: User) -> int:
    """For the bell in the header: counted up to 100, since ``99+`` is all it shows."""
    return Notice.objects.filter(user=user, read_at=None).order_by("-id")[:100].count()


def mark_read(user: User, *, now: datetime, notice: int | None = None) -> int:
    """Mark one notice, or all of this person, as read. Another person's notice is not touched. Returns how many."""
    rows = Notice.objects.filter(user=user, read_at=None)
    return (rows if notice is None else rows.filter(pk=notice)).update(read_at=now)
