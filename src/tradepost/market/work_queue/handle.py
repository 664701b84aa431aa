"""What an operator does to an entry of the queue: take it, give it to another, put it off, note something.

None of that resolves it: an entry leaves when its fact is gone. Whoever acts says what they saw, so that of two who take an
entry at once the second is told who has it.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from .contract import Entry
from .models import LONGEST_NOTE, Handling, HandlingChange
from .snooze import must_not_hide

What = HandlingChange.What


@transaction.atomic
def assign(entry: Entry, to: User | None, *, seen: int | None, by: User, now: datetime) -> Handling:
    """``to``: None gives it back. ``seen``: the pk of who had it when ``by`` looked. Raises ``Refused`` (409) where somebody
    else has it by now, and for an account that is no operator's; nothing is changed then."""
    if to is not None and not (to.is_operator and to.is_active):
        raise Refused("queue.no_operator", _("This account is no operator's."), field="assignee")
    handling = _locked(entry, by=by, now=now)
    target = to.pk if to is not None else None
    if handling.assignee_id == target:
        return handling
    if handling.assignee_id != seen:
        raise Refused("queue.taken", _taken(handling), HTTPStatus.CONFLICT, field="assignee")
    handling.assignee = to
    _changed(handling, What.ASSIGNED if to else What.GIVEN_BACK, words=str(to) if to else "", by=by, now=now)
    return handling


def _taken(handling: Handling) -> str:
    if handling.assignee is None:
        return _("It was given back meanwhile. Look again, and take it if you want it.")
    return _("%(name)s has it already. Nothing was changed.") % {"name": handling.assignee}


@transaction.atomic
def snooze(entry: Entry, back_at: datetime | None, *, knowing: bool, by: User, now: datetime) -> Handling:
    """``back_at``: None puts it back now. ``knowing``: that it comes back after its due time. Raises ``Refused``."""
    if back_at is not None:
        must_not_hide(entry.due_at, back_at, knowing=knowing)
    handling = _locked(entry, by=by, now=now)
    if handling.snoozed_until == back_at:
        return handling
    handling.snoozed_until = back_at
    _changed(handling, What.SNOOZED if back_at else What.WOKEN, until=back_at, by=by, now=now)
    return handling


@transaction.atomic
def note(entry: Entry, words: str, *, by: User, now: datetime) -> Handling:
    """Replaces the note that stands; what stood is in the history. Raises ``Refused`` for one that is too long."""
    words = words.strip()
    if len(words) > LONGEST_NOTE:
        raise Refused("queue.note", _("At most 500 characters."), HTTPStatus.UNPROCESSABLE_ENTITY, field="note")
    handling = _locked(entry, by=by, now=now)
    if handling.note == words:
        return handling
    handling.note = words
    _changed(handling, What.NOTED, words=words, by=by, now=now)
    return handling


def _locked(entry: Entry, *, by: User, now: datetime) -> Handling:
    """The entry's row; made where nobody added anything yet."""
    Handling.objects.bulk_create(
        [Handling(source=entry.source, entry=entry.pk, changed_at=now, changed_by=by.email)], ignore_conflicts=True
    )
    rows = Handling.objects.select_for_update(of=("self",)).select_related("assignee")
    return rows.get(source=entry.source, entry=entry.pk)


def _changed(
    handling: Handling, what: What, *, words: str = "", until: datetime | None = None, by: User, now: datetime
) -> None:
    handling.changed_at, handling.changed_by = now, by.email
    handling.save(update_fields=["assignee", "snoozed_until", "note", "changed_at", "changed_by"])
    HandlingChange.objects.create(handling=handling, what=what, words=words, until=until, at=now, by=by.email)
