"""Reads of people and companies for those who run the market."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from tradepost.market.base.paging import Page, page

from .models import AccessKey, Member, Seller, SigningKey, User


def search_users(text: str, *, after: str = "", size: int = 25) -> Page[User]:
    """People whose e-mail, name, company or customer id holds the text, newest first; everybody for an empty text."""
    people: QuerySet[User] = User.objects.all()
    if sought := text.strip():
        people = people.filter(
            Q(email__icontains=sought)
            | Q(name__icontains=sought)
            | Q(company__icontains=sought)
            | Q(customer_id=sought)
        )
    return page(people, after=after, size=size)


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
