"""Passwords that administrators generate for accounts of the enterprise: shown once, and hashed like all others
(business-rules §11.2).

Never for a person's own account, which opens more than this enterprise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.account_locks import activate
from tradepost.market.identity.models import User

from .act_log import EnterpriseAction, actor_of, record, subject
from .events import MemberPasswordReset
from .locking import lock, member_of
from .models import EnterpriseAct, Member, OwnAddress
from .reset_wait import DAY, ResetLimits, reset_wait

_READABLE_CHARACTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that are not confused with each other, because the password is copied from a screen or paper."""
_LENGTH = 14
"""Length in 54 possible characters: 80 bits."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password and its member. It is shown only on the page that generated it."""

    member: Member
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GeneratedPassword:
    """A password with its hash. Hashing is slow, so it is done before taking locks."""

    password: str = field(repr=False)
    hashed: str = field(repr=False)


def unusable_hash() -> str:
    """Return a hash with which no password matches."""
    return make_password(None)


def generate_password() -> GeneratedPassword:
    password = ids.draw_random(_READABLE_CHARACTERS, _LENGTH)
    return GeneratedPassword(password, make_password(password))


def set_password(member: Member, drawn: GeneratedPassword, *, now: datetime, temporary: bool = True) -> NewPassword:
    """Set a password in the caller's transaction, which holds the enterprise. ``temporary``: the owner must replace
    it at the next sign-in."""
    User.objects.filter(pk=member.user_id).update(password=drawn.hashed)
    activate(member.user_id)
    member.password_at, member.password_temporary = now, temporary
    member.save(update_fields=["password_at", "password_temporary"])
    return NewPassword(member, drawn.password)


def reset(member: Member, *, by: Member | None, gaps: ResetLimits, now: datetime) -> NewPassword:
    """Generate a new password. Raises ``Refused`` for a person's own account, or if it was reset too recently."""
    drawn_password = generate_password()
    with transaction.atomic():
        enterprise = lock(member.enterprise_id, by=by)
        current_member = member_of(enterprise, member)
        check_managed(current_member)
        made_before = EnterpriseAct.objects.filter(
            enterprise=enterprise, about=subject(current_member), act=EnterpriseAction.PASSWORD_MADE, at__gt=now - DAY
        )
        before = list(made_before.order_by("-pk").values_list("at", flat=True)[: gaps.daily])
        if wait := reset_wait(before, gaps, now=now):
            raise _too_soon_refusal(wait)
        new_password = set_password(current_member, drawn_password, now=now)
        OwnAddress.objects.filter(
            member=current_member
        ).delete()  # its address may belong to someone who knew the former password
        record(
            enterprise,
            EnterpriseAction.PASSWORD_MADE,
            actor_of(by),
            about=current_member,
            now=now,
            note=current_member.user_name,
        )
        outbox.publish(MemberPasswordReset(enterprise=enterprise.pk, member=current_member.pk), now=now)
    return new_password


def create_first_passwords(members: Sequence[Member], *, by: Member, now: datetime) -> list[NewPassword]:
    """Generate the first password of the members that have none, such as imported ones. All are of one enterprise."""
    if not members:
        return []
    drawn_passwords = {member.pk: generate_password() for member in members}
    with transaction.atomic():
        enterprise = lock(members[0].enterprise_id, by=by)
        members_without = Member.objects.select_related("user").filter(
            pk__in=[member.pk for member in members],
            enterprise=enterprise,
            managed=True,
            password_at=None,
            removed_at=None,
        )
        passwords = [
            set_password(member, drawn_passwords[member.pk], now=now) for member in members_without.order_by("pk")
        ]
        if passwords:
            names = ", ".join(member.member.user_name for member in passwords)
            record(
                enterprise, EnterpriseAction.FIRST_PASSWORDS, actor_of(by), now=now, note=f"{len(passwords)}: {names}"
            )
    return passwords


def check_managed(member: Member) -> None:
    if not member.managed:
        message = _("This account belongs to the person. Only they can set a new password, on the login page.")
        raise Refused("enterprise.not_managed", message, HTTPStatus.FORBIDDEN)


def _too_soon_refusal(wait: timedelta) -> Refused:
    minutes = math.ceil(wait.total_seconds() / 60)
    message = ngettext(
        "A new password was created for this account a moment ago. Another one can be created in %(minutes)s minute.",
        "A new password was created for this account a moment ago. Another one can be created in %(minutes)s minutes.",
        minutes,
    )
    seconds = math.ceil(wait.total_seconds())
    return Refused("enterprise.reset_wait", message % {"minutes": minutes}, HTTPStatus.TOO_MANY_REQUESTS, wait=seconds)
