"""What a seller did becomes true of the service: frozen, renewed, changed, released. One change at a time.

Whoever asked for it: the end of a period, a buyer who renews, an engineer who tries by hand. Reactions may come late, so
each looks whether something that the seller did after it counts instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from tradepost.market.base import outbox
from tradepost.market.base.outbox import batched
from tradepost.market.orders.cancel import withdraw
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.events import SubscriptionFrozen, SubscriptionReleased, SubscriptionUnfrozen
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewed_end
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Expire,
    InstanceStatus,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)

from .asking import ask, refresh_of, unfreeze_command
from .expiry import protocol_of, watch
from .renewal import FREEZES, end_change, leave_off_freezing, start_waiting, waiting_renewals

_FOLLOWED = frozenset(kind.__name__ for kind in (Refresh, SetStatus, Expire, Release, Upgrade, CheckChange))
_UNFREEZES = Q(kind=SetStatus.__name__, command__status=InstanceStatus.UNFREEZE.value)


@batched
def on_call_ended(ended: Sequence[CallEnded], now: datetime) -> None:
    """Reaction: what the seller did becomes true of the subscription; a change that failed for good is given up."""
    # Events of an earlier release do not say whose subscription it was: the call does.
    followed = [event.call for event in ended if event.kind in _FOLLOWED]
    if not followed:
        return
    found = Call.objects.exclude(subscription=None).in_bulk(set(followed))
    # What a buyer holds is locked before its orders, everywhere.
    subscriptions = {
        subscription.pk: subscription
        for subscription in Subscription.objects.select_for_update(of=("self",))
        .select_related("buyer", "product", "offer")
        .filter(pk__in={call.subscription_id for call in found.values()})
        .order_by("pk")
    }
    for pk in dict.fromkeys(followed):
        call = found.get(pk)
        if call is not None and call.subscription_id is not None:
            _end_of(call, subscriptions[call.subscription_id], now)
    for pk in waiting_renewals(subscriptions).values_list("subscription", flat=True).distinct():
        start_waiting(subscriptions[pk], now)


def _end_of(call: Call, subscription: Subscription, now: datetime) -> None:
    if call.outcome == Call.Outcome.DONE:
        _follow(calls.load(call.kind, call.command), call, subscription, now)
    elif call.outcome == Call.Outcome.GAVE_UP and call.kind in {Upgrade.__name__, CheckChange.__name__}:
        line = _open_line(call)
        if line is not None:
            end_change(line.order, done=False, note=call.last_verdict, now=now)
    elif call.outcome == Call.Outcome.GAVE_UP and call.kind == Refresh.__name__:
        # It may still be restarted by hand, and its order waits for that; until then the paid time ends as it did.
        watch(subscription)
    elif (
        call.outcome == Call.Outcome.GAVE_UP
        and call.kind in {SetStatus.__name__, Expire.__name__}
        and _renewed_since(call)
    ):
        _thaw(subscription, now)


def _follow(command: Command, call: Call, subscription: Subscription, now: datetime) -> None:
    match command:
        case Expire() | SetStatus(status=InstanceStatus.FREEZE):
            _frozen(call, subscription, now)
        case SetStatus():
            if not _later(call, FREEZES):
                _move(subscription, SubscriptionEvent.UNFREEZE, now)
        case Release():
            _released(subscription, now)
        case Refresh():
            _refreshed(command, call, subscription, now)
        case Upgrade():
            _changed(call, subscription, now)
        case CheckChange():
            line = _open_line(call)
            if line is not None and not Call.objects.filter(order_line_number=line.number, kind="Refresh").exists():
                until = renewed_end(subscription, line.period_type, line.period_number)
                ask(refresh_of(subscription, line, Scene.RENEWAL_CHANGE, until), subscription, now, line)


def _later(call: Call, kinds: Q) -> bool:
    """Whether the seller did one of these after the end of this call."""
    after = Q(ended_at__gt=call.ended_at) | Q(ended_at=call.ended_at, pk__gt=call.pk)
    done = Call.objects.filter(subscription=call.subscription_id, outcome=Call.Outcome.DONE)
    return done.filter(after, kinds).exists()


def _move(subscription: Subscription, event: SubscriptionEvent, now: datetime) -> None:
    """Events come at least once, and an orphan's release belongs to no living subscription."""
    if SUBSCRIPTION.allows(subscription.status, event):
        SUBSCRIPTION.move(subscription, event, now=now)
        match event:
            case SubscriptionEvent.FREEZE:
                outbox.publish(SubscriptionFrozen(subscription=subscription.pk, at=now), now=now)
            case SubscriptionEvent.UNFREEZE:
                outbox.publish(SubscriptionUnfrozen(subscription=subscription.pk, at=now), now=now)
            case SubscriptionEvent.RELEASE:
                outbox.publish(SubscriptionReleased(subscription=subscription.pk, at=now), now=now)


