"""Until when an entry is put off: tomorrow morning, in three days, on a date; and whether that is beyond its due time. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

LONGEST = timedelta(days=366)
TOMORROW, THREE_DAYS, DATE, NOW = "tomorrow", "three_days", "date", "now"
_DAYS = {TOMORROW: 1, THREE_DAYS: 3}


def until(choice: str, typed: str, *, now: datetime, zone: tzinfo, morning: time) -> datetime | None:
    """The morning of the chosen day in the market's zone; None: not put off any more. ``typed``: an ISO date, for ``DATE``.
    Raises ``Refused`` for a choice that is none, and a date that is not after today or is too far away."""
    if choice == NOW:
        return None
    today = now.astimezone(zone).date()
    day = today + timedelta(days=_DAYS[choice]) if choice in _DAYS else _date(typed if choice == DATE else "")
    if day <= today:
        raise _refused(_("Choose a day after today."))
    if day > today + LONGEST:
        raise _refused(_("Choose a day within a year."))
    return datetime.combine(day, morning, zone)


def _date(typed: str) -> date:
    try:
        return date.fromisoformat(typed.strip()[:10])
    except ValueError:
        raise _refused(_("Type a date.")) from None


def _refused(words: str) -> Refused:
    return Refused("queue.until", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="until")


def must_not_hide(due_at: datetime | None, back_at: datetime, *, knowing: bool) -> None:
    """Raises ``Refused`` where an entry would come back only when it is overdue, unless that was said."""
    if due_at is not None and back_at > due_at and not knowing:
        words = _("It is due before that. Tick that you know, or choose an earlier day.")
        raise Refused("queue.beyond_due", words, HTTPStatus.CONFLICT, field="beyond")
