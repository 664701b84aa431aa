"""The past of a service in a buyer's words: bought, opened, renewed, changed, frozen, lifted, ended, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.base.models import Move
from tradepost.market.fulfilment.buyer_queries import Past
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.web.templatetags.ui import day, loc, money
from tradepost.market.web.timeline import TimelineEvent


def service_events(
    subscription: Subscription, lines: Sequence[OrderLine], past: Past, moves: Iterable[Move]
) -> list[TimelineEvent]:
    """Oldest first. Periods without an order, as a migration may have left them, are not told."""
    of_line = {line.number: line for line in lines}
    moves = list(moves)
    bought = of_line.get(subscription.order_line_number)
    first = TimelineEvent(
        subscription.created_at,
        pgettext("service", "Ordered"),
        money(bought.amount) if bought else "",
        "shopping-cart",
        **_order(bought),
    )
    told = [
        *_of_moves(moves, subscription, past),
        *_of_periods(past.periods, of_line, subscription),
        *_of_orders(lines),
        *_of_freezes(past.freezes, moves),
    ]
    return [first, *sorted(told, key=lambda event: event.at or subscription.created_at)]


def _order(line: OrderLine | None) -> dict[str, str]:
    if line is None:
        return {}
    return {"url": reverse("storefront:order", args=[line.order.number]), "link": line.order.number}


def _of_moves(moves: Iterable[Move], subscription: Subscription, past: Past) -> Iterator[TimelineEvent]:
    frozen_at = {freeze.since for freeze in past.freezes}
    for move in moves:
        match move.before, move.after:
            case "opening", "active":
                yield TimelineEvent(move.at, _("Opened"), _first_end(subscription, past), "circle-check", "ok")
            case _, "failed":
                yield TimelineEvent(move.at, _("Could not be opened"), icon="circle-x", tone="bad")
            case _, "frozen":
                if move.at not in frozen_at:
                    yield TimelineEvent(move.at, _("Frozen: you could not enter it"), icon="snowflake", tone="warn")
            case "frozen", "active":
                yield TimelineEvent(move.at, _("No longer frozen"), icon="player-play", tone="ok")
            case _, "releasing":
                text = _("The seller was asked to delete it.")
                yield TimelineEvent(move.at, _("Ended: nobody can enter it any more"), text, "ban")
            case _, "released":
                yield TimelineEvent(move.at, _("Deleted with its data"), icon="trash")


def _first_end(subscription: Subscription, past: Past) -> str:
    first = next((one for one in past.periods if one.line_number == subscription.order_line_number), None)
    return format_html(_("Paid until {day}"), day=day(first.ends_at)) if first else ""


def _of_periods(
    periods: Sequence[Period], of_line: dict[str, OrderLine], subscription: Subscription
) -> Iterator[TimelineEvent]:
    before: Period | None = None
    for period in periods:
        line = of_line.get(period.line_number)
        if line is not None and period.line_number != subscription.order_line_number:
            title = format_html(_("Renewed until {day}"), day=day(period.ends_at))
            changed = before is not None and (before.offer_id, before.quantity) != (period.offer_id, period.quantity)
            text = " · ".join([money(line.amount), *([_what(line)] if changed else [])])
            yield TimelineEvent(line.order.ended_at, title, text, "refresh", "ok", **_order(line))
        if period.cancelled_at is not None:
            title = format_html(_("Renewal until {day} taken back"), day=day(period.ends_at))
            yield TimelineEvent(period.cancelled_at, title, icon="arrow-back-up", tone="warn")
        before = period


def _what(line: OrderLine) -> str:
    parts = [loc(line, "spec_name"), *(loc(value, "value") for value in line.values)]
    return " · ".join([*parts, *([f"× {line.quantity}"] if line.quantity > 1 else [])])


def _of_orders(lines: Iterable[OrderLine]) -> Iterator[TimelineEvent]:
    """What was changed, and what could not be renewed or changed."""
    for line in lines:
        match line.order.order_type, line.order.status:
            case Order.Type.CHANGE, Order.Status.COMPLETED:
                yield TimelineEvent(line.order.ended_at, _("Changed"), _what(line), "adjustments", "ok", **_order(line))
            case (Order.Type.RENEW | Order.Type.CHANGE) as kind, Order.Status.REFUNDED:
                title = _("Could not be renewed") if kind == Order.Type.RENEW else _("Could not be changed")
                back = _("%(amount)s was paid back.") % {"amount": money(line.amount)} if line.amount_minor else ""
                yield TimelineEvent(line.order.ended_at, title, back, "arrow-back-up", "warn", **_order(line))


def _of_freezes(freezes: Iterable[Freeze], moves: Sequence[Move]) -> Iterator[TimelineEvent]:
    lifted = {move.at for move in moves if move.after == "active"}
    for freeze in freezes:
        yield TimelineEvent(freeze.since, frozen_because(freeze), icon="snowflake", tone="warn")
        if freeze.lifted_at is not None and freeze.lifted_at not in lifted:
            still = _("It stays frozen for another reason.")
            yield TimelineEvent(freeze.lifted_at, _over(freeze), still, "player-play")


def frozen_because(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Frozen: the paid time is over")
    return _("Frozen by hand")


def _over(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Paid again")
    return _("The freeze by hand was lifted")
