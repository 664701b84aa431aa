"""Operations that ended: what their kinds say becomes true of subscriptions, orders and money, in one transaction.

Everything is written in batches: as many statements for a hundred operations as for one, but for refunds, which lock
their buyers' accounts one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.market.base.stored import dump
from tradepost.market.licenses.request import answered
from tradepost.market.orders.finish import complete_orders, give_up_order, return_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions import lifecycle
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.life import QUIET
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, Opening, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from . import unearned
from .cases import kind_of
from .contract import Effects, OrderEnd, Paid, PaidChange
from .earning import earn_parts_of
from .events import OperationStopped
from .freezing import lift
from .lifecycle import OPERATION, OperationEvent
from .models import Operation, lane_of
from .timers import watch, watch_opened


class Ended(Struct, frozen=True, kw_only=True):
    """An operation that ended, and its effects. ``note``: why, when it did not reach what was wanted. ``subscription`` is
    locked; ``operation.line`` with its order and offer is fetched, where it has one."""

    operation: Operation
    subscription: Subscription
    effects: Effects
    event: OperationEvent
    note: str = ""
    actor: str = "market"


def apply(ended: Sequence[Ended], *, now: datetime) -> None:
    """Write the ends. Whoever calls settles the lanes afterwards: what ended may have made room for something else."""
    if not ended:
        return
    _move_operations(ended, now)
    _open(ended, now)
    _fail(ended, now)
    _take_access(ended, now)
    cancelled = _write_periods(ended, now)
    _write_subscriptions(ended, now)
    _release(ended, now)
    _thaw(ended, now)
    _queue_orphans(ended, now)
    answered([one.effects.license for one in ended if one.effects.license is not None], now=now)
    watch_opened([one.subscription for one in ended if one.effects.opened is not None], now=now)
    watch([one.subscription for one in ended if _moves_the_timer(one)], now=now)
    _end_orders(ended, now)
    unearned.pay_back(cancelled, now=now)


def _moves_the_timer(one: Ended) -> bool:
    """A new end, or none any more; and the timer left a renewal alone while it was open, so that what fell due since then
    is due now."""
    return (
        one.effects.released
        or kind_of(one.operation).prolongs
        or (one.effects.opened is None and one.effects.expires_at is not None)
    )


def _move_operations(ended: Sequence[Ended], now: datetime) -> None:
    alike: defaultdict[tuple[OperationEvent, str, str], list[Operation]] = defaultdict(list)
    for one in ended:
        alike[one.event, one.note, one.actor].append(one.operation)
    for (event, note, actor), operations in alike.items():
        stops = event is OperationEvent.STOP
        OPERATION.move_all(
            operations, event, now=now, actor=actor, note=note[:500], **({} if stops else {"ended_at": now})
        )
        if note:
            Operation.objects.filter(pk__in=[one.pk for one in operations]).update(note=note[:500])
    stopped = [one.operation for one in ended if one.event is OperationEvent.STOP]
    outbox.publish_all([OperationStopped(operation=one.pk, call=one.call_id, at=now) for one in stopped], now=now)


def _open(ended: Sequence[Ended], now: datetime) -> None:
    openings = [
        Opening(
            one.subscription,
            one.effects.opened.access,
            expires_at=one.effects.expires_at,
            license_text=one.effects.opened.license,
            since=one.effects.opened.since,
        )
        for one in ended
        if one.effects.opened is not None
    ]
    if openings:
        lifecycle.activate_all(openings, started_at=now, now=now)


def _take_access(ended: Sequence[Ended], now: datetime) -> None:
    for one in ended:
        if one.effects.access is not None:
            lifecycle.take_access(one.subscription, one.effects.access, now=now)


def _fail(ended: Sequence[Ended], now: datetime) -> None:
    for one in ended:
        if one.effects.failed and SUBSCRIPTION.allows(one.subscription.status, SubscriptionEvent.GIVE_UP):
            SUBSCRIPTION.move(
                one.subscription, SubscriptionEvent.GIVE_UP, now=now, actor=one.actor, note=one.note[:500]
            )


def _line(one: Ended) -> OrderLine:
    if one.operation.line is None:
        raise LookupError("what is paid or changed comes from an order line")
    return one.operation.line


def _write_periods(ended: Sequence[Ended], now: datetime) -> list[Period]:
    """Paid time is earned when it begins (business-rules §8.2): at once, or by the timer of the subscription. Gives what was
    cancelled before it began."""
    new = [
        bought_period(one.subscription, _line(one), paid, now=now)
        for one, paid in ((one, one.effects.paid) for one in ended)
        if paid is not None
    ]
    new += [_changed_period(one, part, now) for one in ended for part in one.effects.paid_changes]
    if new:
        rows.create(new)
    return [
        period
        for one in ended
        if one.effects.cancels_period
        for period in unearned.cancel_latest(one.subscription, now=now)
    ]


def bought_period(subscription: Subscription, line: OrderLine, paid: Paid, *, now: datetime) -> Period:
    """Not written yet. ``line.order`` and ``line.offer`` should be fetched."""
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


def _changed_period(one: Ended, part: PaidChange, now: datetime) -> Period:
    """Its money is the seller's with that of the period that it is within."""
    line = _line(one)
    return Period(
        subscription=one.subscription,
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


def _write_subscriptions(ended: Sequence[Ended], now: datetime) -> None:
    changed: dict[int, dict[str, Any]] = {}
    for one in ended:
        effects, subscription = one.effects, one.subscription
        if effects.opened is None and effects.expires_at is not None:
            _move_end(subscription, effects.expires_at, now)
        if effects.changed:
            line = _line(one)
            if subscription.offer.trial and effects.paid is not None:
                subscription.formal_at = effects.paid.starts_at
            subscription.offer, subscription.quantity = line.offer, line.quantity
        if effects.seller_state:
            subscription.seller_state = effects.seller_state
        if effects.changed or effects.seller_state or (effects.opened is None and effects.expires_at is not None):
            changed[subscription.pk] = {
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
    if changed:
        rows.update("subscriptions_subscription", _COLUMNS, changed.values())


def _move_end(subscription: Subscription, end: datetime, now: datetime) -> None:
    """Another end: what was due for the former one is left off. A release that was announced stays where the new end is over
    too: it is never made earlier."""
    subscription.expires_at, subscription.reminded_until = end, now + QUIET
    subscription.freeze_at = None
    if end > now:
        subscription.release_at = None


def _release(ended: Iterable[Ended], now: datetime) -> None:
    """Events come at least once, and what was released stays so."""
    gone = [
        one.subscription
        for one in ended
        if one.effects.released and SUBSCRIPTION.allows(one.subscription.status, SubscriptionEvent.RELEASE)
    ]
    if gone:
        SUBSCRIPTION.move_all(gone, SubscriptionEvent.RELEASE, now=now)
        outbox.publish_all([SubscriptionReleased(subscription=one.pk, at=now) for one in gone], now=now)


def _thaw(ended: Iterable[Ended], now: datetime) -> None:
    """The paid time goes on, so that it is no longer frozen for its end; other reasons stand as they did."""
    prolonged = [
        one.subscription
        for one in ended
        if one.effects.opened is None and one.effects.expires_at is not None and one.effects.expires_at > now
    ]
    if prolonged:
        lift(prolonged, Freeze.Reason.EXPIRED, now=now)


def _queue_orphans(ended: Iterable[Ended], now: datetime) -> None:
    rows.create(
        Operation(
            lane=lane_of(one.subscription),
            subscription=one.subscription,
            seller_id=one.operation.seller_id,
            kind="release_orphan",
            origin=Operation.Origin.MARKET,
            wanted=dump(orphan),
            created_at=now,
        )
        for one in ended
        for orphan in one.effects.orphans
    )


def _end_orders(ended: Sequence[Ended], now: datetime) -> None:
    done = [one for one in ended if one.effects.order is OrderEnd.COMPLETE]
    if done:
        orders = {_line(one).order_id for one in done}
        locked = Order.objects.filter(pk__in=orders, status=Order.Status.PROCESSING).select_for_update().order_by("pk")
        over = (Operation.Status.DONE, Operation.Status.DROPPED)  # an unsubscription is true whoever tells the seller
        undone = Operation.objects.filter(line__order__in=orders).exclude(status__in=over)
        left = set(undone.values_list("line__order", flat=True))
        later = {_line(one).number for one in done if one.effects.paid is not None and one.effects.paid.starts_at > now}
        in_parts = {_line(one).number for one in done if one.effects.paid_changes}
        complete_orders([order for order in locked if order.pk not in left], now=now, later=later | in_parts)
        earn_parts_of(in_parts, now=now)
    for one in ended:
        if one.effects.order in {OrderEnd.GIVE_UP, OrderEnd.RETURN}:
            _pay_back(_line(one).order_id, one, now)


def _pay_back(order_id: int, one: Ended, now: datetime) -> None:
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=order_id)
    if order.status != Order.Status.PROCESSING:
        return
    if one.effects.order is OrderEnd.RETURN:
        return_order(order, now=now, actor=one.actor)
    else:
        give_up_order(order, now=now, reason=one.note, actor=one.actor)
