"""Queries on enterprises for operators."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between

from .administrators import admins_who_can_sign_in
from .models import Enterprise, Member

MAX_ADMINS = 100


class Admin(Struct, frozen=True):
    """``able``: whether the administrator can sign in."""

    member: Member
    able: bool


class EnterpriseFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list; empty for all. ``code``: a complete code."""

    code: str = ""
    without_admin: bool = False
    since: datetime | None = None
    until: datetime | None = None


def enterprises(filters: EnterpriseFilter, *, after: str = "", size: int = 25) -> Page[Enterprise]:
    """Return a page of enterprises, newest first."""
    rows = between(Enterprise.objects.all(), "created_at", filters.since, filters.until)
    rows = rows.select_related("buyer", "test_seller")
    if filters.code:
        rows = rows.filter(code=filters.code.lower())
    if filters.without_admin:
        has_admin = Exists(admins_who_can_sign_in(OuterRef("pk")))
        rows = rows.filter(~has_admin, status=Enterprise.Status.ACTIVE, test_seller=None)
    return page(rows, after=after, size=size)


def admins_of(enterprise: Enterprise) -> list[Admin]:
    """Return the administrators, including those who cannot sign in."""
    able_keys = set(admins_who_can_sign_in(enterprise.pk).values_list("pk", flat=True)[:MAX_ADMINS])
    members = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, removed_at=None)
    rows = members.select_related("user").order_by("-pk")[:MAX_ADMINS]
    return [Admin(member, member.pk in able_keys) for member in rows]
