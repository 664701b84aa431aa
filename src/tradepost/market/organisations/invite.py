"""Somebody with a market account of their own, or who opens one, is asked by mail to join an enterprise. The token is in the mail
alone and is kept as a hash; it expires, and opens nothing to another address than the one it was sent to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.members import TOKEN_BYTES, hash_of
from tradepost.market.identity.models import User

from . import account_names
from .act_log import Actor, Did, actor, record
from .events import EnterpriseMemberJoined
from .lifecycle import INVITATION, InvitationEvent
from .locking import counted, department_of, lock
from .members import LONGEST_NAME, Person, bring_back, must_be_free, must_have_room, tell
from .models import Enterprise, Invitation, Member


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation and its token, which is nowhere else: it belongs into the mail alone."""

    invitation: Invitation
    token: str = field(repr=False)


class Terms(Struct, frozen=True, kw_only=True):
    """``most``: living members; ``valid``: how long it can be accepted."""

    most: int
    valid: timedelta


def invite(
    enterprise: Enterprise, email: str, user_name: str, person: Person, *, by: Member, terms: Terms, now: datetime
) -> Invited:
    """An earlier invitation of the same address ends: the newest mail counts. Raises ``Refused`` for a bad address, a member, an
    account name that is taken, or one member too many. ``person.profile`` is not kept: it is filled in once they joined."""
    email, user_name = _address(email), account_names.user_name(user_name)
    name = account_names.plain_name(person.name, field="name", longest=LONGEST_NAME)
    if person.role not in Member.Role.values:
        raise account_names.wrong("role", _("A member is an administrator or is not."))
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if Member.objects.filter(enterprise=held, removed_at=None, user__in=User.objects.by_email(email)).exists():
            raise Refused("enterprise.already", _("This person is a member already."), field="email")
        pending = Invitation.objects.filter(enterprise=held, status=Invitation.Status.PENDING)
        earlier = list(pending.alias(spelt=Lower("email")).filter(spelt=email.lower()))
        INVITATION.move_all(earlier, InvitationEvent.REVOKE, now=now, actor=actor(by).text, ended_at=now)
        must_have_room(held, most=terms.most - pending.filter(expires_at__gt=now).count())
        former = _former(held, email)
        if former is None or former.user_name != user_name:
            must_be_free(held, user_name)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        made = Invitation.objects.create(
            enterprise=held, email=email, token_hash=hash_of(token), user_name=user_name, name=name,
            department=department_of(held, person.department), role=person.role, invited_by=by.user, created_at=now,
            expires_at=now + terms.valid,
        )  # fmt: skip
        record(held, Did.INVITED, actor(by), about=made, now=now, note=user_name)
    return Invited(made, token)


def _address(text: str) -> str:
    email = text.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise account_names.wrong("email", _("This is no e-mail address.")) from None
    return email


def _former(enterprise: Enterprise, email: str) -> Member | None:
    """Who has this address and was a member once: the same account name may be theirs again."""
    removed = Member.objects.filter(enterprise=enterprise, removed_at__isnull=False)
    return removed.filter(user__in=User.objects.by_email(email)).first()


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """One that can be accepted now; None for a token that nobody gave out, was used, withdrawn, is too old, or of an enterprise that
    was dissolved."""
    found = Invitation.objects.select_related("enterprise", "department").filter(token_hash=hash_of(token))
    living = found.filter(enterprise__status=Enterprise.Status.ACTIVE)
    return living.filter(status=Invitation.Status.PENDING, expires_at__gt=now).first()


def accept(token: str, *, user: User, most: int, now: datetime) -> Member:
    """Become a member. Only whoever has the invited address may: a forwarded mail opens nothing. Raises ``Refused``."""
    with transaction.atomic():
        found = find_invitation(token, now=now)
        if found is None:
            raise _ended()
        held = lock(found.enterprise_id)
        found.refresh_from_db()
        if found.status != Invitation.Status.PENDING:
            raise _ended()
        if not is_for(found, user):
            words = _("This invitation is for another e-mail address. Log in with the account of that address.")
            raise Refused("invitation.other_address", words, HTTPStatus.FORBIDDEN)
        INVITATION.move_all([found], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now)
        must_have_room(held, most=most)
        member = _join(found, held, user, now=now)
        who = Actor(user=user, text=member.name)
        record(held, Did.JOINED, who, about=member, now=now, note=member.user_name)
        tell([member], now=now)
        outbox.publish(EnterpriseMemberJoined(enterprise=held.pk, member=member.pk, invitation=found.pk), now=now)
    return member


def _join(found: Invitation, held: Enterprise, user: User, *, now: datetime) -> Member:
    """Who was a member before is the same one again, with the account name of then."""
    department = department_of(held, found.department_id)
    former = Member.objects.select_related("user").filter(enterprise=held, user=user).first()
    if former is None:
        must_be_free(held, found.user_name)
        counted(held, 1)
        return Member.objects.create(
            enterprise=held, user=user, user_name=found.user_name, name=found.name, department=department,
            role=found.role, joined_at=now,
        )  # fmt: skip
    if former.removed_at is None:
        raise Refused("enterprise.already", _("You are a member of this enterprise already."))
    bring_back(former, held, department=department.pk, role=found.role)
    return former


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether this account has the invited address: as its own, or as a further one that it has confirmed."""
    wanted = invitation.email.casefold()
    if user.email.casefold() == wanted:
        return True
    return any(one.email.casefold() == wanted for one in user.emailaddress_set.filter(verified=True))  # type: ignore[attr-defined]  # allauth's


def revoke(invitation: Invitation, *, by: Member, now: datetime) -> None:
    """The link in the mail opens nothing from now on. Raises ``Refused`` when it was answered meanwhile."""
    with transaction.atomic():
        held = lock(invitation.enterprise_id, by=by)
        one = Invitation.objects.get(pk=invitation.pk)
        if one.status != Invitation.Status.PENDING:
            raise Refused("invitation.answered", _("This invitation was answered or withdrawn meanwhile."))
        INVITATION.move_all([one], InvitationEvent.REVOKE, now=now, actor=actor(by).text, ended_at=now)
        record(held, Did.INVITATION_REVOKED, actor(by), about=one, now=now)


def _ended() -> Refused:
    words = _("This invitation was used, withdrawn, or is too old. Ask for another one.")
    return Refused("invitation.ended", words, HTTPStatus.NOT_FOUND)
