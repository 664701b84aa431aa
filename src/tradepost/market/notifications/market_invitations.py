"""Mail invitations to register, in one transaction with the invitation: the token is in the mail alone, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from tradepost.market.identity import market_invitations as verbs
from tradepost.market.identity.models import User
from tradepost.market.identity.opening_models import MarketInvitation

from . import facts as f
from .account_mails import mail_account

Side = MarketInvitation.Side
KINDS: Mapping[str, str] = {Side.BUYER: "market_invitation_buyer", Side.SELLER: "market_invitation_seller"}
"""Words of the mail."""


def invite(side: str, email: str, *, language: str, by: User, valid: timedelta, now: datetime) -> MarketInvitation:
    """Raises ``Refused`` as ``market_invitations.invite`` does."""
    with transaction.atomic():
        return _mail(verbs.invite(side, email, language=language, by=by, valid=valid, now=now), now=now)


def resend_invitation(invitation: MarketInvitation, *, by: User, valid: timedelta, now: datetime) -> None:
    """Mail a new link; the earlier one stops working."""
    with transaction.atomic():
        _mail(verbs.renew(invitation, by=by, valid=valid, now=now), now=now)


def _mail(invited: verbs.IssuedInvitation, *, now: datetime) -> MarketInvitation:
    invitation = invited.invitation
    mail_account(
        KINDS[invitation.side],
        invitation.email,
        link=reverse("web:market_invitation", args=[invited.token]),
        language=invitation.language,
        facts={"until": f.moment(invitation.expires_at)},
        now=now,
    )
    return invitation
