"""The history of an order line, from the transitions of its lifecycles."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.base.models import Move
from tradepost.market.fulfilment.by_operator import LIFT, RELEASE
from tradepost.market.orders.lifecycle import OrderEvent
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
from tradepost.market.web.timeline import TimelineEvent as Event
from tradepost.market.web.timeline import note_of


def line_events(line: OrderLine, moves: Sequence[Move]) -> list[Event]:
    """Return the events, oldest first, starting with the order itself."""
    free = line.order.total_minor == 0
    placed = Event(line.order.placed_at, _("Order placed"), icon="shopping-cart")
    return [placed, *(_line_event(line, move, free=free) for move in moves)]


def _line_event(line: OrderLine, move: Move, *, free: bool) -> Event:
    if move.lifecycle != "order":
        return _service_event(line, move)
    if line.order.order_type == Order.Type.UNSUBSCRIBE and line.order.origin != Order.Origin.SANDBOX:
        return _unsubscription_event(move)
    if move.event == OrderEvent.REFUND:
        return _refund_event(move, free=free)
    if move.event in {OrderEvent.RETURN, OrderEvent.GIVE_UP}:
        return _undelivered_event(line, move, free=free)
    return _free_event(move) if free else _event(move)


def _refund_event(move: Move, *, free: bool) -> Event:
    title = _("Unsubscribed by the buyer, not charged") if free else _("Refunded to the buyer")
    return Event(move.at, title, icon="arrow-back-up", tone="warn")


def _undelivered_event(line: OrderLine, move: Move, *, free: bool) -> Event:
    """Describe a refund without delivery: returned by the buyer, ended during a delivery by people, or failed."""
    if move.event == OrderEvent.RETURN:
        title = _("Returned by the buyer: closed") if free else _("Returned by the buyer: refunded")
        return Event(move.at, title, icon="arrow-back-up", tone="warn")
    if line.flow or product_type(line.product.product_type).issues_codes:
        title = _("Ended before completion: closed") if free else _("Ended before completion: refunded")
        return Event(move.at, title, note_of(move), icon="arrow-back-up", tone="warn")
    title = _("Not deliverable, closed without charge") if free else _("Not deliverable, refunded")
    return Event(move.at, title, note_of(move), icon="circle-x", tone="bad")


def _unsubscription_event(move: Move) -> Event:
    """Describe an unsubscription order, whose progress its calls to the seller show."""
    match move.after:
        case "processing":
            return Event(move.at, _("Unsubscribed by the buyer, refunded"), icon="arrow-back-up")
        case "completed":
            return Event(move.at, _("Done by your production interface"), icon="circle-check", tone="ok")
    return Event(move.at, move.after)


def _free_event(move: Move) -> Event:
    """Describe an event of an order without payment."""
    match move.after:
        case "processing":
            return Event(move.at, _("Accepted, no payment due"), icon="circle-check")
        case "completed":
            return Event(move.at, _("Delivered"), icon="circle-check", tone="ok")
    return _event(move)


def _service_event(line: OrderLine, move: Move) -> Event:
    """Describe an event of the service. Returned codes and cancelled deliveries by people are not failures of an
    opening."""
    failed = (move.lifecycle, move.after) == ("subscription", "failed")
    if failed and (line.flow or product_type(line.product.product_type).issues_codes):
        return Event(move.at, _("Service ended before it was opened"), icon="arrow-back-up", tone="warn")
    return _event(move)


def _event(move: Move) -> Event:
    if (by_operator := _operator_event(move)) is not None:
        return by_operator
    match move.lifecycle, move.after:
        case "order", "processing":
            return Event(move.at, pgettext("event", "Paid by the buyer"), icon="wallet")
        case "order", "completed":
            return Event(move.at, _("Delivered"), icon="circle-check", tone="ok")
        case "order", "cancelled":
            timed_out = move.event == "time out"
            return Event(
                move.at, _("Cancelled: not paid in time") if timed_out else _("Cancelled by the buyer"), icon="x"
            )
        case "subscription", "active":
            unfrozen = move.before == "frozen"
            title = _("Instance unfrozen") if unfrozen else _("Instance opened")
            return Event(move.at, title, icon="plug-connected", tone="ok")
        case "subscription", "frozen":
            return Event(move.at, _("Instance frozen"), move.note, icon="snowflake", tone="warn")
        case "subscription", "releasing":
            return Event(move.at, _("Service ended"), icon="ban")
        case "subscription", "released":
            return Event(move.at, _("Instance released"), icon="trash")
        case "subscription", "failed":
            return Event(move.at, _("Instance could not be opened"), icon="circle-x", tone="bad")
    return Event(move.at, move.after)


def _operator_event(move: Move) -> Event | None:
    """Describe an operator's act on the service, with the reason that the seller may read."""
    if move.lifecycle == SUBSCRIPTION.name and move.event == LIFT:
        return Event(move.at, _("The operator's freeze was lifted"), move.note, icon="player-play", tone="ok")
    if move.lifecycle == SUBSCRIPTION.name and move.event == RELEASE:
        return Event(move.at, _("Ended by an operator"), move.note, icon="ban", tone="bad")
    return None
