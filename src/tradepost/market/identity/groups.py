"""Groups of a seller: made, changed and deleted; and what a member may do by them (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from .menus import BUILT_IN, EXPLAINED, LEVELS, OWNERS, Rights, rights_from
from .models import Group, Member, Seller

LONGEST_NAME = 64
MOST_GROUPS = 50
"""Own groups of a seller: one for each member it may have would do."""


def rights_of(member: Member) -> Rights:
    """What this member may do. No query for an owner, and none where the groups were fetched."""
    if member.role == Member.Role.OWNER:
        return OWNERS
    return rights_from(group.given for group in member.groups.all())


def built_in(seller: Seller, code: str) -> Group:
    """The group of a seller that every seller has. Raises ``LookupError`` for a code that means nothing."""
    if code not in BUILT_IN:
        raise LookupError(f"no group is built in as {code!r}")
    return Group.objects.get_or_create(seller=seller, code=code)[0]


def groups_of(seller: Seller) -> list[Group]:
    """All that this seller's members can be in, the built-in ones first; one that nobody was in yet has no key."""
    own = list(Group.objects.filter(seller=seller).order_by("code", "name"))
    known = {group.code: group for group in own if group.code}
    given = [known.get(code) or Group(seller=seller, code=code) for code in BUILT_IN]
    return [*given, *(group for group in own if not group.code)]


def chosen(seller: Seller, words: Iterable[str]) -> list[Group]:
    """The groups that a form names: by key, or by the code of a built-in one. Another seller's does not exist."""
    wanted = {word.strip() for word in words if word.strip()}
    found = [built_in(seller, word) for word in sorted(wanted & set(BUILT_IN))]
    keys = {int(word) for word in wanted - set(BUILT_IN) if word.isdecimal() and len(word) <= 18}
    own = list(Group.objects.filter(seller=seller, pk__in=keys).order_by("pk"))
    if len(found) + len(own) < len(wanted):
        raise Refused("group.unknown", _("There is no such group."), HTTPStatus.NOT_FOUND, field="groups")
    return [*found, *own]


def word_of(group: Group) -> str:
    """How a form names a group: ``chosen`` reads it."""
    return group.code or str(group.pk)


def create_group(seller: Seller, *, name: str, menus: Mapping[str, str], by: Member) -> Group:
    """A group of this seller's own. Raises ``Refused`` for a bad name, no menus, or more than ``by`` has."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        name, menus = _checked(seller, name, menus, by)
        if Group.objects.filter(seller=seller, code="").count() >= MOST_GROUPS:
            said = _("A company has at most %(most)s groups of its own.") % {"most": MOST_GROUPS}
            raise Refused("group.too_many", said, field="name")
        return Group.objects.create(seller=seller, name=name, menus=menus)


def change_group(group: Group, *, name: str, menus: Mapping[str, str], by: Member) -> None:
    """What its members may do from their next page on. Nobody changes a group that may more than they themselves."""
    _is_own(group)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=group.seller_id)
        if not rights_of(by).covers(group.menus):
            raise _more_than_own()
        name, menus = _checked(group.seller, name, menus, by, besides=group.pk)
        Group.objects.filter(pk=group.pk).update(name=name, menus=menus)


def delete_group(group: Group, *, by: Member) -> None:
    """Raises ``Refused`` while somebody is in it: what they may do must not change unseen."""
    _is_own(group)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=group.seller_id)
        if not rights_of(by).covers(group.menus):
            raise _more_than_own()
        if count := group.members.count():
            said = _("%(count)s members are in this group. Put them into another one first.") % {"count": count}
            raise Refused("group.in_use", said)
        group.delete()


def _checked(
    seller: Seller, name: str, menus: Mapping[str, str], by: Member, *, besides: int | None = None
) -> tuple[str, dict[str, str]]:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        said = _("Give the group a name of at most %(most)s characters.") % {"most": LONGEST_NAME}
        raise Refused("group.name", said, HTTPStatus.BAD_REQUEST, field="name")
    if Group.objects.filter(seller=seller, code="", name__iexact=name).exclude(pk=besides or 0).exists():
        raise Refused("group.repeated", _("You have a group of this name already."), field="name")
    given = {menu: word for menu, word in menus.items() if menu in EXPLAINED and word in LEVELS}
    if not given:
        raise Refused("group.no_menu", _("Give the group at least one menu."), HTTPStatus.BAD_REQUEST, field="menus")
    if not rights_of(by).covers(given):
        raise _more_than_own()
    return name, given


def _is_own(group: Group) -> None:
    if group.code:
        raise Refused("group.built_in", _("This group is the same for every company and cannot be changed."))


def _more_than_own() -> Refused:
    said = _("You can give to others only what you may do yourself. Ask an owner.")
    return Refused("members.more_than_own", said, HTTPStatus.FORBIDDEN, field="menus")
