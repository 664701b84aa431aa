"""The accounts, sellers and enterprises that count as a person's own when they act as an operator."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, Value
from msgspec import Struct

from tradepost.market.identity.members_models import FormerMember
from tradepost.market.identity.models import Member as SellerMember
from tradepost.market.identity.models import User

from .models import Enterprise, Member

STAYS_OWN = timedelta(days=90)
"""For which a company remains a former member's own, so that leaving it for an hour changes nothing."""


class Own(Struct, frozen=True):
    """Primary keys. ``users``: the person, the owners of their sellers and the founders of their enterprises."""

    users: frozenset[int]
    sellers: frozenset[int]
    enterprises: frozenset[int]


class Parties(Struct, frozen=True, kw_only=True):
    """Where a model names the accounts, sellers and enterprises that an object belongs to: lookups from the model."""

    users: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()

    def condition(self, own: Own) -> Q | None:
        """Select the objects that are somebody's own. None: no object can be."""
        condition: Q | None = None
        for paths, keys in ((self.users, own.users), (self.sellers, own.sellers), (self.enterprises, own.enterprises)):
            for path in paths if keys else ():
                part = Q(**{f"{path}__in": keys})
                condition = part if condition is None else condition | part
        return condition


def own_of(person: User, *, now: datetime) -> Own:
    """One query for a person who belongs to no company, at most two more for others."""
    current = Q(removed_at=None) | Q(removed_at__gt=now - STAYS_OWN)
    belongs = (
        SellerMember.objects.filter(user=person)
        .values_list(Value("seller"), "seller_id")
        .union(
            Member.objects.filter(current, user=person).values_list(Value("enterprise"), "enterprise_id"),
            Enterprise.objects.filter(buyer=person).values_list(Value("enterprise"), "pk"),
            FormerMember.objects.filter(user=person, left_at__gt=now - STAYS_OWN).values_list(
                Value("seller"), "seller_id"
            ),
        )
    )
    companies: dict[str, set[int]] = {"seller": set(), "enterprise": set()}
    for kind, key in belongs:
        companies[kind].add(key)
    sellers, enterprises, users = companies["seller"], companies["enterprise"], {person.pk}
    if sellers:
        owners = SellerMember.objects.filter(seller__in=sellers, role=SellerMember.Role.OWNER)
        users.update(owners.values_list("user_id", flat=True))
    if enterprises:
        founded = Enterprise.objects.filter(pk__in=enterprises, buyer__isnull=False)
        users.update(founded.values_list("buyer_id", flat=True))
    return Own(frozenset(users), frozenset(sellers), frozenset(enterprises))
