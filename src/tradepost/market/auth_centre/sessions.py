"""Sign-ins: start with a new secret, find by the secret, and end together with the grants of applications."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.encoding import iri_to_uri

from tradepost.market.organisations import admin_visits
from tradepost.market.organisations.models import Enterprise, Member

from . import grants
from .may_sign_in import entry_refusal
from .models import Grant, SignInSession
from .random_secrets import hash_of, new_secret

MAX_AGENT_LENGTH = 200


def begin(
    member: Member, *, way: SignInSession.Way, network: str, agent: str, life: timedelta, now: datetime,
    second_step: SignInSession.SecondStep = SignInSession.SecondStep.NONE,
    authenticated_at: datetime | None = None, made_for: str = "",
) -> tuple[SignInSession, str]:  # fmt: skip
    """Start a sign-in and return it with the secret for the browser's cookie.

    Each sign-in has a new secret, so none can be planted beforehand. ``made_for``: path and query of the request that
    caused it.
    """
    secret = new_secret()
    session = SignInSession.objects.create(
        member=member, secret_hash=hash_of(secret), way=way, second_step=second_step, begun_at=now,
        expires_at=now + life, network=network[:64], agent=agent[:MAX_AGENT_LENGTH],
        authenticated_at=authenticated_at or now, made_for=_hash_of_request(made_for),
    )  # fmt: skip
    return session, secret


def find(secret: str, enterprise: Enterprise, *, now: datetime) -> SignInSession | None:
    """Return the active sign-in at this enterprise with this secret, with its member. None if the member may not
    enter."""
    session = (
        SignInSession.objects.select_related("member__user", "member__enterprise", "member__department")
        .filter(secret_hash=hash_of(secret), member__enterprise=enterprise, ended_at=None, expires_at__gt=now)
        .first()
    )
    return session if session is not None and entry_refusal(session.member) is None else None


def is_made_for(session: SignInSession, following: str) -> bool:
    """Return whether the member signed in for this request, which has not been answered yet."""
    return bool(session.made_for) and session.made_for == _hash_of_request(following)


def use_up(session: SignInSession, following: str) -> bool:
    """Mark the request as answered. Returns True once; of two simultaneous requests only one succeeds."""
    request_hash = _hash_of_request(following)
    rows = SignInSession.objects.filter(pk=session.pk, made_for=request_hash)
    return bool(request_hash and rows.update(made_for=""))


def _hash_of_request(following: str) -> str:
    return hashlib.sha256(iri_to_uri(following).encode()).hexdigest() if following else ""


def active_sessions(member: Member, *, now: datetime) -> QuerySet[SignInSession]:
    """Return active sign-ins, newest first."""
    return SignInSession.objects.filter(member=member, ended_at=None, expires_at__gt=now).order_by("-id")


def replace(earlier: SignInSession, by: Member, *, now: datetime) -> None:
    """Replace the browser's earlier sign-in. One of another person ends; one of the same member keeps its grants."""
    if earlier.member_id != by.pk:
        end(earlier, Grant.Why.SIGNED_OUT, now=now)
    else:
        SignInSession.objects.filter(pk=earlier.pk).update(expires_at=now)
        admin_visits.end_of_sign_ins([earlier.pk], now=now)


def end(session: SignInSession, why: Grant.Why, *, now: datetime) -> None:
    """End a sign-in. Idempotent."""
    end_all(SignInSession.objects.filter(pk=session.pk), why, now=now)


def end_all(sessions: QuerySet[SignInSession], why: Grant.Why, *, now: datetime) -> int:
    """End sign-ins and return how many were active."""
    keys = list(sessions.filter(ended_at=None).values_list("pk", flat=True))
    ended_count = SignInSession.objects.filter(pk__in=keys, ended_at=None).update(ended_at=now)
    grants.revoke(Grant.objects.filter(session__in=keys), why, now=now)
    admin_visits.end_of_sign_ins(keys, now=now)
    return ended_count


def end_sessions_of_members(members: list[int], why: Grant.Why, *, now: datetime) -> int:
    """End sign-ins of members who may no longer sign in, also expired ones, since tokens live longer."""
    return end_all(SignInSession.objects.filter(member__in=members), why, now=now)


def end_earlier(user: int, why: Grant.Why, *, before: datetime, now: datetime) -> int:
    """End all earlier sign-ins of a person, in all enterprises."""
    return end_all(SignInSession.objects.filter(member__user=user, begun_at__lt=before), why, now=now)
