"""Invite people by mail to join an enterprise with their own market account. Only the mail contains the token, of
which the hash is stored. It expires, and works only for the invited address."""

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
from .act_log import Actor, EnterpriseAction, actor_of, record
from .events import EnterpriseMemberJoined
from .lifecycle import INVITATION, InvitationEvent
from .locking import add_to_count, department_of, lock
from .members import MAX_NAME_LENGTH, Person, check_account_name_free, check_member_limit, publish_changes, reactivate
from .models import Enterprise, Invitation, Member


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation and its token, which only the mail contains."""

    invitation: Invitation
    token: str = field(repr=False)


class InvitationTerms(Struct, frozen=True, kw_only=True):
    """``most``: limit of members; ``valid``: how long it can be accepted."""

    most: int
    valid: timedelta


def invite(
    enterprise: Enterprise,
    email: str,
    user_name: str,
    person: Person,
    *,
    by: Member,
    terms: InvitationTerms,
    now: datetime,
) -> IssuedInvitation:
    """Invite a person. An earlier invitation of the same address ends. ``person.profile`` is not stored, but entered
    after joining.

    Raises ``Refused`` for an invalid address, an existing member, a taken account name, or beyond the limit."""
    email, user_name = _address(email), account_names.checked_user_name(user_name)
    name = account_names.plain_name(person.name, field="name", longest=MAX_NAME_LENGTH)
    if person.role not in Member.Role.values:
        raise account_names.invalid_name("role", _("The role must be member or administrator."))
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if Member.objects.filter(
            enterprise=locked_enterprise, removed_at=None, user__in=User.objects.by_email(email)
        ).exists():
            raise Refused("enterprise.already", _("This person is already a member."), field="email")
        pending_invitations = Invitation.objects.filter(enterprise=locked_enterprise, status=Invitation.Status.PENDING)
        earlier_invitations = list(pending_invitations.alias(spelt=Lower("email")).filter(spelt=email.lower()))
        INVITATION.move_all(earlier_invitations, InvitationEvent.REVOKE, now=now, actor=actor_of(by).text, ended_at=now)
        check_member_limit(locked_enterprise, most=terms.most - pending_invitations.filter(expires_at__gt=now).count())
        former_member = _former_member(locked_enterprise, email)
        if former_member is None or former_member.user_name != user_name:
            check_account_name_free(locked_enterprise, user_name)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        invitation = Invitation.objects.create(
            enterprise=locked_enterprise, email=email, token_hash=hash_of(token), user_name=user_name, name=name,
            department=department_of(locked_enterprise, person.department), role=person.role, invited_by=by.user, created_at=now,
            expires_at=now + terms.valid,
        )  # fmt: skip
        record(locked_enterprise, EnterpriseAction.INVITED, actor_of(by), about=invitation, now=now, note=user_name)
    return IssuedInvitation(invitation, token)


def _address(text: str) -> str:
    email = text.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise account_names.invalid_name("email", _("The e-mail address is not valid.")) from None
    return email


def _former_member(enterprise: Enterprise, email: str) -> Member | None:
    """Return the former member with this address, who may use the same account name again."""
    removed_members = Member.objects.filter(enterprise=enterprise, removed_at__isnull=False)
    return removed_members.filter(user__in=User.objects.by_email(email)).first()


def find_invitation(token: str, *, now: datetime) -> Invitation | None:
    """Return an invitation that can be accepted now; None if the token is unknown, used, withdrawn or expired, or the
    enterprise is dissolved."""
    invitations = Invitation.objects.select_related("enterprise", "department").filter(token_hash=hash_of(token))
    active = invitations.filter(enterprise__status=Enterprise.Status.ACTIVE)
    return active.filter(status=Invitation.Status.PENDING, expires_at__gt=now).first()


def accept(token: str, *, user: User, most: int, now: datetime) -> Member:
    """Become a member. Only an account with the invited address may accept, so a forwarded mail has no effect. Raises
    ``Refused``."""
    with transaction.atomic():
        invitation = find_invitation(token, now=now)
        if invitation is None:
            raise _ended_refusal()
        enterprise = lock(invitation.enterprise_id)
        invitation.refresh_from_db()
        if invitation.status != Invitation.Status.PENDING:
            raise _ended_refusal()
        if not is_for(invitation, user):
            message = _("This invitation is for another e-mail address. Log in with the account of that address.")
            raise Refused("invitation.other_address", message, HTTPStatus.FORBIDDEN)
        INVITATION.move_all([invitation], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now)
        check_member_limit(enterprise, most=most)
        member = _join(invitation, enterprise, user, now=now)
        joined_person = Actor(user=user, text=member.name)
        record(enterprise, EnterpriseAction.JOINED, joined_person, about=member, now=now, note=member.user_name)
        publish_changes([member], now=now)
        outbox.publish(
            EnterpriseMemberJoined(enterprise=enterprise.pk, member=member.pk, invitation=invitation.pk), now=now
        )
    return member


def _join(invitation: Invitation, enterprise: Enterprise, user: User, *, now: datetime) -> Member:
    """Add the member. A former member is restored with their former account name."""
    department = department_of(enterprise, invitation.department_id)
    former_member = Member.objects.select_related("user").filter(enterprise=enterprise, user=user).first()
    if former_member is None:
        check_account_name_free(enterprise, invitation.user_name)
        add_to_count(enterprise, 1)
        return Member.objects.create(
            enterprise=enterprise, user=user, user_name=invitation.user_name, name=invitation.name, department=department,
            role=invitation.role, joined_at=now,
        )  # fmt: skip
    if former_member.removed_at is None:
        raise Refused("enterprise.already", _("You are already a member of this enterprise."))
    reactivate(former_member, enterprise, department=department.pk, role=invitation.role)
    return former_member


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether this account has the invited address, as its primary or another confirmed address."""
    invited_email = invitation.email.casefold()
    if user.email.casefold() == invited_email:
        return True
    return any(address.email.casefold() == invited_email for address in user.emailaddress_set.filter(verified=True))  # type: ignore[attr-defined]  # allauth's


def revoke(invitation: Invitation, *, by: Member, now: datetime) -> None:
    """Revoke an invitation; its link stops working. Raises ``Refused`` if it was answered meanwhile."""
    with transaction.atomic():
        enterprise = lock(invitation.enterprise_id, by=by)
        current_invitation = Invitation.objects.get(pk=invitation.pk)
        if current_invitation.status != Invitation.Status.PENDING:
            raise Refused("invitation.answered", _("This invitation was answered or withdrawn meanwhile."))
        INVITATION.move_all(
            [current_invitation], InvitationEvent.REVOKE, now=now, actor=actor_of(by).text, ended_at=now
        )
        record(enterprise, EnterpriseAction.INVITATION_REVOKED, actor_of(by), about=current_invitation, now=now)


def _ended_refusal() -> Refused:
    message = _("This invitation was used, was withdrawn or has expired. Ask for a new one.")
    return Refused("invitation.ended", message, HTTPStatus.NOT_FOUND)
