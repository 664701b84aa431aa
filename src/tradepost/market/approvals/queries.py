"""Queries for requests for approval."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .models import Limit, Request

RELATED = ("user", "other_user", "seller", "asked_by", "decided_by")


def all_requests(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Request]:
    """Return a page of requests, newest first. ``since`` and ``until`` bound the time of the request."""
    rows = between(Request.objects.all(), "asked_at", since, until).select_related(*RELATED)
    return page(rows.filter(status=status) if status else rows, after=after, size=size)


def find_request(pk: int) -> Request | None:
    return Request.objects.select_related(*RELATED).filter(pk=pk).first()


def latest_limits(currency: str, *, max_count: int = 20) -> list[Limit]:
    """Return the latest limits of a currency, newest first."""
    return list(Limit.objects.filter(currency=currency).select_related("set_by").order_by("-pk")[:max_count])