def _frozen(call: Call, subscription: Subscription, now: datetime) -> None:
    if _later(call, _UNFREEZES):
        return
    _move(subscription, SubscriptionEvent.FREEZE, now)
    if _renewed_since(call):
        _thaw(subscription, now)


def _renewed_since(freeze: Call) -> bool:
    """Whether the renewal was done after this freeze was asked for: a seller may restart one while the other is open."""
    after = Q(ended_at__gt=freeze.created_at) | Q(ended_at=freeze.created_at, pk__gt=freeze.pk)
    done = Call.objects.filter(subscription=freeze.subscription_id, outcome=Call.Outcome.DONE)
    return done.filter(after, kind=Refresh.__name__).exists()


def _released(subscription: Subscription, now: datetime) -> None:
    """With it end the orders about it: what was paid is paid back, what was not need not be."""
    _move(subscription, SubscriptionEvent.RELEASE, now)
    for order in open_changes(subscription):
        if order.status == Order.Status.UNPAID:
            withdraw(order, now=now)
            continue
        end_change(order, done=False, note="released", now=now)
        Call.objects.filter(order_number=order.number, outcome=Call.Outcome.GAVE_UP).update(
            outcome=Call.Outcome.CANCELLED
        )


def _refreshed(command: Refresh, call: Call, subscription: Subscription, now: datetime) -> None:
    line = _changed(call, subscription, now)
    if line is None:
        return
    subscription.expires_at = command.expires_at
    subscription.save(update_fields=["expires_at"])
    watch(subscription)
    _thaw(subscription, now)


def _thaw(subscription: Subscription, now: datetime) -> None:
    """The paid time goes on, so the instance is not to stay frozen: neither as we know it, nor by a freeze of which the
    seller's answer never came. Nobody can restart such a freeze any more."""
    spoken = protocol_of(subscription)
    if subscription.expires_at is None or subscription.expires_at <= now or spoken is None:
        return
    leave_off_freezing(subscription, now)
    unsure = Call.objects.filter(FREEZES, subscription=subscription, outcome=Call.Outcome.GAVE_UP)
    perhaps = unsure.filter(maybe_acted=True).exists()
    unsure.update(outcome=Call.Outcome.CANCELLED)
    if Expire in spoken.activities:
        _move(subscription, SubscriptionEvent.UNFREEZE, now)  # there the refresh itself ends the freeze
    elif SetStatus in spoken.activities and (perhaps or subscription.status == Subscription.Status.FROZEN):
        ask(unfreeze_command(subscription), subscription, now)  # saas-v2 §3.4: renewed


def _changed(call: Call, subscription: Subscription, now: datetime) -> OrderLine | None:
    """The order of the call is done: what its line says is what the buyer holds. None when that happened before."""
    line = _open_line(call)
    if line is None:
        return None
    subscription.offer, subscription.quantity = line.offer, line.quantity
    subscription.save(update_fields=["offer", "quantity"])
    end_change(line.order, done=True, now=now)
    return line


def _open_line(call: Call) -> OrderLine | None:
    return (
        OrderLine.objects.select_related("order__buyer", "offer")
        .filter(number=call.order_line_number, order__status=Order.Status.PROCESSING)
        .exclude(order__order_type=Order.Type.NEW)
        .first()
    )
