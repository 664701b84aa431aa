"""The accounts, sellers and enterprises that count as an operator's own."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, Value
from msgspec import Struct

from tradepost.market.identity.members_models import FormerMember
from tradepost.market.identity.models import Member as SellerMember
from tradepost.market.identity.models import User

from .models import Enterprise, Member

OWNERSHIP_RETENTION = timedelta(days=90)
"""How long a company remains a former member's own, so that leaving it briefly changes nothing."""


class OwnCompanies(Struct, frozen=True):
    """Primary keys. ``users``: the person, the owners of their sellers and the founders of their enterprises."""

    users: frozenset[int]
    sellers: frozenset[int]
    enterprises: frozenset[int]


class OwnerLookups(Struct, frozen=True, kw_only=True):
    """Lookups from a model to the accounts, sellers and enterprises that own an object."""

    users: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()

    def condition(self, own: OwnCompanies) -> Q | None:
        """Return the condition for objects that are the operator's own. None: no object can be."""
        condition: Q | None = None
        for paths, keys in ((self.users, own.users), (self.sellers, own.sellers), (self.enterprises, own.enterprises)):
            for path in paths if keys else ():
                part = Q(**{f"{path}__in": keys})
                condition = part if condition is None else condition | part
        return condition


def own_companies_of(person: User, *, now: datetime) -> OwnCompanies:
    """Return what is a person's own. One query for a person without a company, at most two more for others."""
    is_current = Q(removed_at=None) | Q(removed_at__gt=now - OWNERSHIP_RETENTION)
    company_keys = (
        SellerMember.objects.filter(user=person)
        .values_list(Value("seller"), "seller_id")
        .union(
            Member.objects.filter(is_current, user=person).values_list(Value("enterprise"), "enterprise_id"),
            Enterprise.objects.filter(buyer=person).values_list(Value("enterprise"), "pk"),
            FormerMember.objects.filter(user=person, left_at__gt=now - OWNERSHIP_RETENTION).values_list(
                Value("seller"), "seller_id"
            ),
        )
    )
    companies: dict[str, set[int]] = {"seller": set(), "enterprise": set()}
    for kind, key in company_keys:
        companies[kind].add(key)
    sellers, enterprises, users = companies["seller"], companies["enterprise"], {person.pk}
    if sellers:
        owners = SellerMember.objects.filter(seller__in=sellers, role=SellerMember.Role.OWNER)
        users.update(owners.values_list("user_id", flat=True))
    if enterprises:
        founded_enterprises = Enterprise.objects.filter(pk__in=enterprises, buyer__isnull=False)
        users.update(founded_enterprises.values_list("buyer_id", flat=True))
    return OwnCompanies(frozenset(users), frozenset(sellers), frozenset(enterprises))
