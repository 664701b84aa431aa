"""Helpers for tests of notices: members of a seller, an order without pending events, and events delivered twice."""

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


def notice_titles(user: User, language: str = "en") -> list[str]:
    """Return the titles of a person's notices, newest first."""
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


def paid_order(**product: Any) -> Order:
    """Return an order that was just paid, with no other pending events."""
    seller = seller_with()
    offer = make_offer(make_product(seller, address=make_address(seller), **product))
    buyer = make_buyer()
    Event.objects.all().delete()
    return make_order(buyer, offer=offer, paid=True)


def handle_events_twice(*, now: datetime = NOW) -> None:
    """Handle all pending events, then handle them again as repeated deliveries."""
    events = list(Event.objects.order_by("pk"))
    react(now=now)
    Event.objects.bulk_create(
        Event(name=event.name, facts=event.facts, due_at=event.due_at, created_at=event.created_at) for event in events
    )
    react(now=now)


def mails() -> QuerySet[NoticeDelivery]:
    """Return the mails that were sent or are pending."""
    return NoticeDelivery.objects.filter(channel="mail").exclude(status="withheld").order_by("pk")
