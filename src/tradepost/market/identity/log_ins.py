"""The browsers in which an account is signed in, and ending one or all of these sessions."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet

from tradepost.market.base import outbox

from .events import SignInChanged
from .models import LogIn, User
from .second_factor_models import MAX_AGENT_LENGTH


def record_log_in(user: User, session: str, *, network: str, agent: str, now: datetime) -> None:
    """Record a stored session by its key. Repeating it has no effect. ``now``: real time, as for sessions."""
    values = {"user": user, "begun_at": now, "network": network[:64], "agent": agent[:MAX_AGENT_LENGTH]}
    LogIn.objects.get_or_create(session_id=session, defaults=values)


def valid_log_ins(user: User, *, now: datetime) -> QuerySet[LogIn]:
    """Return the valid sessions, newest first."""
    return LogIn.objects.filter(user=user, session__expire_date__gt=now).order_by("-id")


def end(log_in: LogIn) -> None:
    Session.objects.filter(pk=log_in.session_id).delete()


def end_all(user: User) -> None:
    """End every session of the account, including those recorded before ``LogIn`` existed.

    A session that continues must receive the account's new hash (``update_session_auth_hash``)."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    Session.objects.filter(log_in__user=user).delete()


def end_by_password(user: User, *, now: datetime, wall: datetime) -> None:
    """End all sessions after a change of the password."""
    with transaction.atomic():
        end_all(user)
        outbox.publish(SignInChanged(user=user.pk, what="password", at=wall), now=now)
