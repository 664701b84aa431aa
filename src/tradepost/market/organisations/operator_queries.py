"""What an operator sees of enterprises."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from msgspec import Struct

from tradepost.market.base.paging import Page, page

from .administrators import able_admins
from .models import Enterprise, Member

MOST_ADMINS = 100


class Admin(Struct, frozen=True):
    """``able``: whether the administrator can sign in."""

    member: Member
    able: bool


def enterprises(text: str, *, without_admin: bool = False, after: str = "") -> Page[Enterprise]:
    """The newest first. ``text``: the whole code of one."""
    rows = Enterprise.objects.select_related("buyer", "test_seller")
    if text:
        rows = rows.filter(code=text.lower())
    if without_admin:
        able = Exists(able_admins(OuterRef("pk")))
        rows = rows.filter(~able, status=Enterprise.Status.ACTIVE, test_seller=None)
    return page(rows, after=after)


def admins_of(enterprise: Enterprise) -> list[Admin]:
    """Also those who cannot sign in."""
    able = set(able_admins(enterprise.pk).values_list("pk", flat=True)[:MOST_ADMINS])
    found = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, removed_at=None)
    rows = found.select_related("user").order_by("-pk")[:MOST_ADMINS]
    return [Admin(one, one.pk in able) for one in rows]
