"""Wrong passwords in a row are counted in the database: for all processes, and beyond a restart (joint.md §9)."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from .lockout import Lockout, still_counted
from .models import SignInFailure

AGAIN = 5
"""Tries to find or make a count that others make and delete meanwhile."""


def begin(what: str, lockout: Lockout, *, now: datetime) -> int:
    """Begin a try, which counts as wrong unless ``was_right`` follows: 0 when it may be, else the whole seconds until it may.

    It is counted before it is judged, or many at a time would all be the first.
    """
    with transaction.atomic():
        row = _locked(_key(what), now)
        # Where nothing locks yet, ``locked_until`` is when the last try was, which is after ``now`` for who waited for the row.
        if row.locked_until > now and lockout.after(row.failures):
            return max(1, math.ceil((row.locked_until - now).total_seconds()))
        row.failures = still_counted(row.failures, row.locked_until, now) + 1
        row.locked_until = max(row.locked_until, now) + lockout.after(row.failures)
        row.save(update_fields=["failures", "locked_until"])
    return 0


def _locked(key: str, now: datetime) -> SignInFailure:
    """The row of another who came at the same moment may be gone again before it is read (``was_right``): then once more."""
    for _ in range(AGAIN):
        with suppress(IntegrityError):
            return SignInFailure.objects.select_for_update().get_or_create(key=key, defaults={"locked_until": now})[0]
    return SignInFailure.objects.select_for_update().get_or_create(key=key, defaults={"locked_until": now})[0]


def was_right(what: str) -> None:
    """Nothing is held against whoever tried."""
    SignInFailure.objects.filter(key=_key(what)).delete()


def take_back(what: str, *, now: datetime) -> None:
    """Undo one try that was counted and then not judged, because another limit refused it."""
    SignInFailure.objects.filter(key=_key(what), failures__gt=0).update(failures=F("failures") - 1, locked_until=now)


def _key(what: str) -> str:
    return salted_hmac("tradepost.auth_centre.tries", what, algorithm="sha256").hexdigest()
