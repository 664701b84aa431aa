"""Invite a person by email to operate the market in a role. The link in the mail proves the address, so it can open
an account."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import Lifecycle

from . import operators
from .members import TOKEN_BYTES, hash_of
from .models import User
from .operator_models import OperatorInvitation
from .operator_roles import Role


class InvitationEvent(StrEnum):
    ACCEPT = "accept"
    REVOKE = "revoke"


_I = OperatorInvitation.Status
INVITATION: Lifecycle[OperatorInvitation.Status, InvitationEvent] = Lifecycle(
    "operator invitation",
    {
        (_I.PENDING, InvitationEvent.ACCEPT): _I.ACCEPTED,
        (_I.PENDING, InvitationEvent.REVOKE): _I.REVOKED,
    },
)


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation and its token, which only the mail contains."""

    invitation: OperatorInvitation
    token: str = field(repr=False)


def invite(email: str, role: str, *, by: User, valid: timedelta, now: datetime) -> IssuedInvitation:
    """Invite this address. Ends an earlier invitation. Raises ``Refused`` for an invalid address or role, or if the
    person is an operator."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        message = _("This is not an email address.")
        raise Refused("operator.email", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="email") from None
    if role not in Role.values:
        raise Refused("operator.unknown_role", _("Choose a role."), HTTPStatus.UNPROCESSABLE_ENTITY, field="role")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        with transaction.atomic():
            account = User.objects.by_email(email).first()
            if account is not None and account.is_operator:
                raise Refused("operator.already", _("This person is an operator already."), field="email")
            pending_invitations = OperatorInvitation.objects.alias(lowered=Lower("email")).filter(
                status=_I.PENDING, lowered=email.lower()
            )
            INVITATION.move_all(
                list(pending_invitations), InvitationEvent.REVOKE, now=now, actor=by.email, ended_at=now
            )
            invitation = OperatorInvitation.objects.create(
                email=email, role=role, token_hash=hash_of(token), invited_by=by, created_at=now, expires_at=now + valid
            )
    except IntegrityError:
        message = _("Someone has just invited this address. Reload the list of operators.")
        raise Refused("operator.invited", message, field="email") from None
    return IssuedInvitation(invitation, token)


def revoke(invitation: OperatorInvitation, *, by: User, now: datetime) -> None:
    """Revoke an invitation; its link stops working. Raises ``IllegalTransition`` if it was answered meanwhile."""
    INVITATION.move_all([invitation], InvitationEvent.REVOKE, now=now, actor=by.email, ended_at=now)


def pending() -> Sequence[OperatorInvitation]:
    """Return the unanswered invitations, newest first, including expired ones."""
    return list(OperatorInvitation.objects.filter(status=_I.PENDING).select_related("invited_by").order_by("-pk"))


def find_pending(pk: int) -> OperatorInvitation | None:
    return OperatorInvitation.objects.filter(pk=pk, status=_I.PENDING).first()


def find(token: str, *, now: datetime) -> OperatorInvitation | None:
    """Return an invitation that can be accepted now."""
    invitations = OperatorInvitation.objects.filter(token_hash=hash_of(token))
    return invitations.filter(status=_I.PENDING, expires_at__gt=now).first()


def account_of(invitation: OperatorInvitation) -> User | None:
    return User.objects.by_email(invitation.email).first()


def accept(token: str, *, user: User, now: datetime) -> None:
    """Give the role to the account of the invited address. Raises ``Refused`` for another account, or an ended
    invitation."""
    with transaction.atomic():
        invitation = _locked_invitation(token, now)
        if user.email.casefold() != invitation.email.casefold():
            message = _("This invitation is for another email address. Sign in with the account of that address.")
            raise Refused("invitation.other_address", message, HTTPStatus.FORBIDDEN)
        _join(invitation, user, now)


def open_account(token: str, *, name: str, password: str, language: str, now: datetime) -> User:
    """Create the account of the invited address, confirmed and with the role. Raises ``Refused`` if the address has
    an account."""
    with transaction.atomic():
        invitation = _locked_invitation(token, now)
        if account_of(invitation) is not None:
            message = _("This address has an account. Sign in with it to accept the invitation.")
            raise Refused("invitation.has_account", message)
        user = User.objects.create_user(invitation.email, password, name=name.strip(), language=language, joined_at=now)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        _join(invitation, user, now)
    return user


def _locked_invitation(token: str, now: datetime) -> OperatorInvitation:
    invitation = OperatorInvitation.objects.select_for_update().filter(token_hash=hash_of(token)).first()
    if invitation is None or invitation.status != _I.PENDING or invitation.expires_at <= now:
        message = _("This invitation was used, withdrawn, or has expired. Ask the owner of the market for a new one.")
        raise Refused("invitation.ended", message, HTTPStatus.NOT_FOUND)
    return invitation


def _join(invitation: OperatorInvitation, user: User, now: datetime) -> None:
    if not user.is_active:
        raise Refused("account.locked", _("This account is locked."), HTTPStatus.FORBIDDEN)
    INVITATION.move_all([invitation], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now)
    operators.give_role(
        user, invitation.role, by=invitation.invited_by.email if invitation.invited_by else user.email, now=now
    )
