"""When a submission must be decided: a number of working days after its arrival (business-rules §2.4). Pure."""

from __future__ import annotations

from datetime import time

from msgspec import Struct

from tradepost.market.base.working_days import Calendar, Deadline, are_holidays_known, deadline_of, is_workday

__all__ = ["Calendar", "Deadline", "Promise", "are_holidays_known", "deadline_of", "is_workday", "promised_days"]


class Promise(Struct, frozen=True):
    """``days``: working days; ``closes``: the local time at which a working day ends. From the ``busy_from``-th
    submission of a seller on a day, each gets ``busy_extra`` more days."""

    days: int
    busy_from: int
    busy_extra: int
    closes: time = time(18)


def promised_days(promise: Promise, *, sent_today: int) -> int:
    """Return the working days. ``sent_today``: submissions of the same seller on the same local day, including this
    one."""
    return promise.days + (promise.busy_extra if sent_today >= promise.busy_from else 0)
