"""Queries on enterprises and their people, for their administrators and for members themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from django.db.models import Count, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count as Counted
from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time
from tradepost.market.base.prefix import InPatternOrder, begins_with
from tradepost.market.identity.models import User

from .models import Department, Enterprise, EnterpriseAct, Group, GroupMember, ImportRun, Invitation, Member

IDENTIFIER_PATTERN = re.compile(r"[0-9A-Za-z]{1,32}")
"""The format of a member's ``public_id``."""
WITHOUT_PASSWORD = Q(managed=True, password_at=None, removed_at=None)
MAX_COUNTED = 2_000
"""Maximum size of an enterprise whose departments show numbers of members."""
MAX_MATCHES = 200
"""Maximum results of a search; the user enters more of the name to narrow it."""
SHOWN_DEPARTMENTS = 500
"""Maximum of departments in a selection; in larger enterprises, codes are entered."""


class MemberFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list of members; empty for all. ``text``: beginning of an account name or name. ``department``:
    its key.

    ``show``: ``removed``, ``admins``, ``passwords`` for members without a password, or empty for all current
    members."""

    text: str = ""
    department: str = ""
    show: str = ""


def memberships_of(user: User) -> list[Member]:
    """Return a person's memberships of active enterprises, newest first."""
    memberships = Member.objects.filter(user=user, removed_at=None, enterprise__status=Enterprise.Status.ACTIVE)
    return list(memberships.select_related("enterprise", "department").order_by("-pk"))


def membership(user: User, code: str) -> Member | None:
    """Return a person's membership of the enterprise with this code, if both are active and the membership is
    enabled."""
    memberships = Member.objects.filter(user=user, enterprise__code=code, removed_at=None, enabled=True)
    return (
        memberships.filter(enterprise__status=Enterprise.Status.ACTIVE)
        .select_related("enterprise", "department")
        .first()
    )


def admins_of(enterprise: Enterprise) -> list[Member]:
    admins = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, enabled=True, removed_at=None)
    return list(admins.select_related("user").order_by("pk"))


def members_of(enterprise: Enterprise, filters: MemberFilter, *, after: str = "") -> Page[Member]:
    rows = Member.objects.filter(enterprise=enterprise).select_related("department")
    rows = rows.filter(removed_at__isnull=filters.show != "removed")
    if filters.show == "admins":
        rows = rows.filter(role=Member.Role.ADMIN)
    if filters.show == "passwords":
        rows = rows.filter(WITHOUT_PASSWORD)
    if (department := whole_number(filters.department)) is not None:
        rows = rows.filter(department=department)
    if text := filters.text.strip():
        rows = rows.filter(pk__in=matching_keys(rows, text))
    return page(rows, after=after)


def matching_keys(rows: QuerySet[Member], text: str) -> list[int]:
    """Return the keys of rows whose account name or name begins with the text: at most ``MAX_MATCHES``, matches of the
    account name first.

    A separate query, because in the order of the list PostgreSQL would scan all members until a page is full."""
    keys: dict[int, None] = {}
    for field, prefix in (("user_name", text.lower()), ("name", text)):
        matching = rows.filter(begins_with(field, prefix)).order_by(InPatternOrder(field))
        keys |= dict.fromkeys(matching.values_list("pk", flat=True)[:MAX_MATCHES])
    return list(keys)[:MAX_MATCHES]


def find_member(enterprise: Enterprise, pk: int) -> Member | None:
    """Return a member, including removed ones."""
    members = Member.objects.filter(enterprise=enterprise, pk=pk)
    return members.select_related("user", "department", "enterprise").first()


def members_by_department(enterprise: Enterprise) -> dict[int, int]:
    """Return the number of members by department key; empty for an enterprise that is too large to count."""
    if enterprise.people > MAX_COUNTED:
        return {}
    members = Member.objects.filter(enterprise=enterprise, removed_at=None)
    return dict(members.values_list("department").annotate(n=Count("pk")).order_by())


def people_of(department: Department) -> Counted:
    """Count a department's own members, up to a limit."""
    [number] = counts_up_to(Member.objects.filter(department=department, removed_at=None))
    return number


def find_department(enterprise: Enterprise, pk: int) -> Department | None:
    return Department.objects.filter(enterprise=enterprise, pk=pk, removed_at=None).first()


