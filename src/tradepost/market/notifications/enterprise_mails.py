"""Invite somebody into an enterprise, and have it mailed, in one transaction: the token is in the mail alone, sealed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import translation

from tradepost.market.identity.models import User
from tradepost.market.organisations.invite import InvitationTerms, invite
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Enterprise, Invitation, Member

from . import facts as f
from .account_mails import mail_account


def send_invitation(
    enterprise: Enterprise,
    email: str,
    user_name: str,
    person: Person,
    *,
    by: Member,
    terms: InvitationTerms,
    now: datetime,
) -> Invitation:
    """Raises ``Refused`` as ``invite`` does. The mail is in the language of the account with this address; where there is none, in
    that of the page."""
    with transaction.atomic():
        new_invitation = invite(enterprise, email, user_name, person, by=by, terms=terms, now=now)
        account = User.objects.by_email(new_invitation.invitation.email).first()
        mail_account(
            "enterprise_invitation",
            new_invitation.invitation.email,
            link=reverse("storefront:enterprise_join", args=[new_invitation.token]),
            language=account.language if account else (translation.get_language() or ""),
            facts={
                "enterprise": enterprise.name, "inviter": by.name, "account": new_invitation.invitation.user_name,
                "until": f.moment(new_invitation.invitation.expires_at),
            },
            now=now,
        )  # fmt: skip
    return new_invitation.invitation


def resend_invitation(invitation: Invitation, *, by: Member, terms: InvitationTerms, now: datetime) -> Invitation:
    """A new mail with a new link; the former one opens nothing any more. Raises ``Refused``, also when it was answered."""
    person = Person(name=invitation.name, department=invitation.department_id, role=invitation.role)
    return send_invitation(
        invitation.enterprise, invitation.email, invitation.user_name, person, by=by, terms=terms, now=now
    )
