"""A seller with its owner, and a signed-in browser."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client

from tests.factories import people
from tradepost.market.identity.models import Member, Seller, User


@dataclass(frozen=True)
class Shop:
    seller: Seller
    owner: User


def make_shop(role: str = Member.Role.OWNER) -> Shop:
    owner = people.make_buyer(balance="0")
    return Shop(people.make_seller(member=owner, role=role), owner)


def enter(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client
