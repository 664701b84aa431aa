"""Reads of enterprises and their people for their administrators, and for themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count as Counted
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.prefix import begins
from tradepost.market.identity.models import User

from .models import Department, Enterprise, EnterpriseAct, Group, GroupMember, ImportRun, Invitation, Member

IDENTIFIER = re.compile(r"[0-9A-Za-z]{1,32}")
"""What may be a member's ``public_id``."""
NO_PASSWORD = Q(managed=True, password_at=None, removed_at=None)
COUNTED = 2_000
"""Members of an enterprise up to which those of each department are counted."""
FOUND = 200
"""Members that a search gives: whoever looks for one types more of the name."""
SHOWN_DEPARTMENTS = 500
"""Departments that a choice lists; of more, codes are typed."""


class MemberFilter(Struct, frozen=True, kw_only=True):
    """What an administrator asks the list of members for; empty means all. ``text``: beginning of an account name, or of a name.
    ``department``: its key. ``show``: ``removed``, ``admins``, ``passwords`` for those who have none yet, or all who are there."""

    text: str = ""
    department: str = ""
    show: str = ""


def memberships_of(user: User) -> list[Member]:
    """Of a person, in enterprises that live; the newest first."""
    found = Member.objects.filter(user=user, removed_at=None, enterprise__status=Enterprise.Status.ACTIVE)
    return list(found.select_related("enterprise", "department").order_by("-pk"))


def membership(user: User, code: str) -> Member | None:
    """Of a person in the enterprise with this code, while both live and the membership is not disabled."""
    found = Member.objects.filter(user=user, enterprise__code=code, removed_at=None, enabled=True)
    return found.filter(enterprise__status=Enterprise.Status.ACTIVE).select_related("enterprise", "department").first()


def admins_of(enterprise: Enterprise) -> list[Member]:
    found = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None)
    return list(found.select_related("user").order_by("pk"))


def members_of(enterprise: Enterprise, asked: MemberFilter, *, after: str = "") -> Page[Member]:
    rows = Member.objects.filter(enterprise=enterprise).select_related("department")
    rows = rows.filter(removed_at__isnull=asked.show != "removed")
    if asked.show == "admins":
        rows = rows.filter(role=Member.Role.ADMIN)
    if asked.show == "passwords":
        rows = rows.filter(NO_PASSWORD)
    if (department := whole_number(asked.department)) is not None:
        rows = rows.filter(department=department)
    if text := asked.text.strip():
        rows = rows.filter(pk__in=who_begin(rows, text))
    return page(rows, after=after)


def who_begin(rows: QuerySet[Member], text: str) -> list[int]:
    """Keys of those whose account name, or name, begins so: at most ``FOUND``, those with such an account name first. They are looked
    for apart, since in the order of the list PostgreSQL would walk past everybody else until it has a page full."""
    wanted = (begins("user_name", text.lower()), begins("name", text))
    keys = rows.order_by().values_list("pk", flat=True)
    return list(dict.fromkeys(key for condition in wanted for key in keys.filter(condition)[:FOUND]))[:FOUND]


def find_member(enterprise: Enterprise, pk: int) -> Member | None:
    """Removed ones too."""
    found = Member.objects.filter(enterprise=enterprise, pk=pk)
    return found.select_related("user", "department", "enterprise").first()


def people_in(enterprise: Enterprise) -> dict[int, int]:
    """How many members each department has of its own, by its key; nothing of an enterprise that is too large to count."""
    if enterprise.people > COUNTED:
        return {}
    living = Member.objects.filter(enterprise=enterprise, removed_at=None)
    return dict(living.values_list("department").annotate(n=Count("pk")).order_by())


def people_of(department: Department) -> Counted:
    """Its own members, no further than they are read."""
    [found] = counts_up_to(Member.objects.filter(department=department, removed_at=None))
    return found


def find_department(enterprise: Enterprise, pk: int) -> Department | None:
    return Department.objects.filter(enterprise=enterprise, pk=pk, removed_at=None).first()