def codes_of(enterprise: Enterprise) -> dict[int, str]:
    """Return the codes of departments, by key."""
    return dict(Department.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", "code"))


def groups_of(enterprise: Enterprise) -> list[Group]:
    """Return the groups by name."""
    return list(Group.objects.filter(enterprise=enterprise, removed_at=None).order_by("name", "pk"))


def groups_with_sizes(enterprise: Enterprise) -> list[tuple[Group, Counted]]:
    """Return the groups by name, each with its number of members, up to a limit."""
    groups = groups_of(enterprise)
    memberships = [GroupMember.objects.filter(group=group).order_by("group", "-pk") for group in groups]
    return list(zip(groups, counts_up_to(*memberships), strict=True)) if groups else []


def find_group(enterprise: Enterprise, pk: int) -> Group | None:
    return Group.objects.filter(enterprise=enterprise, pk=pk, removed_at=None).first()


def members_of_group(group: Group, *, after: str = "") -> Page[GroupMember]:
    return page(
        GroupMember.objects.filter(group=group).select_related("member__department"), after=after, along=("group",)
    )


def groups_of_member(member: Member) -> list[Group]:
    return list(Group.objects.filter(memberships__member=member, removed_at=None).order_by("name", "pk"))


def open_invitations(enterprise: Enterprise, *, after: str = "") -> Page[Invitation]:
    invitations = Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING)
    return page(invitations.select_related("department"), after=after, along=("enterprise", "status"))


def find_invitation_of(enterprise: Enterprise, pk: int) -> Invitation | None:
    return Invitation.objects.filter(enterprise=enterprise, pk=pk).select_related("enterprise").first()


def imports_of(enterprise: Enterprise, *, after: str = "") -> Page[ImportRun]:
    return page(
        ImportRun.objects.filter(enterprise=enterprise).select_related("by"), after=after, along=("enterprise",)
    )


def find_import(enterprise: Enterprise, pk: int) -> ImportRun | None:
    return ImportRun.objects.filter(enterprise=enterprise, pk=pk).select_related("by").first()


def acts_of(
    enterprise: Enterprise, *, about: str = "", within: Within = any_time, after: str = "", size: int = 25
) -> Page[EnterpriseAct]:
    """Return a page of the history, newest first. ``about``: the history of one object (``act_log.subject``)."""
    rows = within(EnterpriseAct.objects.filter(enterprise=enterprise), "at")
    along = ("enterprise",)
    if about:
        rows, along = rows.filter(about=about), ("enterprise", "about")  # type: ignore[assignment]  # one column more
    return page(rows, after=after, size=size, along=along)


def existing_keys(
    enterprise: Enterprise, model: type[Department | Group | ImportRun], keys: Collection[int]
) -> set[int]:
    """Return the keys among these departments, groups or imports that have a page."""
    objects = model._default_manager.filter(enterprise=enterprise, pk__in=keys)  # noqa: SLF001
    existing = objects if model is ImportRun else objects.filter(removed_at=None)  # type: ignore[misc]  # imports are not removed
    return set(existing.values_list("pk", flat=True))


def without_password(enterprise: Enterprise, keys: Sequence[int]) -> list[Member]:
    """Return the members among these with an account of the enterprise that has no password."""
    members = Member.objects.filter(WITHOUT_PASSWORD, enterprise=enterprise, pk__in=keys)
    return list(members.select_related("user").order_by("pk"))


def members_by_number(
    enterprise: Enterprise, match: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[Member], int]:
    """Return ``count`` members starting at number ``first`` (from 0) in the order of joining, and their total number.

    ``wanted``: a column and its value, which matches few members."""
    rows = Member.objects.filter(enterprise=enterprise, removed_at=None)
    if match is None:
        return list(rows.order_by("enterprise", "pk")[first : first + count]), enterprise.people
    matching = list(rows.filter(**{match[0]: match[1]}).order_by("pk")[:MAX_MATCHES])
    return matching[first : first + count], len(matching)


def member_by_public_id(enterprise: Enterprise, public_id: str) -> Member | None:
    """Return a current member."""
    if not IDENTIFIER_PATTERN.fullmatch(public_id):
        return None
    members = Member.objects.filter(enterprise=enterprise, public_id=public_id, removed_at=None)
    return members.select_related("user", "department").first()


def by_public_ids(enterprise: Enterprise, public_ids: Sequence[str]) -> dict[str, int]:
    """Return the keys of current members by public identifier, as far as they exist."""
    valid_ids = [public_id for public_id in public_ids if IDENTIFIER_PATTERN.fullmatch(public_id)]
    members = Member.objects.filter(enterprise=enterprise, public_id__in=valid_ids, removed_at=None)
    return dict(members.values_list("public_id", "pk"))


def public_ids_in(group: Group) -> list[tuple[str, str]]:
    """Return public identifier and name of all members of a group."""
    memberships = GroupMember.objects.filter(group=group).order_by("group", "-pk")
    return list(memberships.values_list("member__public_id", "member__name"))


def member_keys_of(group: Group) -> set[int]:
    """Return the keys of all members of a group."""
    return set(GroupMember.objects.filter(group=group).values_list("member", flat=True))
