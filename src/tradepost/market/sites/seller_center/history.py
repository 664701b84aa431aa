"""The history of an order line in words, from the lifecycles' moves."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tradepost.market.base.models import Move
from tradepost.market.orders.models import OrderLine
from tradepost.market.web.timeline import TimelineEvent as Event
from tradepost.market.web.timeline import note_of


def line_events(line: OrderLine, moves: Sequence[Move]) -> list[Event]:
    """Oldest first; the placing of the order is no move and is put in front."""
    free = line.order.total_minor == 0
    placed = Event(line.order.placed_at, _("Order placed"), icon="shopping-cart")
    return [placed, *(_free_event(move) if free and move.lifecycle == "order" else _event(move) for move in moves)]


def _free_event(move: Move) -> Event:
    """What happened to an order that cost nothing: no money is spoken of."""
    match move.after:
        case "processing":
            return Event(move.at, _("Accepted, nothing to pay"), icon="circle-check")
        case "completed":
            return Event(move.at, _("Delivered"), icon="circle-check", tone="ok")
        case "refunded":
            title = _("Could not be delivered: closed, nothing was charged")
            return Event(move.at, title, note_of(move), icon="circle-x", tone="bad")
    return _event(move)


def _event(move: Move) -> Event:
    match move.lifecycle, move.after:
        case "order", "processing":
            return Event(move.at, _("Paid by the buyer"), icon="wallet")
        case "order", "completed":
            return Event(move.at, _("Delivered: the amount is yours"), icon="circle-check", tone="ok")
        case "order", "cancelled":
            timed_out = move.event == "time out"
            return Event(
                move.at, _("Cancelled: not paid in time") if timed_out else _("Cancelled by the buyer"), icon="x"
            )
        case "order", "refunded":
            return Event(move.at, _("Could not be delivered: refunded"), note_of(move), icon="circle-x", tone="bad")
        case "subscription", "active":
            again = move.before == "frozen"
            title = _("Instance unfrozen") if again else _("Instance opened")
            return Event(move.at, title, icon="plug-connected", tone="ok")
        case "subscription", "frozen":
            return Event(move.at, _("Instance frozen"), icon="snowflake", tone="warn")
        case "subscription", "releasing":
            return Event(move.at, _("Service ended: nobody can enter it any more"), icon="ban")
        case "subscription", "released":
            return Event(move.at, _("Instance released"), icon="trash")
        case "subscription", "failed":
            return Event(move.at, _("Instance could not be opened"), icon="circle-x", tone="bad")
    return Event(move.at, move.after)
