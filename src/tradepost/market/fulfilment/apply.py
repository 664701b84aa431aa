"""Apply the ends of operations: write their effects on subscriptions, orders and money, in one transaction.

Statements are batched, except refunds, which lock their buyers' accounts one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.market.base.stored import dump
from tradepost.market.licenses.request import record_answers
from tradepost.market.orders.finish import complete_orders, give_up_order, return_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions import lifecycle
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.life import MIN_REMINDER_GAP
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, Opening, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from . import unearned
from .cases import kind_of
from .contract import Effects, OrderEnd, PaidChange, PaidPeriod
from .earning import earn_parts_of
from .events import OperationStopped
from .freezing import lift
from .lifecycle import OPERATION, OperationEvent
from .models import Operation, lane_of
from .timers import set_opening_timers, set_timers


class EndedOperation(Struct, frozen=True, kw_only=True):
    """An ended operation with its effects. ``note``: reason if it did not succeed. ``subscription`` is locked;
    ``operation.line`` is fetched with order and offer, if any."""

    operation: Operation
    subscription: Subscription
    effects: Effects
    event: OperationEvent
    note: str = ""
    actor: str = "market"


def apply(ended: Sequence[EndedOperation], *, now: datetime) -> None:
    """Apply these ends. The caller settles the lanes afterwards, because an end may let another operation start."""
    if not ended:
        return
    _move_operations(ended, now)
    _open(ended, now)
    _fail(ended, now)
    _store_access(ended, now)
    cancelled_periods = _write_periods(ended, now)
    _write_subscriptions(ended, now)
    _release(ended, now)
    _thaw(ended, now)
    _queue_orphans(ended, now)
    record_answers([end.effects.license for end in ended if end.effects.license is not None], now=now)
    set_opening_timers([end.subscription for end in ended if end.effects.opened is not None], now=now)
    set_timers([end.subscription for end in ended if _moves_the_timer(end)], now=now)
    _end_orders(ended, now)
    unearned.refund_periods(cancelled_periods, now=now)


def _moves_the_timer(ended: EndedOperation) -> bool:
    """Return whether the end moves the subscription's timer. The timer ignores a subscription during a renewal, so due
    steps follow now."""
    return (
        ended.effects.released
        or kind_of(ended.operation).prolongs
        or (ended.effects.opened is None and ended.effects.expires_at is not None)
    )


def _move_operations(ended: Sequence[EndedOperation], now: datetime) -> None:
    groups: defaultdict[tuple[OperationEvent, str, str], list[Operation]] = defaultdict(list)
    for end in ended:
        groups[end.event, end.note, end.actor].append(end.operation)
    for (event, note, actor), operations in groups.items():
        stops = event is OperationEvent.STOP
        OPERATION.move_all(
            operations, event, now=now, actor=actor, note=note[:500], **({} if stops else {"ended_at": now})
        )
        if note:
            Operation.objects.filter(pk__in=[operation.pk for operation in operations]).update(note=note[:500])
    stopped_operations = [end.operation for end in ended if end.event is OperationEvent.STOP]
    outbox.publish_all(
        [OperationStopped(operation=end.pk, call=end.call_id, at=now) for end in stopped_operations], now=now
    )


def _open(ended: Sequence[EndedOperation], now: datetime) -> None:
    openings = [
        Opening(
            end.subscription,
            end.effects.opened.access,
            expires_at=end.effects.expires_at,
            license_text=end.effects.opened.license,
            since=end.effects.opened.since,
        )
        for end in ended
        if end.effects.opened is not None
    ]
    if openings:
        lifecycle.activate_all(openings, started_at=now, now=now)


def _store_access(ended: Sequence[EndedOperation], now: datetime) -> None:
    for end in ended:
        if end.effects.access is not None:
            lifecycle.store_access(end.subscription, end.effects.access, now=now)


def _fail(ended: Sequence[EndedOperation], now: datetime) -> None:
    for end in ended:
        if end.effects.failed and SUBSCRIPTION.allows(end.subscription.status, SubscriptionEvent.GIVE_UP):
            SUBSCRIPTION.move(
                end.subscription, SubscriptionEvent.GIVE_UP, now=now, actor=end.actor, note=end.note[:500]
            )


def _line(ended: EndedOperation) -> OrderLine:
    if ended.operation.line is None:
        raise LookupError("what is paid or changed comes from an order line")
    return ended.operation.line


def _write_periods(ended: Sequence[EndedOperation], now: datetime) -> list[Period]:
    """Create paid periods; they are earned at their start, now or by the subscription's timer (business-rules §8.2).
    Return the cancelled future periods."""
    new_periods = [
        bought_period(end.subscription, _line(end), paid, now=now)
        for end, paid in ((end, end.effects.paid) for end in ended)
        if paid is not None
    ]
    new_periods += [_changed_period(end, part, now) for end in ended for part in end.effects.paid_changes]
    if new_periods:
        rows.create(new_periods)
    return [
        period
        for end in ended
        if end.effects.cancels_period
        for period in unearned.cancel_latest(end.subscription, now=now)
    ]


def bought_period(subscription: Subscription, line: OrderLine, paid: PaidPeriod, *, now: datetime) -> Period:
    """Return an unsaved period. ``line.order`` and ``line.offer`` should be fetched."""
    return Period(
        subscription=subscription,
        line_number=line.number,
        kind=Period.Kind.TRIAL if line.offer.trial else Period.Kind.BASE,
        starts_at=paid.starts_at,
        ends_at=paid.ends_at,
        offer_id=line.offer_id,
        quantity=line.quantity,
        paid_minor=line.amount_minor - line.reduced_minor,
        list_minor=line.list_minor,
        currency=line.order.currency,
        earned_at=now if paid.starts_at <= now else None,
    )


def _changed_period(ended: EndedOperation, part: PaidChange, now: datetime) -> Period:
    """Return an unsaved period for part of a change; its money is earned with the period that contains it."""
    line = _line(ended)
    return Period(
        subscription=ended.subscription,
        line_number=line.number,
        kind=Period.Kind.CHANGE,
        starts_at=part.starts_at,
        ends_at=part.ends_at,
        offer_id=line.offer_id,
        quantity=line.quantity,
        paid_minor=part.paid_minor,
        list_minor=part.paid_minor,
        currency=line.order.currency,
        earned_at=now if part.begins_at <= now else None,
    )


_COLUMNS = {
    "expires_at": "timestamptz", "reminded_until": "timestamptz", "freeze_at": "timestamptz", "release_at": "timestamptz",
    "offer_id": "bigint", "quantity": "int", "seller_state": "text", "formal_at": "timestamptz",
}  # fmt: skip


def _write_subscriptions(ended: Sequence[EndedOperation], now: datetime) -> None:
    changed_rows: dict[int, dict[str, Any]] = {}
    for end in ended:
        effects, subscription = end.effects, end.subscription
        if effects.opened is None and effects.expires_at is not None:
            _move_end(subscription, effects.expires_at, now)
        if effects.changed:
            line = _line(end)
            if subscription.offer.trial and effects.paid is not None:
                subscription.formal_at = effects.paid.starts_at
            subscription.offer, subscription.quantity = line.offer, line.quantity
        if effects.seller_state:
            subscription.seller_state = effects.seller_state
        if effects.changed or effects.seller_state or (effects.opened is None and effects.expires_at is not None):
            changed_rows[subscription.pk] = {
                "id": subscription.pk,
                "expires_at": rows.moment(subscription.expires_at),
                "reminded_until": rows.moment(subscription.reminded_until),
                "freeze_at": rows.moment(subscription.freeze_at),
                "release_at": rows.moment(subscription.release_at),
                "offer_id": subscription.offer_id,
                "quantity": subscription.quantity,
                "seller_state": subscription.seller_state,
                "formal_at": rows.moment(subscription.formal_at),
            }
    if changed_rows:
        rows.update("subscriptions_subscription", _COLUMNS, changed_rows.values())


def _move_end(subscription: Subscription, end: datetime, now: datetime) -> None:
    """Set a new end and skip earlier reminders. An announced release remains if the new end has also passed, because it
    is never moved to an earlier time."""
    subscription.expires_at, subscription.reminded_until = end, now + MIN_REMINDER_GAP
    subscription.freeze_at = None
    if end > now:
        subscription.release_at = None


def _release(ended: Iterable[EndedOperation], now: datetime) -> None:
    """Release the subscriptions. Idempotent, because events may be delivered twice."""
    released_subscriptions = [
        end.subscription
        for end in ended
        if end.effects.released and SUBSCRIPTION.allows(end.subscription.status, SubscriptionEvent.RELEASE)
    ]
    if released_subscriptions:
        SUBSCRIPTION.move_all(released_subscriptions, SubscriptionEvent.RELEASE, now=now)
        outbox.publish_all(
            [SubscriptionReleased(subscription=end.pk, at=now) for end in released_subscriptions], now=now
        )


def _thaw(ended: Iterable[EndedOperation], now: datetime) -> None:
    """Lift the freeze for expiry after an extension; other reasons remain."""
    prolonged_subscriptions = [
        end.subscription
        for end in ended
        if end.effects.opened is None and end.effects.expires_at is not None and end.effects.expires_at > now
    ]
    if prolonged_subscriptions:
        lift(prolonged_subscriptions, Freeze.Reason.EXPIRED, now=now)


def _queue_orphans(ended: Iterable[EndedOperation], now: datetime) -> None:
    rows.create(
        Operation(
            lane=lane_of(end.subscription),
            subscription=end.subscription,
            seller_id=end.operation.seller_id,
            kind="release_orphan",
            origin=Operation.Origin.MARKET,
            wanted=dump(orphan),
            created_at=now,
        )
        for end in ended
        for orphan in end.effects.orphans
    )


def _end_orders(ended: Sequence[EndedOperation], now: datetime) -> None:
    completed_ends = [end for end in ended if end.effects.order is OrderEnd.COMPLETE]
    if completed_ends:
        orders = {_line(end).order_id for end in completed_ends}
        locked_orders = (
            Order.objects.filter(pk__in=orders, status=Order.Status.PROCESSING).select_for_update().order_by("pk")
        )
        finished_lines = (
            Operation.Status.DONE,
            Operation.Status.DROPPED,
        )  # an unsubscription is complete even if its seller was not notified
        undone = Operation.objects.filter(line__order__in=orders).exclude(status__in=finished_lines)
        unfinished = set(undone.values_list("line__order", flat=True))
        later_lines = {
            _line(end).number
            for end in completed_ends
            if end.effects.paid is not None and end.effects.paid.starts_at > now
        }
        change_lines = {_line(end).number for end in completed_ends if end.effects.paid_changes}
        complete_orders(
            [order for order in locked_orders if order.pk not in unfinished], now=now, later=later_lines | change_lines
        )
        earn_parts_of(change_lines, now=now)
    for end in ended:
        if end.effects.order in {OrderEnd.GIVE_UP, OrderEnd.RETURN}:
            _refund(_line(end).order_id, end, now)


def _refund(order_id: int, ended: EndedOperation, now: datetime) -> None:
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order_id)
    if order.status != Order.Status.PROCESSING:
        return
    if ended.effects.order is OrderEnd.RETURN:
        return_order(order, now=now, actor=ended.actor)
    else:
        give_up_order(order, now=now, reason=ended.note, actor=ended.actor)
