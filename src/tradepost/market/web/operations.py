"""An operation as pages show it: its target, the reason for a failure, and its history."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.values import members
from tradepost.market.fulfilment.cases import kind_of, parameters_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.production import reasons
from tradepost.market.production.models import Call
from tradepost.market.production.reasons import Reason
from tradepost.market.subscriptions.models import Freeze

from .timeline import MARKET, TimelineEvent, moves_of, note_of, translate_note

FAILED = frozenset({Operation.Status.STOPPED, Operation.Status.GAVE_UP})


def title_of(operation: Operation) -> str | Promise:
    return kind_of(operation).title


class FailureReason(Struct, frozen=True):
    """The reason for a failure: an explained verdict, or only a sentence."""

    title: str
    reason: Reason | None = None


def failure_reason(operation: Operation) -> FailureReason | None:
    """Return why an operation failed, or the last verdict of one that is retried; None if nothing is recorded."""
    call = operation.call
    if operation.status in FAILED:
        return _failure_reason(operation.note, call)
    if operation.status == Operation.Status.RUNNING and call is not None and call.last_verdict not in {"", "done"}:
        return _failure_reason(call.last_verdict, call)
    return (
        FailureReason(note_message(operation.note))
        if operation.status == Operation.Status.DROPPED and operation.note
        else None
    )


def _failure_reason(note: str, call: Call | None) -> FailureReason | None:
    if not note:
        return None
    if not reasons.is_verdict(note):
        return FailureReason(translate_note(note))
    detail = call.last_detail if call is not None and call.last_verdict == note else ""
    reason = reasons.explain(note, detail, protocol=call.protocol if call else "")
    return FailureReason(reason.title, reason)


def note_message(note: str) -> str:
    """Return the message for the note of a dropped operation."""
    return _("The service was already released.") if note == "released" else translate_note(note)


def target_facts(operation: Operation) -> list[tuple[str, object]]:
    """Return labels and values of the target beyond its kind, limited to the values that people read."""
    target = parameters_of(operation)
    values = {name: getattr(target, name) for name in members(type(target))}
    labels = {"until": _("Paid until"), "instance_id": "instanceId", "reason": _("Reason")}
    return [(label, _readable_value(name, values[name])) for name, label in labels.items() if values.get(name)]


def _readable_value(name: str, value: object) -> object:
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
    """Return the history of an operation, oldest first. ``actors``: include the people who requested or restarted it."""
    requester = operation.actor if actors and operation.actor != MARKET else ""
    text = " · ".join(part for part in (str(operation.get_origin_display()), requester) if part)
    events = [TimelineEvent(operation.created_at, _("Request made"), text, icon="plus")]
    for move in moves_of("operation", operation.pk):
        icon, tone = _MOVES.get((move.event, move.after), ("arrow-back-up", "warn"))
        actor = move.actor if actors and move.actor != MARKET else ""
        text = " · ".join(part for part in (note_message(note_of(move)), actor) if part)
        events.append(TimelineEvent(move.at, _event_label(move.event), text, icon, tone))
    return events


def _event_label(event: str) -> str:
    words = {
        "start": _("Start time"),
        "finish": _("Done"),
        "give up": _("Given up"),
        "stop": _("Stopped"),
        "drop": _("No longer needed"),
        "restart": _("Restarted"),
        "pay back": _("Refunded"),
    }
    return words.get(event, event)
