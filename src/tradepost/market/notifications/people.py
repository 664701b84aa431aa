"""Who reads notices: the people who act for a seller, and operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.identity.console_roles import roles_allowed
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.identity.operator_roles import IS_OPERATOR

from .messages import policy_of


def people_of(seller: Seller) -> list[tuple[User, str]]:
    """Return who acts for a seller, the first with its contact address unless a member reads that anyway."""
    return with_contact(seller, members_of({seller.pk})[seller.pk])


def with_contact(seller: Seller, people: Sequence[User]) -> list[tuple[User, str]]:
    read = {user.email.casefold() for user in people}
    contact = "" if seller.contact_email.casefold() in read else seller.contact_email
    return [(user, contact if index == 0 else "") for index, user in enumerate(people)]


def members_of(sellers: Collection[int]) -> Mapping[int, list[User]]:
    """Return the active people who act for each of these sellers, in one statement."""
    members: defaultdict[int, list[User]] = defaultdict(list)
    for member in _MEMBERS(sellers) if sellers else ():
        members[member.seller_id].append(member.user)
    return members


_ACTIVE_MEMBERS = Member.objects.select_related("user").filter(user__is_active=True).order_by("pk")
_MEMBERS = PreparedObjects((Keys(),), lambda sellers: _ACTIVE_MEMBERS.filter(Among("seller", sellers)))


def operators(kind: str) -> list[User]:
    """Return the operators whose role includes the action that a kind of notice asks for."""
    roles = roles_allowed(policy_of(kind).act, "POST")
    return list(User.objects.filter(IS_OPERATOR, operator_role__in=roles, is_active=True).order_by("pk"))
