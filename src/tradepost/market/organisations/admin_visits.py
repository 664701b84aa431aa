"""Administrators who signed in at the auth centre manage the enterprise on pages of the market (decision 0083).

The pages first give the browser a secret, and redirect to the auth centre with its hash. The browser returns with a
single-use ticket, valid for a minute and only together with that secret. So a link from another person cannot sign
anyone in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused

from .models import AdminVisit, Enterprise, Member

COOKIE = "tradepost_enterprise"
"""Sent only to the pages of that enterprise."""
LENGTH, MAX_LENGTH = 43, 512
"""Length of a secret: 256 bits. Longer input is not hashed."""
TICKET_LIFE = timedelta(minutes=1)


def new_secret() -> str:
    return ids.secret(LENGTH)


def hash_of(secret: str) -> str:
    """Return the hash; empty for an impossible secret."""
    return hashlib.sha256(secret.encode()).hexdigest() if 0 < len(secret) <= MAX_LENGTH else ""


def may_manage(member: Member) -> bool:
    """Return whether the member may manage the enterprise. ``member``: with its user and enterprise."""
    is_active = member.removed_at is None and member.enterprise.status == Enterprise.Status.ACTIVE
    return is_active and member.enabled and member.role == Member.Role.ADMIN and member.user.is_active


def create_ticket(member: Member, *, state_hash: str, sign_in: int, until: datetime, now: datetime) -> str:
    """Return a ticket. ``state_hash``: received from the browser; ``sign_in``: the sign-in at the auth centre;
    ``until``: its end.

    Raises ``Refused`` for a member who is not an administrator."""
    if not may_manage(member):
        message = _("Only administrators of %(enterprise)s can manage it.") % {"enterprise": member.enterprise.name}
        raise Refused("enterprise.not_admin", message, HTTPStatus.FORBIDDEN)
    ticket = new_secret()
    AdminVisit.objects.create(
        member=member, sign_in=sign_in, ticket_hash=hash_of(ticket), state_hash=state_hash[:64],
        auth_hash=member.user.get_session_auth_hash(), ticket_until=now + TICKET_LIFE, expires_at=until,
    )  # fmt: skip
    return ticket


def redeem_ticket(code: str, ticket: str, state: str, *, now: datetime) -> tuple[Member, str, datetime] | None:
    """Redeem a ticket. Return the member, the secret for the browser's cookie, and its expiry.

    None for a ticket that is used, expired, or was issued for another enterprise or browser. The ticket is used up in
    any case."""
    secret = new_secret()
    with transaction.atomic():
        visits = AdminVisit.objects.select_for_update(of=("self",)).filter(
            ticket_hash=hash_of(ticket), member__enterprise__code=code, secret_hash=None, ended_at=None
        )
        visit = visits.select_related("member__user", "member__enterprise").first()
        if visit is None:
            return None
        is_valid = hmac.compare_digest(visit.state_hash, hash_of(state)) and visit.ticket_until > now
        if not (is_valid and _is_valid(visit, now)):
            visit.ended_at = now
            visit.save(update_fields=["ended_at"])
            return None
        visit.secret_hash = hash_of(secret)
        visit.save(update_fields=["secret_hash"])
    return visit.member, secret, visit.expires_at


def administrator_of(secret: str, code: str, *, now: datetime) -> Member | None:
    """Return the administrator of a browser's cookie. Called for each request."""
    if not (secret_hash := hash_of(secret)):
        return None
    visits = AdminVisit.objects.filter(secret_hash=secret_hash, ended_at=None, member__enterprise__code=code)
    visit = visits.select_related("member__user", "member__enterprise", "member__department").first()
    return visit.member if visit is not None and _is_valid(visit, now) else None


def _is_valid(visit: AdminVisit, now: datetime) -> bool:
    is_unchanged = hmac.compare_digest(visit.auth_hash, visit.member.user.get_session_auth_hash())
    return visit.expires_at > now and is_unchanged and may_manage(visit.member)


def end(secret: str, *, now: datetime) -> None:
    AdminVisit.objects.filter(secret_hash=hash_of(secret) or None, ended_at=None).update(ended_at=now)


def end_of_sign_ins(sign_ins: Collection[int], *, now: datetime) -> None:
    """End the visits that began with these sign-ins at the auth centre."""
    AdminVisit.objects.filter(Q(sign_in__in=sign_ins), ended_at=None).update(ended_at=now)
