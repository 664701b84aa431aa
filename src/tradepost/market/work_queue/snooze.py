"""The end of a snooze: tomorrow morning, in three days or on a date; and the check against the due time. No I/O."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

MAX_DURATION = timedelta(days=366)
TOMORROW, THREE_DAYS, DATE, NOW = "tomorrow", "three_days", "date", "now"
_DAYS = {TOMORROW: 1, THREE_DAYS: 3}


def end_of_snooze(choice: str, typed: str, *, now: datetime, zone: tzinfo, morning: time) -> datetime | None:
    """Return the morning of the chosen day in the market's zone; None ends the snooze. ``typed``: an ISO date, for
    ``DATE``.

    Raises ``Refused`` for an invalid choice or date, and for a date that is not after today or too far away.
    """
    if choice == NOW:
        return None
    today = now.astimezone(zone).date()
    day = today + timedelta(days=_DAYS[choice]) if choice in _DAYS else _date(typed if choice == DATE else "")
    if day <= today:
        raise _invalid(_("Choose a day after today."))
    if day > today + MAX_DURATION:
        raise _invalid(_("Choose a day within a year."))
    return datetime.combine(day, morning, zone)


def _date(typed_date: str) -> date:
    try:
        return date.fromisoformat(typed_date.strip()[:10])
    except ValueError:
        raise _invalid(_("Type a date.")) from None


def _invalid(words: str) -> Refused:
    return Refused("queue.until", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="until")


def check_due_time(due_at: datetime | None, back_at: datetime, *, knowing: bool) -> None:
    """Raise ``Refused`` if the snooze ends after the due time, unless the operator confirmed it."""
    if due_at is not None and back_at > due_at and not knowing:
        words = _("It is due before that. Tick that you know, or choose an earlier day.")
        raise Refused("queue.beyond_due", words, HTTPStatus.CONFLICT, field="beyond")
