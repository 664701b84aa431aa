"""Deletes expired sessions. Django keeps the rows of users who never sign out."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session

from tradepost.market.base.retention import BATCH, Sweep


def _delete_expired(before: datetime) -> int:
    """Delete one batch, found by the index on the expiry date."""
    ended = Session.objects.filter(expire_date__lt=before).order_by("expire_date").values_list("pk", flat=True)
    return Session.objects.filter(pk__in=list(ended[:BATCH])).delete()[0]


SESSIONS = Sweep(
    name="sessions", model=Session, setting="keep_expired_sessions_days", work=_delete_expired, of_real_time=True
)
