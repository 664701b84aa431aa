"""Who is told: people of a seller, an order whose beginning is told already, and events that come twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import translation

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import react
from tradepost.market.base.models import Event
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order


def said(user: User, language: str = "en") -> list[str]:
    """Titles of a person's notices, newest first."""
    with translation.override(language):
        return [item.words.title for item in inbox(user).rows]


def seller_with(members: int = 1) -> Seller:
    seller = make_seller(member=make_buyer(balance="0", language="en"))
    for _ in range(members - 1):
        Member.objects.create(seller=seller, user=make_buyer(balance="0", language="en"))
    return seller


def member_of(order: Order) -> User:
    member = order.lines.get().seller.members.order_by("pk").first()
    assert member is not None
    return member.user


def paid(**product: Any) -> Order:
    """An order that was paid just now: nothing else is left to tell."""
    seller = seller_with()
    offer = make_offer(make_product(seller, address=make_address(seller), **product))
    buyer = make_buyer()
    Event.objects.all().delete()
    return make_order(buyer, offer=offer, paid=True)


def happens(*, now: datetime = NOW) -> None:
    """Everything that happened is told, and comes a second time."""
    told = list(Event.objects.order_by("pk"))
    react(now=now)
    Event.objects.bulk_create(
        Event(name=one.name, facts=one.facts, due_at=one.due_at, created_at=one.created_at) for one in told
    )
    react(now=now)


def mails() -> QuerySet[NoticeDelivery]:
    """Those that were sent or wait for it."""
    return NoticeDelivery.objects.filter(channel="mail").exclude(status="withheld").order_by("pk")
