"""Actions of operators on entries of the queue: assign, snooze and add notes.

None of them resolves an entry, which disappears when its row no longer matches. Callers pass the state that the
operator saw, so that the second of two operators who take an entry learns who has it.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from .contract import Entry
from .models import MAX_NOTE_LENGTH, Handling, HandlingChange
from .snooze import check_due_time

ChangeKind = HandlingChange.What


@transaction.atomic
def assign(entry: Entry, to: User | None, *, seen: int | None, by: User, now: datetime) -> Handling:
    """Assign an entry. ``to``: None removes the assignee. ``seen``: primary key of the assignee that ``by`` saw.

    Raises ``Refused`` (409) if the assignee has changed, or if the account is not an operator's. Nothing is changed
    then.
    """
    if to is not None and not (to.is_operator and to.is_active):
        raise Refused("queue.no_operator", _("This account is no operator's."), field="assignee")
    handling = _locked(entry, by=by, now=now)
    target = to.pk if to is not None else None
    if handling.assignee_id == target:
        return handling
    if handling.assignee_id != seen:
        raise Refused("queue.taken", _taken_by_other_message(handling), HTTPStatus.CONFLICT, field="assignee")
    handling.assignee = to
    _record_change(
        handling, ChangeKind.ASSIGNED if to else ChangeKind.GIVEN_BACK, words=str(to) if to else "", by=by, now=now
    )
    return handling


def _taken_by_other_message(handling: Handling) -> str:
    if handling.assignee is None:
        return _("It was given back meanwhile. Look again, and take it if you want it.")
    return _("%(name)s is already handling this item. Nothing was changed.") % {"name": handling.assignee}


@transaction.atomic
def snooze(entry: Entry, back_at: datetime | None, *, knowing: bool, by: User, now: datetime) -> Handling:
    """Snooze an entry. ``back_at``: None ends the snooze. ``knowing``: confirmed that it ends after the due time.
    Raises ``Refused``."""
    if back_at is not None:
        check_due_time(entry.due_at, back_at, knowing=knowing)
    handling = _locked(entry, by=by, now=now)
    if handling.snoozed_until == back_at:
        return handling
    handling.snoozed_until = back_at
    _record_change(handling, ChangeKind.SNOOZED if back_at else ChangeKind.WOKEN, until=back_at, by=by, now=now)
    return handling


@transaction.atomic
def note(entry: Entry, words: str, *, by: User, now: datetime) -> Handling:
    """Replace the note; the history keeps earlier notes. Raises ``Refused`` if it is too long."""
    words = words.strip()
    if len(words) > MAX_NOTE_LENGTH:
        raise Refused("queue.note", _("At most 500 characters."), HTTPStatus.UNPROCESSABLE_ENTITY, field="note")
    handling = _locked(entry, by=by, now=now)
    if handling.note == words:
        return handling
    handling.note = words
    _record_change(handling, ChangeKind.NOTED, words=words, by=by, now=now)
    return handling


def _locked(entry: Entry, *, by: User, now: datetime) -> Handling:
    """Return the entry's row, locked. Creates it if necessary."""
    Handling.objects.bulk_create(
        [Handling(source=entry.source, entry=entry.pk, changed_at=now, changed_by=by.email)], ignore_conflicts=True
    )
    rows = Handling.objects.select_for_update(of=("self",)).select_related("assignee")
    return rows.get(source=entry.source, entry=entry.pk)


def _record_change(
    handling: Handling, what: ChangeKind, *, words: str = "", until: datetime | None = None, by: User, now: datetime
) -> None:
    handling.changed_at, handling.changed_by = now, by.email
    handling.save(update_fields=["assignee", "snoozed_until", "note", "changed_at", "changed_by"])
    HandlingChange.objects.create(handling=handling, what=what, words=words, until=until, at=now, by=by.email)
