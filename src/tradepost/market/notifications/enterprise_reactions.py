"""Whom it concerns that somebody joined an enterprise, or that one was dissolved: its administrators."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.organisations.events import (
    AdministratorAppointed,
    EnterpriseDissolved,
    EnterpriseDissolving,
    EnterpriseMemberJoined,
    MemberPasswordsGuessed,
)
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.queries import admins_of

from .tell import AddressedNotice, send_notices


def on_enterprise_member_joined(event: EnterpriseMemberJoined, now: datetime) -> None:
    """Not the person, who sees it on the page that accepts."""
    member = Member.objects.select_related("enterprise", "department").get(pk=event.member)
    link = reverse("storefront:enterprise_member", args=[member.enterprise.code, member.pk])
    facts = {"enterprise": member.enterprise.name, "person": member.name, "department": member.department.name}
    send_notices(
        [
            AddressedNotice(
                user=admin.user, kind="enterprise_joined", facts=facts, once=str(event.invitation), link=link
            )
            for admin in admins_of(member.enterprise)
            if admin.pk != member.pk
        ],
        now=now,
    )


def on_enterprise_dissolved(event: EnterpriseDissolved, now: datetime) -> None:
    """All of them, also who did it: it may have been a thief."""
    enterprise = Enterprise.objects.get(pk=event.enterprise)
    link, facts = reverse("storefront:enterprises"), {"enterprise": enterprise.name}
    tellings = [
        AddressedNotice(user=admin.user, kind="enterprise_dissolved", facts=facts, once=str(enterprise.pk), link=link)
        for admin in admins_of(enterprise)
    ]
    send_notices(tellings, now=now)


def on_enterprise_dissolving(event: EnterpriseDissolving, now: datetime) -> None:
    """All administrators, also who did it: it may have been a thief."""
    enterprise = Enterprise.objects.get(pk=event.enterprise)
    link = reverse("storefront:enterprise_settings", args=[enterprise.code])
    once = f"{enterprise.pk}/{event.step}/{event.at:%Y%m%d%H%M%S%f}"
    tellings = [
        AddressedNotice(
            user=admin.user, kind=f"enterprise_dissolving_{event.step}", facts={"enterprise": enterprise.name}, once=once,
            link=link,
        )
        for admin in admins_of(enterprise)
    ]  # fmt: skip
    send_notices(tellings, now=now)


def on_member_passwords_guessed(event: MemberPasswordsGuessed, now: datetime) -> None:
    enterprise = Enterprise.objects.get(pk=event.enterprise)
    link, once = reverse("storefront:enterprise", args=[enterprise.code]), f"{enterprise.pk}/{event.at:%Y%m%d%H%M%S%f}"
    tellings = [
        AddressedNotice(
            user=admin.user, kind="enterprise_guessed", facts={"enterprise": enterprise.name}, once=once, link=link
        )
        for admin in admins_of(enterprise)
    ]
    send_notices(tellings, now=now)


def on_administrator_appointed(event: AdministratorAppointed, now: datetime) -> None:
    """The person, the founder and the other administrators, as far as the market can write to them."""
    member = Member.objects.select_related("enterprise__buyer", "user").get(pk=event.member)
    enterprise = member.enterprise
    admins = Member.objects.filter(enterprise=enterprise, role=Member.Role.ADMIN, removed_at=None)
    people = {admin.user_id: admin.user for admin in admins.select_related("user").order_by("pk")}
    if enterprise.buyer is not None:
        people[enterprise.buyer.pk] = enterprise.buyer
    facts = {"enterprise": enterprise.name, "person": member.name}
    once, link = f"{member.pk} {event.at:%Y%m%d%H%M%S}", reverse("storefront:enterprise", args=[enterprise.code])
    tellings = [
        AddressedNotice(user=user, kind="administrator_appointed", facts=facts, once=once, link=link)
        for user in people.values()
        if user.email
    ]
    send_notices(tellings, now=now)
