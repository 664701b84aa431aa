"""The history of a service for operators: its transitions, the reasons of each freeze, and manual acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.base.models import Move
from tradepost.market.fulfilment.by_operator import LIFT, RELEASE
from tradepost.market.subscriptions.models import Freeze, Subscription

from .status import look
from .timeline import MARKET, TimelineEvent, moves_of, note_of


def events_of_service(subscription: Subscription, freezes: Sequence[Freeze]) -> list[TimelineEvent]:
    """Return the events, oldest first. A freeze replaces its transition; its manual end is in the history."""
    moves = moves_of("subscription", subscription.pk)
    events = [*_freeze_events(freezes), *_move_events(moves, {freeze.since for freeze in freezes})]
    order_event = TimelineEvent(subscription.created_at, pgettext("service", "Ordered"), icon="shopping-cart")
    return [order_event, *sorted(events, key=lambda event: event.at or subscription.created_at)]


def _freeze_events(freezes: Iterable[Freeze]) -> Iterator[TimelineEvent]:
    for freeze in freezes:
        title = _("Frozen: %(reason)s") % {"reason": freeze.get_reason_display()}
        yield TimelineEvent(freeze.since, title, _details(freeze.note, freeze.actor), "snowflake", "warn")
        if freeze.lifted_at is not None and freeze.reason != Freeze.Reason.OPERATOR:
            title = _("Freeze reason removed: %(reason)s") % {"reason": freeze.get_reason_display()}
            yield TimelineEvent(freeze.lifted_at, title, icon="player-play")


def _move_events(moves: Iterable[Move], frozen_at: set[object]) -> Iterator[TimelineEvent]:
    for move in moves:
        details = _details(note_of(move), move.actor)
        match move.event, move.after:
            case event, _after if event == LIFT:
                yield TimelineEvent(move.at, _("The operator's freeze was lifted"), details, "player-play", "ok")
            case event, _after if event == RELEASE:
                yield TimelineEvent(move.at, _("Ended by an operator"), details, "ban", "bad")
            case _event, "frozen" if move.at in frozen_at:
                continue  # shown by its freeze
            case _event, after:
                state = look("subscription", after)
                yield TimelineEvent(move.at, state.label, details, state.icon, state.tone)


def _details(note: str, actor: str) -> str:
    return " · ".join(part for part in (note, actor if actor != MARKET else "") if part)
