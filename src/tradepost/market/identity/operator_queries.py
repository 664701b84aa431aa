"""Reads of people and companies for those who run the market."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from msgspec import Struct

from tradepost.market.base.paging import Page, page

from .models import AccessKey, Member, Seller, SigningKey, User


class UserFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list of people for; empty means all."""

    text: str = ""
    """Part of an e-mail address, name or company, or a whole customer id."""
    role: str = ""


_ACTS = Exists(Member.objects.filter(user=OuterRef("pk")))
ROLES: Mapping[str, Q] = {
    "seller": Q(_ACTS),
    "operator": Q(is_operator=True),
    "buyer": Q(~_ACTS, is_operator=False),
}


def search_users(filters: UserFilter, *, after: str = "", size: int = 25) -> Page[User]:
    """Newest first, each with the ``memberships`` by which they act for sellers."""
    people: QuerySet[User] = User.objects.prefetch_related(
        Prefetch("memberships", Member.objects.select_related("seller").order_by("pk"))
    )
    if filters.role:
        # One that means nothing finds nobody rather than everybody.
        people = people.filter(ROLES[filters.role]) if filters.role in ROLES else people.none()
    if sought := filters.text.strip():
        people = people.filter(
            Q(email__icontains=sought)
            | Q(name__icontains=sought)
            | Q(company__icontains=sought)
            | Q(customer_id=sought)
        )
    return page(people, after=after, size=size)


def operators(*, after: str = "") -> Page[User]:
    """Newest first, each with its ``second_factor``, if it has one."""
    return page(User.objects.filter(is_operator=True).select_related("second_factor"), after=after)


def user_by_email(text: str) -> int | None:
    """Key of the person with this e-mail address, whatever its case."""
    found = User.objects.annotate(lowered=Lower("email")).filter(lowered=text.lower())
    return found.values_list("pk", flat=True).first()


def find_user(pk: int) -> User | None:
    return User.objects.filter(pk=pk).first()


def find_seller(pk: int) -> Seller | None:
    return Seller.objects.filter(pk=pk).first()


def sellers_of(user: User) -> list[Member]:
    return list(Member.objects.filter(user=user).select_related("seller").order_by("pk"))


def members_of(seller: Seller) -> list[Member]:
    return list(Member.objects.filter(seller=seller).select_related("user").order_by("pk"))


def signing_keys_of(seller: Seller) -> list[SigningKey]:
    """Without what is sealed: a page that shows hints need not read it."""
    return list(SigningKey.objects.filter(seller=seller).defer("sealed").order_by("interface_class", "-pk"))


def access_keys_of(seller: Seller) -> list[AccessKey]:
    return list(AccessKey.objects.filter(seller=seller).defer("sealed").order_by("-pk"))
