"""An administrator who signed in at the auth centre manages the enterprise on its pages of the market (decision 0083).

The browser gets a secret on the pages first, is led to the auth centre with its hash, and comes back with a ticket that is good once,
for a minute, and only together with that secret: no link that somebody else made signs anybody in.
"""

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
"""It is sent to the pages of that enterprise alone."""
LENGTH, LONGEST = 43, 512
"""Letters and digits of a secret: 256 bits. More of what a browser sends is not even hashed."""
TICKET_LIFE = timedelta(minutes=1)


def draw() -> str:
    return ids.secret(LENGTH)


def hash_of(secret: str) -> str:
    """Empty for what cannot be ours."""
    return hashlib.sha256(secret.encode()).hexdigest() if 0 < len(secret) <= LONGEST else ""


def may_manage(member: Member) -> bool:
    """``member`` with its user and enterprise."""
    living = member.removed_at is None and member.enterprise.status == Enterprise.Status.ACTIVE
    return living and member.enabled and member.role == Member.Role.ADMIN and member.user.is_active


def offer(member: Member, *, state_hash: str, sign_in: int, until: datetime, now: datetime) -> str:
    """The ticket. ``state_hash``: what the browser brought; ``sign_in``: the sign-in at the auth centre, ``until`` its end. Raises
    ``Refused`` for who is no administrator."""
    if not may_manage(member):
        words = _("Only administrators of %(enterprise)s can manage it.") % {"enterprise": member.enterprise.name}
        raise Refused("enterprise.not_admin", words, HTTPStatus.FORBIDDEN)
    ticket = draw()
    AdminVisit.objects.create(
        member=member, sign_in=sign_in, ticket_hash=hash_of(ticket), state_hash=state_hash[:64],
        auth_hash=member.user.get_session_auth_hash(), ticket_until=now + TICKET_LIFE, expires_at=until,
    )  # fmt: skip
    return ticket


def enter(code: str, ticket: str, state: str, *, now: datetime) -> tuple[Member, str, datetime] | None:
    """Who comes in, the secret for the browser's cookie, and when it ends; None for a ticket that is used, too old, another
    enterprise's, or was made for another browser. Either way the ticket is used up."""
    secret = draw()
    with transaction.atomic():
        own = AdminVisit.objects.select_for_update(of=("self",)).filter(
            ticket_hash=hash_of(ticket), member__enterprise__code=code, secret_hash=None, ended_at=None
        )
        visit = own.select_related("member__user", "member__enterprise").first()
        if visit is None:
            return None
        fits = hmac.compare_digest(visit.state_hash, hash_of(state)) and visit.ticket_until > now
        if not (fits and _holds(visit, now)):
            visit.ended_at = now
            visit.save(update_fields=["ended_at"])
            return None
        visit.secret_hash = hash_of(secret)
        visit.save(update_fields=["secret_hash"])
    return visit.member, secret, visit.expires_at


def find(secret: str, code: str, *, now: datetime) -> Member | None:
    """The administrator of whose browser the cookie is. Asked with each request."""
    if not (hashed := hash_of(secret)):
        return None
    own = AdminVisit.objects.filter(secret_hash=hashed, ended_at=None, member__enterprise__code=code)
    visit = own.select_related("member__user", "member__enterprise", "member__department").first()
    return visit.member if visit is not None and _holds(visit, now) else None


def _holds(visit: AdminVisit, now: datetime) -> bool:
    same = hmac.compare_digest(visit.auth_hash, visit.member.user.get_session_auth_hash())
    return visit.expires_at > now and same and may_manage(visit.member)


def end(secret: str, *, now: datetime) -> None:
    AdminVisit.objects.filter(secret_hash=hash_of(secret) or None, ended_at=None).update(ended_at=now)


def end_with(sign_ins: Collection[int], *, now: datetime) -> None:
    """Those that began with these sign-ins at the auth centre."""
    AdminVisit.objects.filter(Q(sign_in__in=sign_ins), ended_at=None).update(ended_at=now)
