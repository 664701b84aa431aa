"""Where an account is logged in to the market, and its end: of one browser, or of all at once."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet

from tradepost.market.base import outbox

from .events import SignInChanged
from .models import LogIn, User
from .second_factor_models import AGENT


def note(user: User, session: str, *, network: str, agent: str, now: datetime) -> None:
    """A session that is kept already, by its key. The same again changes nothing. ``now``: real time, as for sessions."""
    told = {"user": user, "begun_at": now, "network": network[:64], "agent": agent[:AGENT]}
    LogIn.objects.get_or_create(session_id=session, defaults=told)


def living_of(user: User, *, now: datetime) -> QuerySet[LogIn]:
    """The newest first."""
    return LogIn.objects.filter(user=user, session__expire_date__gt=now).order_by("-id")


def end(log_in: LogIn) -> None:
    Session.objects.filter(pk=log_in.session_id).delete()


def end_all(user: User) -> None:
    """Every session of the account, also those that no row names: those of before this was kept. Who goes on in one of them holds
    the new hash of the account in it (``update_session_auth_hash``)."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    Session.objects.filter(log_in__user=user).delete()


def end_by_password(user: User, *, now: datetime, wall: datetime) -> None:
    """Its password is another one now: whoever is logged in by the earlier one is logged out."""
    with transaction.atomic():
        end_all(user)
        outbox.publish(SignInChanged(user=user.pk, what="password", at=wall), now=now)
