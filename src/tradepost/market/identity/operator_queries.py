"""Queries on people and companies for operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to, counts_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.base.values import replace

from .account_search import accounts_beginning
from .models import AccessKey, Member, Seller, SigningKey, User
from .operator_roles import IS_OPERATOR

MAX_RESULTS = 500
"""Maximum accounts that a search of the list returns."""


class UserFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list of people; empty for all."""

    text: str = ""
    """Beginning of an email address, name, company, phone number or customer ID (``account_search``)."""
    role: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the time at which the account was opened; ``until`` is exclusive."""


_ACTS = Exists(Member.objects.filter(user=OuterRef("pk")))
ROLES: Mapping[str, Q] = {
    "seller": Q(_ACTS),
    "operator": IS_OPERATOR,
    "buyer": Q(~_ACTS, operator_role=""),
}


def search_users(filters: UserFilter, *, after: str = "", size: int = 25) -> Page[User]:
    """Return a page of people, newest first, each with prefetched ``memberships``."""
    people: QuerySet[User] = between(User.objects.all(), "joined_at", filters.since, filters.until)
    people = people.prefetch_related(Prefetch("memberships", Member.objects.select_related("seller").order_by("pk")))
    if filters.role:
        # An unknown role finds no one rather than everyone.
        people = people.filter(ROLES[filters.role]) if filters.role in ROLES else people.none()
    if not (text := filters.text.strip()):
        return page(people, after=after, size=size)
    keys = accounts_beginning(text, most=MAX_RESULTS + 1)
    result = page(people.filter(pk__in=keys[:MAX_RESULTS]), after=after, size=size)
    return replace(result, cut_at=MAX_RESULTS) if len(keys) > MAX_RESULTS else result


def joined_since(*moments: datetime) -> Sequence[tuple[Count, Count]]:
    """Return the numbers of buyers and sellers that joined since each time. One statement."""
    counts = counts_up_to(
        *(User.objects.filter(ROLES["buyer"], joined_at__gte=at).order_by("joined_at") for at in moments),
        *(Seller.objects.filter(created_at__gte=at).order_by("created_at") for at in moments),
    )
    return list(zip(counts[: len(moments)], counts[len(moments) :], strict=True))


def operators(*, after: str = "", size: int = 25) -> Page[User]:
    """Return a page of operators, newest first, each with its ``second_factor``, if any."""
    return page(User.objects.filter(IS_OPERATOR).select_related("second_factor"), after=after, size=size)


def user_by_email(text: str) -> int | None:
    """Return the key of the person with this email address, ignoring case."""
    users = User.objects.annotate(lowered=Lower("email")).filter(lowered=text.lower())
    return users.values_list("pk", flat=True).first()


def accounts_named(text: str, *, most: int) -> list[User]:
    """Return the accounts that ``account_search`` finds, an exact email match first."""
    keys = accounts_beginning(text, most=most)
    users = User.objects.in_bulk(keys)
    return [users[key] for key in keys if key in users]


def find_user(pk: int) -> User | None:
    return User.objects.filter(pk=pk).first()


def find_seller(pk: int) -> Seller | None:
    return Seller.objects.filter(pk=pk).first()


def active_sellers() -> Count:
    """Count the active sellers, who are few."""
    return count_up_to(Seller.objects.filter(status=Seller.Status.ACTIVE))


def sellers_named(text: str, *, most: int) -> list[Seller]:
    """Return the sellers whose name or slug contains the text, or whose key it is, newest first. Sellers are few."""
    is_named = Q(name__icontains=text) | Q(name_en__icontains=text) | Q(slug__icontains=text)
    return list(Seller.objects.filter(is_named | Q(pk=whole_number(text) or 0)).order_by("-pk")[:most])


def sellers_of(user: User) -> list[Member]:
    return list(Member.objects.filter(user=user).select_related("seller").order_by("pk"))


def members_of(seller: Seller) -> list[Member]:
    return list(Member.objects.filter(seller=seller).select_related("user").order_by("pk"))


def signing_keys_of(seller: Seller) -> list[SigningKey]:
    """Return the signing keys without the sealed secrets, which the page does not need."""
    return list(SigningKey.objects.filter(seller=seller).defer("sealed").order_by("interface_class", "-pk"))


def access_keys_of(seller: Seller) -> list[AccessKey]:
    return list(AccessKey.objects.filter(seller=seller).defer("sealed").order_by("-pk"))
