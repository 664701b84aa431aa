"""What went out, waits, failed or was not sent, and why: for operators all of it, for a seller its own, for a reader that of a
notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import QuerySet
from django.db.models.functions import Lower
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .categories import Channel
from .models import NoticeDelivery
from .notice_parts import RenderedNotice
from .phones import masked, standard_form
from .spoken import render_delivery


class LogRow(Struct, frozen=True):
    delivery: NoticeDelivery
    words: RenderedNotice


class LogFilter(Struct, frozen=True):
    """``text`` is a whole address: of a mailbox, or a phone number as people write it."""

    status: str = ""
    channel: str = ""
    reason: str = ""
    text: str = ""


def log_page(sought: LogFilter, *, seller: Seller | None = None, after: str = "", size: int = 25) -> Page[LogRow]:
    """Newest first, with their words in the active language; of one seller where one is given."""
    # Not joined: PostgreSQL would, for the whole table, before it takes the newest.
    rows = NoticeDelivery.objects.prefetch_related("notice__user", "summary", "receiver")
    if seller is not None:
        rows = rows.filter(seller=seller)
    filters = {"status": sought.status, "channel": sought.channel, "reason": sought.reason}
    rows = rows.filter(**{column: value for column, value in filters.items() if value})
    if text := sought.text.strip():
        address = text if "@" in text else standard_form(text) or text
        rows = rows.annotate(to=Lower("address")).filter(to=address.lower())
    delivery_page = page(rows, after=after, size=size)
    return Page(
        [LogRow(delivery, render_delivery(delivery)) for delivery in delivery_page.rows], delivery_page.next_key
    )


def find_delivery(pk: int, *, seller: Seller | None = None) -> NoticeDelivery | None:
    rows = NoticeDelivery.objects.select_related("notice__user", "summary", "receiver", "endpoint").filter(pk=pk)
    return (rows if seller is None else rows.filter(seller=seller)).first()


def deliveries_of_notices(notices: Collection[int]) -> dict[int, list[NoticeDelivery]]:
    """What went out about each of these notices, or why it did not."""
    deliveries: defaultdict[int, list[NoticeDelivery]] = defaultdict(list)
    for delivery in NoticeDelivery.objects.select_related("summary").filter(notice__in=notices).order_by("pk"):
        if delivery.notice_id is not None:
            deliveries[delivery.notice_id].append(delivery)
    return deliveries


def displayed_address(one: NoticeDelivery) -> str:
    """A phone number is shown to its reader as far as they recognise it."""
    return masked(one.address) if one.channel == Channel.SMS and one.address else one.address


def failed_deliveries() -> QuerySet[NoticeDelivery]:
    return NoticeDelivery.objects.filter(status=NoticeDelivery.Status.FAILED)
