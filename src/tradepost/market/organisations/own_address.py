"""A member confirms an email address of their own and resets a forgotten password with it.

Tokens are in the mails alone; the database keeps their hashes. ``wall`` is real time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor, throttling

from .act_log import Did, actor, record
from .admin_visits import draw, hash_of
from .locking import lock, member_of
from .models import Enterprise, Member, OwnAddress
from .own_password import must_be_managed

TO_CONFIRM, TO_RESET = timedelta(days=1), timedelta(hours=1)
MAILS_AN_HOUR, HOUR = 5, timedelta(hours=1)
ASKED_AN_HOUR = 20
"""Requests for a reset from one network."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A token and the address that it is mailed to; it is nowhere else."""

    address: str
    token: str = field(repr=False)


def of(member: Member) -> OwnAddress | None:
    return OwnAddress.objects.filter(member=member).first()


def propose(member: Member, email: str, password: str, *, wall: datetime) -> Mail:
    """The first step: a mail to the address. The confirmed one stays until the new one is confirmed. Hashes a password. Raises
    ``Refused``, which names the field."""
    must_be_managed(member)
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        words = _("This is not an email address.")
        raise Refused("own_address.email", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="email") from None
    second_factor.check_password(member.user, password, wall=wall)
    what = f"address of member {member.pk}"
    if wait := throttling.window(what, most=MAILS_AN_HOUR, length=HOUR, now=wall):
        minutes = -(-wait // 60)
        words = ngettext(
            "Too many mails were requested. Try again in %(minutes)s minute.",
            "Too many mails were requested. Try again in %(minutes)s minutes.",
            minutes,
        )
        raise Refused("own_address.too_often", words % {"minutes": minutes}, HTTPStatus.TOO_MANY_REQUESTS)
    token = draw()
    pending = {"pending_email": email, "pending_hash": hash_of(token), "pending_until": wall + TO_CONFIRM}
    OwnAddress.objects.update_or_create(member=member, defaults=pending)
    return Mail(email, token)


def find_pending(member: Member, token: str, *, wall: datetime) -> OwnAddress | None:
    """What the link of a mail would confirm for the member who is signed in."""
    return OwnAddress.objects.filter(member=member, pending_hash=hash_of(token), pending_until__gt=wall).first()


def confirm(member: Member, token: str, *, now: datetime, wall: datetime) -> OwnAddress:
    """The second step, by the same member. Raises ``Refused`` for a link that was used, replaced or is too old."""
    with transaction.atomic():
        held = lock(member.enterprise_id)
        one = member_of(held, member)
        found = find_pending(one, token, wall=wall)
        if found is None:
            raise Refused("own_address.link", _("This link was used, replaced or has expired. Request another mail."))
        found.email, found.confirmed_at = found.pending_email, wall
        found.pending_email, found.pending_hash, found.pending_until = "", None, None
        found.reset_hash = found.reset_until = None
        found.save()
        record(held, Did.ADDRESS_CONFIRMED, actor(one), about=one, now=now)
    return found


def remove(member: Member, *, now: datetime) -> None:
    """The same again changes nothing."""
    with transaction.atomic():
        held = lock(member.enterprise_id)
        one = member_of(held, member)
        if OwnAddress.objects.filter(member=one).delete()[0]:
            record(held, Did.ADDRESS_REMOVED, actor(one), about=one, now=now)


def request_reset(enterprise: Enterprise, member: Member | None, *, network: str, wall: datetime) -> Mail | None:
    """For whoever gave the account name of ``member``, if there is one. None where no mail goes out, which nobody is told. Raises
    ``Refused`` for a network that asks too often."""
    asked = f"reset at {enterprise.pk} from {network}"
    if throttling.window(asked, most=ASKED_AN_HOUR, length=HOUR, now=wall):
        words = _("Too many requests from your network. Try again in an hour.")
        raise Refused("own_address.too_often", words, HTTPStatus.TOO_MANY_REQUESTS)
    known = None if member is None else _usable(member)
    if known is None:
        return None
    if throttling.window(f"reset of member {known.member_id}", most=MAILS_AN_HOUR, length=HOUR, now=wall):
        return None
    token = draw()
    known.reset_hash, known.reset_until = hash_of(token), wall + TO_RESET
    known.save(update_fields=["reset_hash", "reset_until"])
    return Mail(known.email, token)


def _usable(member: Member) -> OwnAddress | None:
    """Of a member who may sign in and has a password to forget."""
    may = member.managed and member.enabled and member.removed_at is None and member.password_at is not None
    found = of(member) if may and member.user.is_active else None
    return found if found is not None and found.email else None


def find_reset(enterprise: Enterprise, token: str, *, wall: datetime) -> OwnAddress | None:
    """Whose password the link of a mail resets; with the member."""
    own = OwnAddress.objects.select_related("member__user", "member__enterprise", "member__department")
    found = own.filter(reset_hash=hash_of(token), reset_until__gt=wall, member__enterprise=enterprise).first()
    return found if found is not None and _usable(found.member) is not None else None
