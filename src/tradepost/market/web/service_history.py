"""What happened to a service, for those who run the market: its moves, each reason of a freeze, and who did what by hand."""

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
    """Oldest first. A freeze tells its move; who lifted it by hand, and why, stands in the history."""
    moves = moves_of("subscription", subscription.pk)
    told = [*_of_freezes(freezes), *_of_moves(moves, {freeze.since for freeze in freezes})]
    first = TimelineEvent(subscription.created_at, pgettext("service", "Ordered"), icon="shopping-cart")
    return [first, *sorted(told, key=lambda event: event.at or subscription.created_at)]


def _of_freezes(freezes: Iterable[Freeze]) -> Iterator[TimelineEvent]:
    for freeze in freezes:
        title = _("Frozen: %(reason)s") % {"reason": freeze.get_reason_display()}
        yield TimelineEvent(freeze.since, title, _said(freeze.note, freeze.actor), "snowflake", "warn")
        if freeze.lifted_at is not None and freeze.reason != Freeze.Reason.OPERATOR:
            title = _("No longer frozen for this: %(reason)s") % {"reason": freeze.get_reason_display()}
            yield TimelineEvent(freeze.lifted_at, title, icon="player-play")


def _of_moves(moves: Iterable[Move], frozen_at: set[object]) -> Iterator[TimelineEvent]:
    for move in moves:
        said = _said(note_of(move), move.actor)
        match move.event, move.after:
            case event, _after if event == LIFT:
                yield TimelineEvent(move.at, _("The operator's freeze was lifted"), said, "player-play", "ok")
            case event, _after if event == RELEASE:
                yield TimelineEvent(move.at, _("Ended by an operator"), said, "ban", "bad")
            case _event, "frozen" if move.at in frozen_at:
                continue  # the reason tells it
            case _event, after:
                shown = look("subscription", after)
                yield TimelineEvent(move.at, shown.label, said, shown.icon, shown.tone)


def _said(note: str, actor: str) -> str:
    return " · ".join(part for part in (note, actor if actor != MARKET else "") if part)
