"""The past of a service in a buyer's words: bought, opened, renewed, changed, frozen, lifted, ended, deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tradepost.market.app_keys.keys import KEY_HISTORY
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.buyer_queries import Past
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.expiry_policy import HISTORY
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import Refund
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.web.templatetags.ui import day, loc, moment, money
from tradepost.market.web.timeline import TimelineEvent


def service_events(
    subscription: Subscription,
    lines: Sequence[OrderLine],
    past: Past,
    moves: Iterable[Move],
    refunds: Iterable[Refund] = (),
) -> list[TimelineEvent]:
    """Oldest first. ``moves``: its own, and what its buyer wanted at its end. Periods without an order, as a migration may have left them, are not told."""
    of_line = {line.number: line for line in lines}
    every = list(moves)
    moves = [move for move in every if move.lifecycle not in {HISTORY, ACCESS_HISTORY, KEY_HISTORY}]
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
        *_of_orders(lines, {period.line_number for period in past.periods}),
        *_of_refunds(refunds),
        *_of_freezes(past.freezes, moves),
        *_of_policies(move for move in every if move.lifecycle == HISTORY),
        *_of_access(move for move in every if move.lifecycle == ACCESS_HISTORY),
        *_of_keys(move for move in every if move.lifecycle == KEY_HISTORY),
        *_of_grace(subscription),
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
                yield _ended(move, deleted_by(subscription))
            case _, "released":
                if deleted_by(subscription) in {DeletedBy.SELLER, DeletedBy.CLOUD}:
                    yield TimelineEvent(move.at, _("Deleted with its data"), icon="trash")


def _ended(move: Move, by: DeletedBy) -> TimelineEvent:
    if by is DeletedBy.IMAGE:
        return TimelineEvent(move.at, _("The period image ended"), _("The server and its data stay."), "ban")
    texts = {
        DeletedBy.SELLER: _("The seller was asked to delete it."),
        DeletedBy.CLOUD: _("The cloud was asked to delete the server."),
    }
    return TimelineEvent(move.at, _("Ended: nobody can enter it any more"), texts.get(by, ""), "ban")


def _first_end(subscription: Subscription, past: Past) -> str:
    first = next((one for one in past.periods if one.line_number == subscription.order_line_number), None)
    if first is None:
        return ""
    words = _("Trial until {day}") if first.kind == Period.Kind.TRIAL else _("Paid until {day}")
    return format_html(words, day=day(first.ends_at))


def _of_periods(
    periods: Sequence[Period], of_line: dict[str, OrderLine], subscription: Subscription
) -> Iterator[TimelineEvent]:
    before: Period | None = None
    for period in (one for one in periods if one.kind != Period.Kind.CHANGE):
        line = of_line.get(period.line_number)
        if line is not None and period.line_number != subscription.order_line_number:
            title = format_html(_renewed(line), day=day(period.ends_at))
            changed = before is not None and (before.offer_id, before.quantity) != (period.offer_id, period.quantity)
            text = " · ".join([money(line.amount), *([_what(line)] if changed else [])])
            yield TimelineEvent(line.order.ended_at, title, text, "refresh", "ok", **_order(line))
        if period.cancelled_at is not None and period.cancelled_at < period.starts_at:
            title = format_html(_("Renewal until {day} taken back"), day=day(period.ends_at))
            yield TimelineEvent(period.cancelled_at, title, icon="arrow-back-up", tone="warn")
        before = period


def _renewed(line: OrderLine) -> str:
    if line.order.order_type == Order.Type.TRIAL_TO_FORMAL:
        return _("Made formal, until {day}")
    return (
        _("Renewed automatically until {day}") if line.order.origin == Order.Origin.TIMER else _("Renewed until {day}")
    )


def _of_policies(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    wanted = {
        "renew": _("To be renewed automatically"),
        "keep": _("Not to be renewed by itself"),
        "end": _("To be deleted at its end"),
    }
    for move in moves:
        yield TimelineEvent(move.at, wanted.get(move.after, move.after), icon="calendar")


def _of_access(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    for move in moves:
        by_seller = move.actor == "seller"
        title = _("The seller changed the access data") if by_seller else _("The server has another address")
        yield TimelineEvent(move.at, title, icon="key")


def _of_keys(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    for move in moves:
        words = _("App key “%(name)s” revoked") if move.event == "revoked" else _("App key “%(name)s” created")
        yield TimelineEvent(move.at, words % {"name": move.note}, icon="key")


def _what(line: OrderLine) -> str:
    parts = [loc(line, "spec_name"), *(loc(value, "value") for value in line.values)]
    return " · ".join([*parts, *([f"× {line.quantity}"] if line.quantity > 1 else [])])


_NOT_DONE: Mapping[str, str | Promise] = {
    Order.Type.TRIAL_TO_FORMAL: gettext_lazy("Could not be made formal"),
    Order.Type.RENEW: gettext_lazy("Could not be renewed"),
    Order.Type.CHANGE: gettext_lazy("Could not be changed"),
}


def _of_orders(lines: Iterable[OrderLine], done: Collection[str]) -> Iterator[TimelineEvent]:
    """What was changed, and what could not be renewed or changed. ``done``: numbers of the lines that bought time, which is no
    failure when it is paid back later."""
    for line in lines:
        if line.order.status == Order.Status.REFUNDED and line.number in done:
            continue
        match line.order.order_type, line.order.status:
            case Order.Type.CHANGE, Order.Status.COMPLETED:
                text = " · ".join([*([money(line.amount)] if line.amount_minor else []), _what(line)])
                yield TimelineEvent(line.order.ended_at, _("Changed"), text, "adjustments", "ok", **_order(line))
            case str(kind), Order.Status.REFUNDED if kind in _NOT_DONE:
                title = str(_NOT_DONE[kind])
                back = _("%(amount)s was paid back.") % {"amount": money(line.amount)} if line.amount_minor else ""
                yield TimelineEvent(line.order.ended_at, title, back, "arrow-back-up", "warn", **_order(line))


def _of_refunds(refunds: Iterable[Refund]) -> Iterator[TimelineEvent]:
    for refund in refunds:
        about = {"url": reverse("storefront:refund", args=[refund.pk]), "link": _("See the refund")}
        if refund.kind == Refund.Kind.NEGOTIATED:
            yield TimelineEvent(
                refund.requested_at,
                _("You asked the seller for a refund"),
                money(refund.amount),
                "arrow-back-up",
                **about,
            )
        if refund.status == Refund.Status.REFUNDED:
            back = _("%(amount)s was paid back.") % {"amount": money(refund.total)} if refund.total.minor else ""
            renewal = refund.kind == Refund.Kind.CANCEL_RENEWAL
            title = _("You took a renewal back") if renewal else pgettext("service", "Unsubscribed")
            yield TimelineEvent(refund.ended_at, title, back, "arrows-exchange", "warn", **about)


def _of_freezes(freezes: Iterable[Freeze], moves: Sequence[Move]) -> Iterator[TimelineEvent]:
    lifted = {move.at for move in moves if move.after == "active"}
    for freeze in freezes:
        yield TimelineEvent(freeze.since, frozen_because(freeze), icon="snowflake", tone="warn")
        if freeze.lifted_at is not None and freeze.lifted_at not in lifted:
            still = _("It stays frozen for another reason.")
            yield TimelineEvent(freeze.lifted_at, _over(freeze), still, "player-play")


def _of_grace(subscription: Subscription) -> Iterator[TimelineEvent]:
    """Of the end that stands, where it gave time: of one that was renewed nobody need know."""
    ended, usable = subscription.expires_at, subscription.freeze_at
    if ended is not None and usable is not None and ended < usable:
        text = format_html(_("You could use it until {moment} all the same."), moment=moment(usable))
        yield TimelineEvent(ended, _("The paid time ended"), text, "clock", "warn")


def frozen_because(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Frozen: the paid time is over")
    if freeze.reason == Freeze.Reason.ARREARS:
        return _("Frozen: usage was not paid")
    if freeze.reason == Freeze.Reason.USED_UP:
        return _("Stopped: its package is used up or over")
    if freeze.note:
        return _("Frozen by the operator: %(reason)s") % {"reason": freeze.note}
    return _("Frozen by hand")


def _over(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Paid again")
    if freeze.reason == Freeze.Reason.ARREARS:
        return _("Usage was paid")
    if freeze.reason == Freeze.Reason.USED_UP:
        return _("There is something left to use again")
    return _("The freeze by hand was lifted")
