"""Until when a submission is to be decided: so many working days after it came (business-rules §2.4). Pure."""

from __future__ import annotations

from datetime import time

from msgspec import Struct

from tradepost.market.base.working_days import Calendar, Due, due, holidays_known, is_workday

__all__ = ["Calendar", "Due", "Promise", "due", "holidays_known", "is_workday", "promised_days"]


class Promise(Struct, frozen=True):
    """``days``: working days; ``closes``: the local time at which a working day ends. From ``busy_from`` submissions of a
    seller a day on, each gets ``busy_extra`` days more."""

    days: int
    busy_from: int
    busy_extra: int
    closes: time = time(18)


def promised_days(promise: Promise, *, sent_today: int) -> int:
    """``sent_today``: submissions of the same seller on the same local day, this one among them."""
    return promise.days + (promise.busy_extra if sent_today >= promise.busy_from else 0)
