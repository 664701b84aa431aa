"""The history of a service for its buyer: purchase, opening, renewals, changes, freezes, end, deletion."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tradepost.market.app_keys.keys import KEY_HISTORY
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.buyer_queries import History
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.expiry_policy import HISTORY
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import Refund
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.web.templatetags.ui import day, loc, moment, money
from tradepost.market.web.timeline import TimelineEvent


def service_events(
    subscription: Subscription,
    lines: Sequence[OrderLine],
    past: History,
    moves: Iterable[Move],
    refunds: Iterable[Refund] = (),
) -> list[TimelineEvent]:
    """Return the events, oldest first. ``moves``: transitions of the service and of its end policy. Periods without an
    order, from a migration, are left out."""
    of_line = {line.number: line for line in lines}
    all_moves = list(moves)
    moves = [move for move in all_moves if move.lifecycle not in {HISTORY, ACCESS_HISTORY, KEY_HISTORY}]
    bought = of_line.get(subscription.order_line_number)
    order_event = TimelineEvent(
        subscription.created_at,
        pgettext("service", "Ordered"),
        money(bought.amount) if bought else "",
        "shopping-cart",
        **_order_link(bought),
    )
    later_events = [
        *_move_events(moves, subscription, past),
        *_period_events(past.periods, of_line, subscription),
        *_order_events(lines, {period.line_number for period in past.periods}),
        *_refund_events(refunds),
        *_freeze_events(past.freezes, moves),
        *_policy_events(move for move in all_moves if move.lifecycle == HISTORY),
        *_access_events(move for move in all_moves if move.lifecycle == ACCESS_HISTORY),
        *_key_events(move for move in all_moves if move.lifecycle == KEY_HISTORY),
        *_grace_events(subscription),
    ]
    return [order_event, *sorted(later_events, key=lambda event: event.at or subscription.created_at)]


def _order_link(line: OrderLine | None) -> dict[str, str]:
    if line is None:
        return {}
    return {"url": reverse("storefront:order", args=[line.order.number]), "link": line.order.number}


def _move_events(moves: Iterable[Move], subscription: Subscription, past: History) -> Iterator[TimelineEvent]:
    frozen_at = {freeze.since for freeze in past.freezes}
    for move in moves:
        match move.before, move.after:
            case "opening", "active":
                yield TimelineEvent(move.at, _("Opened"), _first_end_text(subscription, past), "circle-check", "ok")
            case _, "failed":
                yield _never_opened_event(move, subscription)
            case _, "frozen":
                if move.at not in frozen_at:
                    yield TimelineEvent(move.at, _("Frozen"), icon="snowflake", tone="warn")
            case "frozen", "active":
                yield TimelineEvent(move.at, _("No longer frozen"), icon="player-play", tone="ok")
            case _, "releasing":
                yield _end_event(move, deleted_by(subscription))
            case _, "released":
                if deleted_by(subscription) in {DeletedBy.SELLER, DeletedBy.CLOUD}:
                    yield TimelineEvent(move.at, _("Deleted with its data"), icon="trash")


def _never_opened_event(move: Move, subscription: Subscription) -> TimelineEvent:
    """Describe a service that never opened. Returned codes and cancelled deliveries by people are not failures of an
    opening."""
    kind = product_type(subscription.product.product_type)
    if kind.issues_codes:
        return TimelineEvent(move.at, _("The code was returned or withdrawn"), icon="arrow-back-up", tone="warn")
    if kind.by_people:
        return TimelineEvent(move.at, _("The delivery ended before completion"), icon="arrow-back-up", tone="warn")
    return TimelineEvent(move.at, _("Could not be opened"), icon="circle-x", tone="bad")


def _end_event(move: Move, deleting_party: DeletedBy) -> TimelineEvent:
    if deleting_party is DeletedBy.IMAGE:
        return TimelineEvent(move.at, _("The period image ended"), _("The server and its data are kept."), "ban")
    texts = {
        DeletedBy.SELLER: _("The seller was asked to delete it."),
        DeletedBy.CLOUD: _("Deletion of the server was requested from the cloud."),
    }
    return TimelineEvent(move.at, _("Service ended"), texts.get(deleting_party, ""), "ban")


def _first_end_text(subscription: Subscription, past: History) -> str:
    first_period = next(
        (period for period in past.periods if period.line_number == subscription.order_line_number), None
    )
    if first_period is None:
        return ""
    words = _("Trial until {day}") if first_period.kind == Period.Kind.TRIAL else _("Paid until {day}")
    return format_html(words, day=day(first_period.ends_at))


def _period_events(
    periods: Sequence[Period], of_line: dict[str, OrderLine], subscription: Subscription
) -> Iterator[TimelineEvent]:
    previous: Period | None = None
    for period in (period for period in periods if period.kind != Period.Kind.CHANGE):
        line = of_line.get(period.line_number)
        if line is not None and period.line_number != subscription.order_line_number:
            title = format_html(_renewal_title(line), day=day(period.ends_at))
            changed = previous is not None and (previous.offer_id, previous.quantity) != (
                period.offer_id,
                period.quantity,
            )
            text = " · ".join([money(line.amount), *([_line_text(line)] if changed else [])])
            yield TimelineEvent(line.order.ended_at, title, text, "refresh", "ok", **_order_link(line))
        if period.cancelled_at is not None and period.cancelled_at < period.starts_at:
            title = format_html(_("Renewal until {day} cancelled"), day=day(period.ends_at))
            yield TimelineEvent(period.cancelled_at, title, icon="arrow-back-up", tone="warn")
        previous = period


def _renewal_title(line: OrderLine) -> str:
    if line.order.order_type == Order.Type.TRIAL_TO_FORMAL:
        return _("Converted to paid, until {day}")
    return (
        _("Renewed automatically until {day}") if line.order.origin == Order.Origin.TIMER else _("Renewed until {day}")
    )


def _policy_events(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    titles = {
        "renew": _("To be renewed automatically"),
        "keep": _("Set not to renew automatically"),
        "end": _("Set to close when the paid time ends"),
    }
    for move in moves:
        yield TimelineEvent(move.at, titles.get(move.after, move.after), icon="calendar")


def _access_events(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    for move in moves:
        by_seller = move.actor == "seller"
        title = _("The seller changed the access data") if by_seller else _("The server address has changed")
        yield TimelineEvent(move.at, title, icon="key")


def _key_events(moves: Iterable[Move]) -> Iterator[TimelineEvent]:
    for move in moves:
        words = _("App key “%(name)s” revoked") if move.event == "revoked" else _("App key “%(name)s” created")
        yield TimelineEvent(move.at, words % {"name": move.note}, icon="key")


def _line_text(line: OrderLine) -> str:
    parts = [loc(line, "spec_name"), *(loc(value, "value") for value in line.values)]
    return " · ".join([*parts, *([f"× {line.quantity}"] if line.quantity > 1 else [])])


_FAILURE_TITLES: Mapping[str, str | Promise] = {
    Order.Type.TRIAL_TO_FORMAL: gettext_lazy("Conversion failed"),
    Order.Type.RENEW: gettext_lazy("Could not be renewed"),
    Order.Type.CHANGE: gettext_lazy("Could not be changed"),
}


def _order_events(lines: Iterable[OrderLine], bought_numbers: Collection[str]) -> Iterator[TimelineEvent]:
    """Yield changes, and renewals and changes that failed. ``bought_numbers``: numbers of lines that bought time; their
    later refund is not a failure."""
    for line in lines:
        if line.order.status == Order.Status.REFUNDED and line.number in bought_numbers:
            continue
        match line.order.order_type, line.order.status:
            case Order.Type.CHANGE, Order.Status.COMPLETED:
                text = " · ".join([*([money(line.amount)] if line.amount_minor else []), _line_text(line)])
                yield TimelineEvent(line.order.ended_at, _("Changed"), text, "adjustments", "ok", **_order_link(line))
            case str(kind), Order.Status.REFUNDED if kind in _FAILURE_TITLES:
                title = str(_FAILURE_TITLES[kind])
                refund_text = (
                    _("%(amount)s was refunded.") % {"amount": money(line.amount)} if line.amount_minor else ""
                )
                yield TimelineEvent(
                    line.order.ended_at, title, refund_text, "arrow-back-up", "warn", **_order_link(line)
                )


def _refund_events(refunds: Iterable[Refund]) -> Iterator[TimelineEvent]:
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
            refund_text = _("%(amount)s was refunded.") % {"amount": money(refund.total)} if refund.total.minor else ""
            renewal = refund.kind == Refund.Kind.CANCEL_RENEWAL
            title = _("You cancelled a renewal") if renewal else pgettext("service", "Unsubscribed")
            yield TimelineEvent(refund.ended_at, title, refund_text, "arrows-exchange", "warn", **about)


def _freeze_events(freezes: Iterable[Freeze], moves: Sequence[Move]) -> Iterator[TimelineEvent]:
    unfrozen_at = {move.at for move in moves if move.after == "active"}
    for freeze in freezes:
        yield TimelineEvent(freeze.since, freeze_title(freeze), icon="snowflake", tone="warn")
        if freeze.lifted_at is not None and freeze.lifted_at not in unfrozen_at:
            remaining_freeze = _("It stays frozen for another reason.")
            yield TimelineEvent(freeze.lifted_at, _lift_title(freeze), remaining_freeze, "player-play")


def _grace_events(subscription: Subscription) -> Iterator[TimelineEvent]:
    """Yield the current end if it has a grace period. Renewed ends are left out."""
    ended, usable = subscription.expires_at, subscription.freeze_at
    if ended is not None and usable is not None and ended < usable:
        text = format_html(_("Usable until {moment} in the grace period."), moment=moment(usable))
        yield TimelineEvent(ended, _("Paid period ended"), text, "clock", "warn")


def freeze_title(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Frozen: the paid time is over")
    if freeze.reason == Freeze.Reason.ARREARS:
        return _("Frozen: usage was not paid")
    if freeze.reason == Freeze.Reason.USED_UP:
        return _("Stopped: the package is used up or has ended")
    if freeze.note:
        return _("Frozen by the operator: %(reason)s") % {"reason": freeze.note}
    return _("Frozen manually")


def _lift_title(freeze: Freeze) -> str:
    if freeze.reason == Freeze.Reason.EXPIRED:
        return _("Paid again")
    if freeze.reason == Freeze.Reason.ARREARS:
        return _("Usage paid")
    if freeze.reason == Freeze.Reason.USED_UP:
        return _("Usage is available again")
    return _("The freeze by hand was lifted")
