"""Who is told when somebody begins or ceases to act for a seller, may do other things there, or has to prove a domain again."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from tradepost.market.identity.events import (
    DomainLapsed,
    MemberAccessChanged,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
)
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Domain, Group, Member, Seller, User

from . import facts as f
from .tell import AddressedNotice, send_notices

MEMBERS, OVERVIEW = "seller_center:members", "seller_center:overview"


def on_member_joined(event: MemberJoined, now: datetime) -> None:
    seller, person = _seller(event.seller), _person(event.user)
    facts = {"seller": f.seller_names(seller), "person": str(person)}
    once, link = f"{event.seller}/{event.user}/{event.invitation}", reverse(MEMBERS)
    tellings = [
        AddressedNotice(user=owner, kind="member_joined", facts=facts, once=once, link=link)
        for owner in _owners(seller)
        if owner.pk != person.pk
    ]
    tellings.append(AddressedNotice(user=person, kind="member_welcome", facts=facts, once=once, link=reverse(OVERVIEW)))
    send_notices(tellings, now=now)


def on_member_left(event: MemberLeft, now: datetime) -> None:
    """Who was removed learns it; the owners learn of everybody who left."""
    seller, person = _seller(event.seller), _person(event.user)
    facts = {"seller": f.seller_names(seller), "person": str(person)}
    once = f"{event.seller}/{event.user}/{event.at:%Y%m%d%H%M%S%f}"
    tellings = [
        AddressedNotice(user=owner, kind="member_left", facts=facts, once=once, link=reverse(MEMBERS))
        for owner in _owners(seller)
        if owner.pk != event.by
    ]
    if event.by != event.user:
        tellings.append(AddressedNotice(user=person, kind="member_removed", facts=facts, once=once, link="/"))
    send_notices(tellings, now=now)


def on_member_access_changed(event: MemberAccessChanged, now: datetime) -> None:
    """No mail: they see it when they come."""
    member = Member.objects.select_related("user", "seller").filter(seller=event.seller, user=event.user).first()
    if member is None:
        return  # gone meanwhile
    groups = f.joined([_group_fact(group) for group in member.groups.order_by("code", "name")])
    once = f"{event.seller}/{event.user}/{event.at:%Y%m%d%H%M%S%f}"
    facts = {"seller": f.seller_names(member.seller), "groups": groups}
    telling = AddressedNotice(
        user=member.user, kind="member_access", facts=facts, once=once, link=reverse(OVERVIEW), mail=False
    )
    send_notices([telling], now=now)


def on_ownership_transferred(event: OwnershipTransferred, now: datetime) -> None:
    """Both learn it, and so does everybody else who owns the seller: it may have been a thief."""
    seller, former_owner, owner = _seller(event.seller), _person(event.former), _person(event.owner)
    names = {"seller": f.seller_names(seller), "former": str(former_owner), "person": str(owner)}
    once = f"{event.seller}/{event.at:%Y%m%d%H%M%S%f}"
    link = reverse(MEMBERS)
    send_notices(
        [
            AddressedNotice(user=owner, kind="owner_new", facts=names, once=once, link=link),
            AddressedNotice(
                user=former_owner, kind="owner_former", facts=names, once=once, link=reverse(OVERVIEW), contact=seller.contact_email,
            ),
        ],
        now=now,
    )  # fmt: skip


def on_domain_lapsed(event: DomainLapsed, now: datetime) -> None:
    """Everybody who sees the interface tools."""
    domain = Domain.objects.select_related("seller").filter(pk=event.domain).first()
    if domain is None:
        return  # deleted meanwhile
    once, link = f"{domain.pk}/{event.at:%Y%m%d%H%M%S%f}", reverse("seller_center:domain", args=[domain.pk])
    people = Member.objects.select_related("user").prefetch_related("groups").filter(seller=domain.seller)
    tellings = [
        AddressedNotice(
            user=member.user,
            kind="domain_lapsed",
            facts={"domain": domain.host},
            once=once,
            link=link,
            seller=domain.seller_id,
        )
        for member in people.filter(user__is_active=True).order_by("pk")
        if rights_of(member).sees(Menu.TOOLS)
    ]
    send_notices(tellings, now=now)


def _group_fact(group: Group) -> f.Json | str:
    """A built-in group in each reader's language, an own one by its name."""
    if not group.code:
        return group.name
    with translation.override(None):
        return f.phrase(str(group))


def _seller(pk: int) -> Seller:
    return Seller.objects.get(pk=pk)


def _person(pk: int) -> User:
    return User.objects.get(pk=pk)


def _owners(seller: Seller) -> list[User]:
    owners = Member.objects.select_related("user").filter(seller=seller, role=Member.Role.OWNER, user__is_active=True)
    return [member.user for member in owners.order_by("pk")]
