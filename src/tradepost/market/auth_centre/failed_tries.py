"""Wrong passwords in a row are counted in the database: for all processes, and beyond a restart (joint.md §9)."""

from __future__ import annotations

import math
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac

from .lockout import Lockout, still_counted
from .models import SignInFailure


def begin(what: str, lockout: Lockout, *, now: datetime) -> int:
    """Begin a try, which counts as wrong unless ``was_right`` follows: 0 when it may be, else the whole seconds until it may.

    It is counted before it is judged, or many at a time would all be the first.
    """
    with transaction.atomic():
        row, _made = SignInFailure.objects.select_for_update().get_or_create(
            key=_key(what), defaults={"locked_until": now}
        )
        if row.locked_until > now:
            return max(1, math.ceil((row.locked_until - now).total_seconds()))
        row.failures = still_counted(row.failures, row.locked_until, now) + 1
        row.locked_until = now + lockout.after(row.failures)
        row.save(update_fields=["failures", "locked_until"])
    return 0


def was_right(what: str) -> None:
    """Nothing is held against whoever tried."""
    SignInFailure.objects.filter(key=_key(what)).delete()


def _key(what: str) -> str:
    return salted_hmac("tradepost.auth_centre.tries", what, algorithm="sha256").hexdigest()
