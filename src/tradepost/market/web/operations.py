"""An operation as a person reads it: what is wanted, why it stopped, what happened to it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.values import members
from tradepost.market.fulfilment.cases import kind_of, wanted_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.production import reasons
from tradepost.market.production.models import Call
from tradepost.market.production.reasons import Reason
from tradepost.market.subscriptions.models import Freeze

from .timeline import MARKET, TimelineEvent, in_words, moves_of, note_of

ENDED_BADLY = frozenset({Operation.Status.STOPPED, Operation.Status.GAVE_UP})


def title_of(operation: Operation) -> str | Promise:
    return kind_of(operation).title


class Told(Struct, frozen=True):
    """Why something did not succeed: the words of a verdict, or a sentence alone."""

    title: str
    reason: Reason | None = None


def why(operation: Operation) -> Told | None:
    """Of one that did not succeed; None where nothing is noted. The last verdict of one that is tried again, too."""
    call = operation.call
    if operation.status in ENDED_BADLY:
        return _told(operation.note, call)
    if operation.status == Operation.Status.RUNNING and call is not None and call.last_verdict not in {"", "done"}:
        return _told(call.last_verdict, call)
    return Told(note_words(operation.note)) if operation.status == Operation.Status.DROPPED and operation.note else None


def _told(note: str, call: Call | None) -> Told | None:
    if not note:
        return None
    if not reasons.is_verdict(note):
        return Told(in_words(note))
    detail = call.last_detail if call is not None and call.last_verdict == note else ""
    found = reasons.explain(note, detail, protocol=call.protocol if call else "")
    return Told(found.title, found)


def note_words(note: str) -> str:
    """What an operation that was dropped is noted with."""
    return _("The service was released before.") if note == "released" else in_words(note)


def wanted_facts(operation: Operation) -> list[tuple[str, object]]:
    """What is wanted beyond what the kind's name says, with labels: those of its members that people read."""
    wanted = wanted_of(operation)
    given = {name: getattr(wanted, name) for name in members(type(wanted))}
    labels = {"until": _("Paid until"), "instance_id": "instanceId", "reason": _("Reason")}
    return [(label, _readable(name, given[name])) for name, label in labels.items() if given.get(name)]


def _readable(name: str, value: object) -> object:
    if name == "reason" and isinstance(value, str) and value in Freeze.Reason:
        return Freeze.Reason(value).label
    return value


_MOVES: dict[tuple[str, str], tuple[str, str]] = {
    ("start", "running"): ("player-play", "info"),
    ("finish", "done"): ("check", "ok"),
    ("stop", "stopped"): ("player-pause", "bad"),
    ("restart", "queued"): ("refresh", "wait"),
    ("drop", "dropped"): ("ban", "calm"),
}


def events_of(operation: Operation, *, actors: bool) -> list[TimelineEvent]:
    """What happened to it, oldest first. ``actors``: for those who may know who wanted or restarted it."""
    who = operation.actor if actors and operation.actor != MARKET else ""
    text = " · ".join(part for part in (str(operation.get_origin_display()), who) if part)
    events = [TimelineEvent(operation.created_at, _("Asked for"), text, icon="plus")]
    for move in moves_of("operation", operation.pk):
        icon, tone = _MOVES.get((move.event, move.after), ("arrow-back-up", "warn"))
        by = move.actor if actors and move.actor != MARKET else ""
        text = " · ".join(part for part in (note_words(note_of(move)), by) if part)
        events.append(TimelineEvent(move.at, _word(move.event), text, icon, tone))
    return events


def _word(event: str) -> str:
    words = {
        "start": _("Begun"),
        "finish": _("Done"),
        "give up": _("Given up"),
        "stop": _("Stopped"),
        "drop": _("Not needed any more"),
        "restart": _("Restarted"),
        "pay back": _("Paid back"),
    }
    return words.get(event, event)
