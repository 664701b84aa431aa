"""Whom it concerns that somebody joined an enterprise, or that one was dissolved: its administrators."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.organisations.events import (
    AdministratorAppointed,
    EnterpriseDissolved,
    EnterpriseMemberJoined,
    MemberPasswordReset,
    MemberPasswordsGuessed,
)
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.queries import admins_of

from .tell import Telling, tell_all


def on_enterprise_member_joined(event: EnterpriseMemberJoined, now: datetime) -> None:
    """Not the person, who sees it on the page that accepts."""
    member = Member.objects.select_related("enterprise", "department").get(pk=event.member)
    link = reverse("storefront:enterprise_member", args=[member.enterprise.code, member.pk])
    facts = {"enterprise": member.enterprise.name, "person": member.name, "department": member.department.name}
    tell_all(
        [
            Telling(user=admin.user, kind="enterprise_joined", facts=facts, once=str(event.invitation), link=link)
            for admin in admins_of(member.enterprise)
            if admin.pk != member.pk
        ],
        now=now,
    )


def on_enterprise_dissolved(event: EnterpriseDissolved, now: datetime) -> None:
    """All of them, also who did it: it may have been a thief."""
    enterprise = Enterprise.objects.get(pk=event.enterprise)
    link, facts = reverse("storefront:enterprises"), {"enterprise": enterprise.name}
    told = [
        Telling(user=admin.user, kind="enterprise_dissolved", facts=facts, once=str(enterprise.pk), link=link)
        for admin in admins_of(enterprise)
    ]
    tell_all(told, now=now)


def on_member_passwords_guessed(event: MemberPasswordsGuessed, now: datetime) -> None:
    enterprise = Enterprise.objects.get(pk=event.enterprise)
    link, once = reverse("storefront:enterprise", args=[enterprise.code]), f"{enterprise.pk}/{event.at:%Y%m%d%H%M%S%f}"
    told = [
        Telling(user=admin.user, kind="enterprise_guessed", facts={"enterprise": enterprise.name}, once=once, link=link)
        for admin in admins_of(enterprise)
    ]
    tell_all(told, now=now)


def on_administrator_appointed(event: AdministratorAppointed, now: datetime) -> None:
    """The person, the founder and the other administrators, as far as the market can write to them."""
    member = Member.objects.select_related("enterprise__buyer", "user").get(pk=event.member)
    enterprise = member.enterprise
    admins = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, removed_at=None)
    people = {one.user_id: one.user for one in admins.select_related("user").order_by("pk")}
    if enterprise.buyer is not None:
        people[enterprise.buyer.pk] = enterprise.buyer
    facts = {"enterprise": enterprise.name, "person": member.name}
    once, link = f"{member.pk} {event.at:%Y%m%d%H%M%S}", reverse("storefront:enterprise", args=[enterprise.code])
    told = [
        Telling(user=user, kind="administrator_appointed", facts=facts, once=once, link=link)
        for user in people.values()
        if user.email
    ]
    tell_all(told, now=now)


REACTIONS = (
    on(MemberPasswordsGuessed, on_member_passwords_guessed),
    on(AdministratorAppointed, on_administrator_appointed),
    on(EnterpriseMemberJoined, on_enterprise_member_joined),
    on(MemberPasswordReset),
)
"""A part of ``wiring``'s table; what applications are told of, too, stands in ``web/joint``."""
