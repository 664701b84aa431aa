"""What operators see of mail: which was delivered, which waits, which failed and why."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Lower

from tradepost.market.base.paging import Page, page

from .account_mails import said
from .models import Mail
from .notice_parts import Said


@dataclass(frozen=True, slots=True)
class Letter:
    mail: Mail
    words: Said


def all_mails(*, status: str = "", text: str = "", after: str = "", size: int = 25) -> Page[Letter]:
    """Newest first, with their words in the active language. ``text`` is a whole address."""
    # Not joined: PostgreSQL would, for the whole table, before it takes the newest.
    mails = Mail.objects.prefetch_related("notice__user")
    if status:
        mails = mails.filter(status=status)
    if sought := text.strip():
        mails = mails.annotate(to=Lower("address")).filter(to=sought.lower())
    found = page(mails, after=after, size=size)
    return Page([Letter(mail, said(mail)) for mail in found.rows], found.next_key)


def find_mail(pk: int) -> Mail | None:
    return Mail.objects.filter(pk=pk).first()


def failed() -> QuerySet[Mail]:
    return Mail.objects.filter(status=Mail.Status.FAILED)
