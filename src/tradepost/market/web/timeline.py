"""What happened to a subject, in order and in words, for the timeline of its page."""

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
    """Where more about it stands, named by ``link``."""
    link: str = ""


def moves_of(lifecycle: str, subject: object, *also: str) -> list[Move]:
    """The history rows of a subject, oldest first. ``also``: other names under which rows about it stand."""
    return list(Move.objects.filter(lifecycle__in=[lifecycle, *also], subject=str(subject)).order_by("pk"))


MARKET = "market"
"""The actor of a move that nobody made by hand."""


def of_moves(moves: Iterable[Move], *, order: Order | None = None, with_notes: bool = False) -> list[TimelineEvent]:
    """History rows (of an ``order``, when given) as events named by the state they led to.

    Notes and actors are for those who run the market.
    """
    events = []
    for move in moves:
        shown = order_look(order, move.after) if order else look(move.lifecycle, move.after)
        said = [note_of(move), move.actor if move.actor != MARKET else ""] if with_notes else []
        text = " · ".join(part for part in said if part)
        events.append(TimelineEvent(move.at, shown.label, text, shown.icon, shown.tone))
    return events


def note_of(move: Move) -> str:
    """The note in words: giving up is noted with the verdict of the last attempt, or with a sentence where there was none."""
    return title(move.note) if move.note and is_verdict(move.note) else in_words(move.note)


def in_words(note: str) -> str:
    """A note of ours stands as in the source, and is translated for its reader; what a person wrote stays as it is."""
    return gettext(note) if note else ""
