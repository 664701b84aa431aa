"""What an operator sees of bindings: all sellers' and all enterprises'."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page

from .models import TenantBinding


class Narrowed(Struct, frozen=True, kw_only=True):
    """What an operator asks the list for; empty means all. ``code``: the whole code of an enterprise."""

    status: str = ""
    code: str = ""
    seller: str = ""


def all_bindings(asked: Narrowed, *, after: str = "") -> Page[TenantBinding]:
    """A value that means nothing finds nothing rather than everything."""
    found = TenantBinding.objects.select_related("enterprise", "application__seller", "subscription", "address")
    along: tuple[str, ...] = ()
    if asked.status:
        found, along = found.filter(status=asked.status), ("status",)
    if asked.code:
        found = found.filter(enterprise__code=asked.code.lower())
    if asked.seller:
        found = found.filter(application__seller=whole_number(asked.seller) or 0)
    return page(found, after=after, along=along)


def find_binding(pk: int) -> TenantBinding | None:
    found = TenantBinding.objects.select_related(
        "enterprise", "application__seller", "subscription__product", "address"
    )
    return found.filter(pk=pk).first()
