"""Invitations to register: send, send again, withdraw, accept (decision 0106).

An invitation is for one address. The account of that address can accept it once, before it expires."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.base.paging import Page, page

from .members import TOKEN_BYTES, hash_of
from .models import Member, User
from .opening_models import MarketInvitation

Side, Status = MarketInvitation.Side, MarketInvitation.Status


class InvitationEvent(StrEnum):
    SEND_AGAIN = "send again"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"


INVITATION: Lifecycle[MarketInvitation.Status, InvitationEvent] = Lifecycle(
    "market invitation",
    {
        (Status.SENT, InvitationEvent.SEND_AGAIN): Status.SENT,
        (Status.SENT, InvitationEvent.ACCEPT): Status.ACCEPTED,
        (Status.SENT, InvitationEvent.WITHDRAW): Status.WITHDRAWN,
    },
)


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation and its token, which only the mail contains."""

    invitation: MarketInvitation
    token: str = field(repr=False)


def invite(side: str, email: str, *, language: str, by: User, valid: timedelta, now: datetime) -> IssuedInvitation:
    """Invite an address. Raises ``Refused`` for an invalid address, one that needs no invitation, or one that has
    one."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise _refused("email", _("“%(email)s” is not an email address."), email) from None
    account = User.objects.by_email(email).first()
    if side == Side.BUYER and account is not None:
        raise _refused("account", _("%(email)s already has an account."), email)
    if account is not None and Member.objects.filter(user=account).exists():
        raise _refused("member", _("The account of %(email)s already acts for a seller."), email)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        with transaction.atomic():  # a concurrent second invitation violates the constraint
            invitation = MarketInvitation.objects.create(
                side=side, email=email, language=account.language if account else language, token_hash=hash_of(token),
                invited_by=by, created_at=now, expires_at=now + valid,
            )  # fmt: skip
    except IntegrityError:
        message = _("%(email)s has already been invited. Send that invitation again.")
        raise _refused("sent", message, email) from None
    return IssuedInvitation(invitation, token)


def _refused(code: str, template: str, email: str) -> Refused:
    message = template % {"email": email[:100]}
    return Refused(f"market_invitation.{code}", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="emails")


def renew(invitation: MarketInvitation, *, by: User, valid: timedelta, now: datetime) -> IssuedInvitation:
    """Give the invitation a new link and a new expiry; the earlier link stops working."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    INVITATION.move_all(
        [invitation], InvitationEvent.SEND_AGAIN, now=now, actor=by.email, token_hash=hash_of(token),
        expires_at=now + valid,
    )  # fmt: skip
    return IssuedInvitation(invitation, token)


def withdraw(invitation: MarketInvitation, *, by: User, now: datetime) -> None:
    INVITATION.move_all([invitation], InvitationEvent.WITHDRAW, now=now, actor=by.email, ended_at=now)


def find_invitation(token: str, *, now: datetime) -> MarketInvitation | None:
    """Return the invitation of a link; None if it was accepted, withdrawn or replaced, or has expired."""
    return MarketInvitation.objects.filter(token_hash=hash_of(token), status=Status.SENT, expires_at__gt=now).first()


def accepted_with(token: str, user: User) -> MarketInvitation | None:
    """Return the invitation of a link if this account accepted it."""
    return MarketInvitation.objects.filter(token_hash=hash_of(token), status=Status.ACCEPTED, user=user).first()


def accept(invitation: MarketInvitation, *, user: User, now: datetime) -> None:
    """Accept the invitation with this account. Raises ``Refused`` for the account of another address."""
    if invitation.email.casefold() != user.email.casefold():
        message = _("This invitation is for another email address. Sign in with the account of that address.")
        raise Refused("market_invitation.other_address", message, HTTPStatus.FORBIDDEN)
    INVITATION.move_all([invitation], InvitationEvent.ACCEPT, now=now, actor=user.email, ended_at=now, user=user)


def may_sell(user: User) -> bool:
    """Return whether the account accepted an invitation to sell."""
    return MarketInvitation.objects.filter(user=user, side=Side.SELLER, status=Status.ACCEPTED).exists()


def invitations(*, after: str = "", size: int = 25) -> Page[MarketInvitation]:
    """Return the invitations newest first."""
    return page(MarketInvitation.objects.select_related("invited_by"), after=after, size=size)


def find(pk: int) -> MarketInvitation | None:
    return MarketInvitation.objects.filter(pk=pk).first()
