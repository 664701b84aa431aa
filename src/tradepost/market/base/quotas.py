"""Quotas that are computed from the rows they limit, and the time until such a quota allows another row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

DAY = timedelta(days=1)
RETRY_DELAY = 5
"""Seconds to wait for a slot that becomes free at an unknown time."""


def wait_until(moment: datetime, now: datetime) -> int:
    """Return the whole seconds from ``now`` until ``moment``, at least one."""
    return max(1, math.ceil((moment - now).total_seconds()))


def wait_for_room(rows: QuerySet[Any], field: str, most: int, *, now: datetime) -> int:
    """Return the whole seconds until another row is allowed; 0 if one is allowed now. At most ``most`` rows per day.

    ``field``: the column with the time of a row."""
    newest_times = rows.filter(**{f"{field}__gt": now - DAY}).order_by(f"-{field}").values_list(field, flat=True)
    return wait_after(list(newest_times[: max(most, 0)]), most, now=now)


def wait_after(newest: Sequence[datetime], most: int, *, now: datetime) -> int:
    """Return the same from the times of the newest rows, newest first. ``newest`` has at least ``most`` times if
    there are as many."""
    if most <= 0:
        return wait_until(now + DAY, now)
    if len(newest) < most or newest[most - 1] <= now - DAY:
        return 0
    return wait_until(newest[most - 1] + DAY, now)
