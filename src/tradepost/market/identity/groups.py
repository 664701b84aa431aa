"""Groups of a seller: create, change and delete them, and the rights that members have through them (business-rules
§1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .menus import BUILT_IN, GRANTABLE, LEVEL_NAMES, OWNERS, Rights, rights_from
from .models import Group, Member, Seller

MAX_NAME_LENGTH = 64
MAX_GROUPS = 50
"""Maximum of own groups per seller: enough for one per member."""


def rights_of(member: Member) -> Rights:
    """Return what this member may do. Runs no query for an owner, or if the groups were prefetched."""
    if member.role == Member.Role.OWNER:
        return OWNERS
    return rights_from(group.given for group in member.groups.all())


def built_in(seller: Seller, code: str) -> Group:
    """Return the built-in group of a seller. Raises ``LookupError`` for an unknown code."""
    if code not in BUILT_IN:
        raise LookupError(f"no group is built in as {code!r}")
    return Group.objects.get_or_create(seller=seller, code=code)[0]


def groups_of(seller: Seller) -> list[Group]:
    """Return all groups of a seller, the built-in ones first; a built-in group without members may have no primary
    key."""
    seller_groups = list(Group.objects.filter(seller=seller).order_by("code", "name"))
    by_code = {group.code: group for group in seller_groups if group.code}
    built_in_groups = [by_code.get(code) or Group(seller=seller, code=code) for code in BUILT_IN]
    return [*built_in_groups, *(group for group in seller_groups if not group.code)]


def groups_from_form(seller: Seller, values: Iterable[str]) -> list[Group]:
    """Return the groups that a form names by key, or by the code of a built-in one. Raises ``Refused`` for a group of
    another seller."""
    requested_codes = {value.strip() for value in values if value.strip()}
    built_in_groups = [built_in(seller, value) for value in sorted(requested_codes & set(BUILT_IN))]
    keys = {int(value) for value in requested_codes - set(BUILT_IN) if value.isdecimal() and len(value) <= 18}
    own_groups = list(Group.objects.filter(seller=seller, pk__in=keys).order_by("pk"))
    if len(built_in_groups) + len(own_groups) < len(requested_codes):
        raise Refused("group.unknown", _("This group does not exist."), HTTPStatus.NOT_FOUND, field="groups")
    return [*built_in_groups, *own_groups]


def form_value_of(group: Group) -> str:
    """Return the value that identifies a group in a form; ``groups_from_form`` parses it."""
    return group.code or str(group.pk)


def create_group(seller: Seller, *, name: str, menus: Mapping[str, str], by: Member) -> Group:
    """Create a group of this seller. Raises ``Refused`` for an invalid name, no menus, or more rights than ``by``
    has."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        name, menus = _checked(seller, name, menus, by)
        if Group.objects.filter(seller=seller, code="").count() >= MAX_GROUPS:
            message = _("A company can create at most %(most)s groups.") % {"most": MAX_GROUPS}
            raise Refused("group.too_many", message, field="name")
        return Group.objects.create(seller=seller, name=name, menus=menus)


def change_group(group: Group, *, name: str, menus: Mapping[str, str], by: Member) -> None:
    """Change a group; applies from its members' next request. Raises ``Refused`` if the group has, or gets, more
    rights than ``by``."""
    _check_not_built_in(group)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=group.seller_id)
        if not rights_of(by).covers(group.menus):
            raise _more_than_own()
        name, menus = _checked(group.seller, name, menus, by, besides=group.pk)
        Group.objects.filter(pk=group.pk).update(name=name, menus=menus)


def delete_group(group: Group, *, by: Member) -> None:
    """Delete a group. Raises ``Refused`` while it has members, whose rights would change unnoticed."""
    _check_not_built_in(group)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=group.seller_id)
        if not rights_of(by).covers(group.menus):
            raise _more_than_own()
        if count := group.members.count():
            message = _("%(count)s members are in this group. Move them to another group first.") % {"count": count}
            raise Refused("group.in_use", message)
        group.delete()


def _checked(
    seller: Seller, name: str, menus: Mapping[str, str], by: Member, *, besides: int | None = None
) -> tuple[str, dict[str, str]]:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        message = _("Enter a group name of at most %(most)s characters.") % {"most": MAX_NAME_LENGTH}
        raise Refused("group.name", message, HTTPStatus.BAD_REQUEST, field="name")
    if Group.objects.filter(seller=seller, code="", name__iexact=name).exclude(pk=besides or 0).exists():
        raise Refused("group.repeated", _("You have a group of this name already."), field="name")
    valid_menus = {menu: word for menu, word in menus.items() if menu in GRANTABLE and word in LEVEL_NAMES}
    if not valid_menus:
        raise Refused(
            "group.no_menu", _("Choose at least one menu for the group."), HTTPStatus.BAD_REQUEST, field="menus"
        )
    if not rights_of(by).covers(valid_menus):
        raise _more_than_own()
    return name, valid_menus


def _check_not_built_in(group: Group) -> None:
    if group.code:
        raise Refused("group.built_in", _("This group is the same for every company and cannot be changed."))


def _more_than_own() -> Refused:
    message = _("You can grant only permissions that you have yourself. Ask an owner.")
    return Refused("members.more_than_own", message, HTTPStatus.FORBIDDEN, field="menus")
