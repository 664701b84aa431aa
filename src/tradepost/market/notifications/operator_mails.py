"""Invite operators, and tell people what became of their role or their account."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import translation

from tradepost.market.identity import operator_invitations
from tradepost.market.identity.events import AccountLocked, AccountUnlocked, OperatorRoleChanged
from tradepost.market.identity.models import AccountLock, OperatorInvitation, User
from tradepost.market.identity.operator_roles import Role

from . import facts as f
from .account_mails import mail_account
from .tell import send_notice


def send_invitation(email: str, role: str, *, by: User, valid: timedelta, now: datetime) -> OperatorInvitation:
    """Raises ``Refused`` as ``operator_invitations.invite`` does. The mail is in the language of the account with this address, or of
    the page where there is none."""
    with transaction.atomic():
        new_invitation = operator_invitations.invite(email, role, by=by, valid=valid, now=now)
        account = operator_invitations.account_of(new_invitation.invitation)
        mail_account(
            "operator_invitation", new_invitation.invitation.email,
            link=reverse("console:operator_join", args=[new_invitation.token]),
            language=account.language if account else (translation.get_language() or ""),
            facts={
                "role": f.in_both_languages(Role(role).label), "inviter": by.email,
                "until": f.moment(new_invitation.invitation.expires_at),
            },
            now=now,
        )  # fmt: skip
    return new_invitation.invitation


def on_operator_role_changed(event: OperatorRoleChanged, now: datetime) -> None:
    user = User.objects.get(pk=event.user)
    once = f"{event.user}/{event.at:%Y%m%d%H%M%S%f}"
    if event.role:
        facts = {"role": f.in_both_languages(Role(event.role).label), "by": event.by}
        send_notice(user, "operator_role", facts=facts, once=once, link=reverse("console:overview"), now=now)
    else:
        send_notice(user, "operator_removed", facts={"by": event.by}, once=once, link="/", now=now)


def on_account_locked(event: AccountLocked, now: datetime) -> None:
    _mail(event.user, "account_locked", AccountLock.objects.get(pk=event.lock).reason, "/", now)


def on_account_unlocked(event: AccountUnlocked, now: datetime) -> None:
    reason = AccountLock.objects.get(pk=event.lock).lifted_reason
    _mail(event.user, "account_unlocked", reason, reverse("account_login"), now)


def _mail(user: int, kind: str, reason: str, link: str, now: datetime) -> None:
    """A locked account gets no notices, so it is a mail about the account. One that an enterprise made has no address."""
    account = User.objects.get(pk=user)
    if account.email:
        mail_account(kind, account.email, link=link, language=account.language, facts={"reason": reason}, now=now)
