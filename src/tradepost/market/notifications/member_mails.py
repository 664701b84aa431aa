"""Mails to the address that a member of an enterprise confirmed: for an account without an address in the market."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.organisations import own_address
from tradepost.market.organisations.models import Member
from tradepost.market.organisations.own_address import ConfirmationMail

from .account_mails import mail_account


def confirm_address(member: Member, mail: ConfirmationMail, *, now: datetime) -> None:
    link = reverse("auth_centre:member_address_confirm", args=[member.enterprise.code, mail.token])
    _mail(member, "member_address", mail.address, link, now)


def reset_password(member: Member, mail: ConfirmationMail, *, now: datetime) -> None:
    link = reverse("auth_centre:reset_password", args=[member.enterprise.code, mail.token])
    _mail(member, "member_reset", mail.address, link, now)


def mail_password_change(member: Member, *, now: datetime) -> None:
    """Where an address is confirmed."""
    address = own_address.address_of_member(member)
    if address is not None and address.email:
        link = reverse("auth_centre:forgot_password", args=[member.enterprise.code])
        _mail(member, "member_password_changed", address.email, link, now)


def _mail(member: Member, kind: str, address: str, link: str, now: datetime) -> None:
    facts = {"enterprise": member.enterprise.name, "account": f"{member.user_name}@{member.enterprise.code}"}
    mail_account(kind, address, link=link, language=member.user.language, facts=facts, now=now)
