"""The history of an order line in words, from the lifecycles' moves."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tradepost.market.base.models import Move
from tradepost.market.fulfilment.by_operator import LIFT, RELEASE
from tradepost.market.orders.lifecycle import OrderEvent
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.web.timeline import TimelineEvent as Event
from tradepost.market.web.timeline import note_of


def line_events(line: OrderLine, moves: Sequence[Move]) -> list[Event]:
    """Oldest first; the placing of the order is no move and is put in front."""
    free = line.order.total_minor == 0
    placed = Event(line.order.placed_at, _("Order placed"), icon="shopping-cart")
    return [placed, *(_told(line, move, free=free) for move in moves)]


def _told(line: OrderLine, move: Move, *, free: bool) -> Event:
    if move.lifecycle != "order":
        return _event(move)
    if line.order.order_type == Order.Type.UNSUBSCRIBE and line.order.origin != Order.Origin.SANDBOX:
        return _unsubscription(move)
    if move.event == OrderEvent.REFUND:
        return _paid_back(move, free=free)
    return _free_event(move) if free else _event(move)


def _paid_back(move: Move, *, free: bool) -> Event:
    title = _("Taken back by the buyer; it had cost nothing") if free else _("Paid back to the buyer")
    return Event(move.at, title, icon="arrow-back-up", tone="warn")


def _unsubscription(move: Move) -> Event:
    """An order of the type UNSUBSCRIBE: what happens to it is told by what its seller is asked for."""
    match move.after:
        case "processing":
            return Event(move.at, _("Unsubscribed by the buyer, who has the money back"), icon="arrow-back-up")
        case "completed":
            return Event(move.at, _("Your production interface did it"), icon="circle-check", tone="ok")
    return Event(move.at, move.after)


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
    if (by_operator := _of_operator(move)) is not None:
        return by_operator
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
            return Event(move.at, _("Instance frozen"), move.note, icon="snowflake", tone="warn")
        case "subscription", "releasing":
            return Event(move.at, _("Service ended: nobody can enter it any more"), icon="ban")
        case "subscription", "released":
            return Event(move.at, _("Instance released"), icon="trash")
        case "subscription", "failed":
            return Event(move.at, _("Instance could not be opened"), icon="circle-x", tone="bad")
    return Event(move.at, move.after)


def _of_operator(move: Move) -> Event | None:
    """What an operator did to the service, with the reason that its seller reads."""
    if move.lifecycle == SUBSCRIPTION.name and move.event == LIFT:
        return Event(move.at, _("The operator's freeze was lifted"), move.note, icon="player-play", tone="ok")
    if move.lifecycle == SUBSCRIPTION.name and move.event == RELEASE:
        return Event(move.at, _("Ended by an operator"), move.note, icon="ban", tone="bad")
    return None
