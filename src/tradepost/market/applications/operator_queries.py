"""Queries for operators about the bindings of all sellers and enterprises."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .models import TenantBinding


class BindingFilters(Struct, frozen=True, kw_only=True):
    """Filters of the list; empty fields match everything. ``code``: the full code of an enterprise."""

    status: str = ""
    code: str = ""
    seller: str = ""
    since: datetime | None = None
    until: datetime | None = None


def all_bindings(filters: BindingFilters, *, after: str = "", size: int = 25) -> Page[TenantBinding]:
    """Return a page of bindings. An invalid filter value finds nothing."""
    bindings = between(TenantBinding.objects.all(), "created_at", filters.since, filters.until)
    bindings = bindings.select_related("enterprise", "application__seller", "subscription", "address")
    along: tuple[str, ...] = ()
    if filters.status:
        bindings, along = bindings.filter(status=filters.status), ("status",)
    if filters.code:
        bindings = bindings.filter(enterprise__code=filters.code.lower())
    if filters.seller:
        bindings = bindings.filter(application__seller=whole_number(filters.seller) or 0)
    return page(bindings, after=after, size=size, along=along)


def find_binding(pk: int) -> TenantBinding | None:
    bindings = TenantBinding.objects.select_related(
        "enterprise", "application__seller", "subscription__product", "address"
    )
    return bindings.filter(pk=pk).first()
