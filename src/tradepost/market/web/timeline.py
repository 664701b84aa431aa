"""The history of a subject for the timeline of its page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.orders.models import Order
from tradepost.market.production.reasons import is_verdict, title

from .status import look, order_look


class TimelineEvent(Struct, frozen=True):
    at: datetime | None
    title: str | Promise
    text: str | Promise = ""
    icon: str = "point"
    tone: str = "calm"
    url: str = ""
    """Address of more information, with the label ``link``."""
    link: str = ""


def moves_of(lifecycle: str, subject: object, *also: str) -> list[Move]:
    """Return the history rows of a subject, oldest first. ``also``: other lifecycles with rows about it."""
    return list(Move.objects.filter(lifecycle__in=[lifecycle, *also], subject=str(subject)).order_by("pk"))


MARKET = "market"
"""Actor of an automatic transition."""


def events_of_moves(
    moves: Iterable[Move], *, order: Order | None = None, with_notes: bool = False
) -> list[TimelineEvent]:
    """Return history rows (of an ``order``, if given) as events labelled with the new state.

    ``with_notes``: include notes and actors, for operators.
    """
    events = []
    for move in moves:
        state = order_look(order, move.after) if order else look(move.lifecycle, move.after)
        details = [note_of(move), move.actor if move.actor != MARKET else ""] if with_notes else []
        text = " · ".join(part for part in details if part)
        events.append(TimelineEvent(move.at, state.label, text, state.icon, state.tone))
    return events


def note_of(move: Move) -> str:
    """Return the explained note. Giving up is recorded with the verdict of the last attempt, or with a sentence if
    there was none."""
    return title(move.note) if move.note and is_verdict(move.note) else translate_note(move.note)


def translate_note(note: str) -> str:
    """Translate a note of the market; a note written by a person stays unchanged."""
    return gettext(note) if note else ""