def codes_of(enterprise: Enterprise) -> dict[int, str]:
    """Codes of living departments, by key."""
    return dict(Department.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", "code"))


def groups_of(enterprise: Enterprise) -> list[Group]:
    """By name."""
    return list(Group.objects.filter(enterprise=enterprise, removed_at=None).order_by("name", "pk"))


def groups_with_sizes(enterprise: Enterprise) -> list[tuple[Group, Counted]]:
    """By name, each with how many are in it, no further than they are read."""
    found = groups_of(enterprise)
    inside = [GroupMember.objects.filter(group=one).order_by("group", "-pk") for one in found]
    return list(zip(found, counts_up_to(*inside), strict=True)) if found else []


def find_group(enterprise: Enterprise, pk: int) -> Group | None:
    return Group.objects.filter(enterprise=enterprise, pk=pk, removed_at=None).first()


def in_group(group: Group, *, after: str = "") -> Page[GroupMember]:
    return page(
        GroupMember.objects.filter(group=group).select_related("member__department"), after=after, along=("group",)
    )


def groups_with(member: Member) -> list[Group]:
    return list(Group.objects.filter(memberships__member=member, removed_at=None).order_by("name", "pk"))


def by_account_names(enterprise: Enterprise, names: Sequence[str]) -> dict[str, int]:
    """Keys of living members by account name, of those that there are."""
    found = Member.objects.filter(enterprise=enterprise, user_name__in=names, removed_at=None)
    return dict(found.values_list("user_name", "pk"))


def open_invitations(enterprise: Enterprise, *, after: str = "") -> Page[Invitation]:
    found = Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING)
    return page(found.select_related("department"), after=after, along=("enterprise", "status"))


def find_invitation_of(enterprise: Enterprise, pk: int) -> Invitation | None:
    return Invitation.objects.filter(enterprise=enterprise, pk=pk).select_related("enterprise").first()


def imports_of(enterprise: Enterprise, *, after: str = "") -> Page[ImportRun]:
    return page(
        ImportRun.objects.filter(enterprise=enterprise).select_related("by"), after=after, along=("enterprise",)
    )


def find_import(enterprise: Enterprise, pk: int) -> ImportRun | None:
    return ImportRun.objects.filter(enterprise=enterprise, pk=pk).select_related("by").first()


def acts_of(enterprise: Enterprise, *, about: str = "", after: str = "", size: int = 25) -> Page[EnterpriseAct]:
    """Its history, newest first; ``about``: that of one thing (``act_log.subject``)."""
    rows = EnterpriseAct.objects.filter(enterprise=enterprise)
    along = ("enterprise",)
    if about:
        rows, along = rows.filter(about=about), ("enterprise", "about")  # type: ignore[assignment]  # one more
    return page(rows, after=after, size=size, along=along)


def without_password(enterprise: Enterprise, keys: Sequence[int]) -> list[Member]:
    """Of these members those with an account of the enterprise's making that has no password."""
    found = Member.objects.filter(NO_PASSWORD, enterprise=enterprise, pk__in=keys)
    return list(found.select_related("user").order_by("pk"))


def members_by_number(
    enterprise: Enterprise, wanted: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[Member], int]:
    """``count`` living members from the one with number ``first``, from 0, in the order in which they came; and how many there are.
    ``wanted``: a column that is to have a value, by which there are few."""
    rows = Member.objects.filter(enterprise=enterprise, removed_at=None)
    if wanted is None:
        return list(rows.order_by("enterprise", "pk")[first : first + count]), enterprise.people
    found = list(rows.filter(**{wanted[0]: wanted[1]}).order_by("pk")[:FOUND])
    return found[first : first + count], len(found)


def member_by_public_id(enterprise: Enterprise, public_id: str) -> Member | None:
    """A living one."""
    if not IDENTIFIER.fullmatch(public_id):
        return None
    found = Member.objects.filter(enterprise=enterprise, public_id=public_id, removed_at=None)
    return found.select_related("user", "department").first()


def by_public_ids(enterprise: Enterprise, public_ids: Sequence[str]) -> dict[str, int]:
    """Keys of living members by what programs know them by, of those that there are."""
    asked = [one for one in public_ids if IDENTIFIER.fullmatch(one)]
    found = Member.objects.filter(enterprise=enterprise, public_id__in=asked, removed_at=None)
    return dict(found.values_list("public_id", "pk"))


def public_ids_in(group: Group) -> list[tuple[str, str]]:
    """Of all who are in it: what programs know them by, and their names."""
    inside = GroupMember.objects.filter(group=group).order_by("group", "-pk")
    return list(inside.values_list("member__public_id", "member__name"))


def keys_in(group: Group) -> set[int]:
    """Keys of all who are in it."""
    return set(GroupMember.objects.filter(group=group).values_list("member", flat=True))
