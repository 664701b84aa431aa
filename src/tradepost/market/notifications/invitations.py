"""Invite somebody to act for a seller, and have it mailed, in one transaction: the token is in the mail alone, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity import members
from tradepost.market.identity.models import Group, Invitation, Member, Seller, User

from . import facts as f
from .account_mails import mail_account


def send_invitation(
    seller: Seller, email: str, *, groups: Sequence[Group], by: Member, most: int, valid: timedelta, now: datetime
) -> Invitation:
    """Raises ``Refused`` as ``members.invite`` does. The mail is in the language of the account with this address; where
    there is none, in that of the page."""
    with transaction.atomic():
        new_invitation = members.invite(seller, email, groups=groups, by=by, most=most, valid=valid, now=now)
        account = User.objects.by_email(new_invitation.invitation.email).first()
        mail_account(
            "member_invitation",
            new_invitation.invitation.email,
            link=reverse("seller_center:join", args=[new_invitation.token]),
            language=account.language if account else (translation.get_language() or ""),
            facts={
                "seller": f.seller_names(seller),
                "inviter": by.user.email,
                "until": f.moment(new_invitation.invitation.expires_at),
            },
            now=now,
        )
    return new_invitation.invitation


def resend_invitation(invitation: Invitation, *, by: Member, most: int, valid: timedelta, now: datetime) -> Invitation:
    """A new mail with a new link; the former one opens nothing any more."""
    groups = list(invitation.groups.all())
    if invitation.status != Invitation.Status.PENDING:
        raise Refused("invitation.ended", _("This invitation was answered or withdrawn meanwhile."))
    return send_invitation(invitation.seller, invitation.email, groups=groups, by=by, most=most, valid=valid, now=now)
