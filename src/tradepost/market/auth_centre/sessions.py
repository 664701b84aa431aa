"""Sign-ins: begun with a fresh secret, found by it, ended with all that applications hold of them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.encoding import iri_to_uri

from tradepost.market.organisations import admin_visits
from tradepost.market.organisations.models import Enterprise, Member

from . import grants
from .drawn import draw, hash_of
from .may_sign_in import may_enter
from .models import Grant, SignInSession

LONGEST_AGENT = 200


def begin(
    member: Member, *, way: SignInSession.Way, network: str, agent: str, life: timedelta, now: datetime,
    second_step: SignInSession.SecondStep = SignInSession.SecondStep.NONE,
    authenticated_at: datetime | None = None, made_for: str = "",
) -> tuple[SignInSession, str]:  # fmt: skip
    """The sign-in, and the secret for the browser's cookie: a new one each time, so that none can be planted beforehand.

    ``made_for``: path and query of the request that asked for it.
    """
    secret = draw()
    session = SignInSession.objects.create(
        member=member, secret_hash=hash_of(secret), way=way, second_step=second_step, begun_at=now,
        expires_at=now + life, network=network[:64], agent=agent[:LONGEST_AGENT],
        authenticated_at=authenticated_at or now, made_for=_hash_of_request(made_for),
    )  # fmt: skip
    return session, secret


def find(secret: str, enterprise: Enterprise, *, now: datetime) -> SignInSession | None:
    """The living sign-in at this enterprise of whose cookie holds the secret, with its member; None for who may no longer
    enter."""
    found = (
        SignInSession.objects.select_related("member__user", "member__enterprise", "member__department")
        .filter(secret_hash=hash_of(secret), member__enterprise=enterprise, ended_at=None, expires_at__gt=now)
        .first()
    )
    return found if found is not None and may_enter(found.member) is None else None


def is_made_for(session: SignInSession, following: str) -> bool:
    """Whether the member signed in for this very request, which has not been answered yet."""
    return bool(session.made_for) and session.made_for == _hash_of_request(following)


def use_up(session: SignInSession, following: str) -> bool:
    """Answer the request that a sign-in was made for. True once: two requests at the same moment get one."""
    hashed = _hash_of_request(following)
    rows = SignInSession.objects.filter(pk=session.pk, made_for=hashed)
    return bool(hashed and rows.update(made_for=""))


def _hash_of_request(following: str) -> str:
    return hashlib.sha256(iri_to_uri(following).encode()).hexdigest() if following else ""


def living_of(member: Member, *, now: datetime) -> QuerySet[SignInSession]:
    """The newest first."""
    return SignInSession.objects.filter(member=member, ended_at=None, expires_at__gt=now).order_by("-id")


def replace(earlier: SignInSession, by: Member, *, now: datetime) -> None:
    """Another sign-in takes its place in the browser: somebody else's ends it; one's own leaves applications what they hold."""
    if earlier.member_id != by.pk:
        end(earlier, Grant.Why.SIGNED_OUT, now=now)
    else:
        SignInSession.objects.filter(pk=earlier.pk).update(expires_at=now)
        admin_visits.end_with([earlier.pk], now=now)


def end(session: SignInSession, why: Grant.Why, *, now: datetime) -> None:
    """Once; what is over already stays as it is."""
    end_all(SignInSession.objects.filter(pk=session.pk), why, now=now)


def end_all(sessions: QuerySet[SignInSession], why: Grant.Why, *, now: datetime) -> int:
    """How many were living."""
    keys = list(sessions.filter(ended_at=None).values_list("pk", flat=True))
    ended = SignInSession.objects.filter(pk__in=keys, ended_at=None).update(ended_at=now)
    grants.revoke(Grant.objects.filter(session__in=keys), why, now=now)
    admin_visits.end_with(keys, now=now)
    return ended


def end_those_of(members: list[int], why: Grant.Why, *, now: datetime) -> int:
    """Of people who may no longer sign in: theirs end even where the browser's time was over, since tokens outlive it."""
    return end_all(SignInSession.objects.filter(member__in=members), why, now=now)


def end_earlier(user: int, why: Grant.Why, *, before: datetime, now: datetime) -> int:
    """All of a person, in whatever enterprise, that began before."""
    return end_all(SignInSession.objects.filter(member__user=user, begun_at__lt=before), why, now=now)
