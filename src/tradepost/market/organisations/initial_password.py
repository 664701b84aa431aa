"""Passwords that an administrator makes for accounts of the enterprise's own: shown once, hashed as all others
(business-rules §11.2). Never for an account that somebody else made: an administrator could sign in as its owner everywhere."""

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
from tradepost.market.identity.models import User

from .act_log import Did, actor, record, subject
from .events import MemberPasswordReset
from .locking import lock, member_of
from .models import EnterpriseAct, Member, OwnAddress
from .reset_wait import DAY, Gaps, reset_wait

_READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that nobody confuses: it is read from a screen, or from paper."""
_LENGTH = 14
"""Of 54 characters: 80 bits."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """For whom, and what it is: it belongs on the page that made it alone."""

    member: Member
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A password with its hash: slow to make, so it is made before anything is locked."""

    password: str = field(repr=False)
    hashed: str = field(repr=False)


def no_password() -> str:
    """What stands in the place of a hash: nobody signs in with it."""
    return make_password(None)


def draw() -> Drawn:
    password = ids.chance(_READABLE, _LENGTH)
    return Drawn(password, make_password(password))


def give(member: Member, drawn: Drawn, *, now: datetime, temporary: bool = True) -> NewPassword:
    """In the caller's transaction, who holds the enterprise. ``temporary``: its owner replaces it at the next sign-in."""
    User.objects.filter(pk=member.user_id).update(password=drawn.hashed, is_active=True)
    member.password_at, member.password_temporary = now, temporary
    member.save(update_fields=["password_at", "password_temporary"])
    return NewPassword(member, drawn.password)


def reset(member: Member, *, by: Member | None, gaps: Gaps, now: datetime) -> NewPassword:
    """A new password in place of the old one. Raises ``Refused`` for an account that is a person's own, and too soon."""
    drawn = draw()
    with transaction.atomic():
        held = lock(member.enterprise_id, by=by)
        one = member_of(held, member)
        must_be_managed(one)
        made_before = EnterpriseAct.objects.filter(
            enterprise=held, about=subject(one), act=Did.PASSWORD_MADE, at__gt=now - DAY
        )
        before = list(made_before.order_by("-pk").values_list("at", flat=True)[: gaps.daily])
        if wait := reset_wait(before, gaps, now=now):
            raise _too_soon(wait)
        made = give(one, drawn, now=now)
        OwnAddress.objects.filter(member=one).delete()  # it may be that of whoever knew the earlier password
        record(held, Did.PASSWORD_MADE, actor(by), about=one, now=now, note=one.user_name)
        outbox.publish(MemberPasswordReset(enterprise=held.pk, member=one.pk), now=now)
    return made


def make_first(members: Sequence[Member], *, by: Member, now: datetime) -> list[NewPassword]:
    """The first password of each of these that has none, such as those who were imported. Of one enterprise."""
    if not members:
        return []
    drawn = {one.pk: draw() for one in members}
    with transaction.atomic():
        held = lock(members[0].enterprise_id, by=by)
        without = Member.objects.select_related("user").filter(
            pk__in=[one.pk for one in members], enterprise=held, managed=True, password_at=None, removed_at=None
        )
        made = [give(one, drawn[one.pk], now=now) for one in without.order_by("pk")]
        if made:
            names = ", ".join(one.member.user_name for one in made)
            record(held, Did.FIRST_PASSWORDS, actor(by), now=now, note=f"{len(made)}: {names}")
    return made


def must_be_managed(one: Member) -> None:
    if not one.managed:
        words = _("This account is the person's own. They choose a new password themselves, on the login page.")
        raise Refused("enterprise.not_managed", words, HTTPStatus.FORBIDDEN)


def _too_soon(wait: timedelta) -> Refused:
    minutes = math.ceil(wait.total_seconds() / 60)
    words = ngettext(
        "A new password was made for this account a moment ago. Another one can be made in %(minutes)s minute.",
        "A new password was made for this account a moment ago. Another one can be made in %(minutes)s minutes.",
        minutes,
    )
    return Refused("enterprise.reset_wait", words % {"minutes": minutes}, HTTPStatus.TOO_MANY_REQUESTS)
