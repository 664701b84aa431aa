"""Follow the calls of a delivery: created → access data → delivered, or given up with refund and orphan release."""

from __future__ import annotations

from datetime import datetime

import msgspec
import structlog
from django.db.models import Q

from tradepost.market.base.outbox import Facts
from tradepost.market.base.secrets import unseal
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.production import calls
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, activate, period_end
from tradepost.market.subscriptions.lifecycle import E as SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo, Done, Query, Release

from .models import Delivery

log = structlog.get_logger(__name__)


def on_call_ended(facts: Facts, now: datetime) -> None:
    """Reaction to every ended call; those that belong to no delivery under way are none of ours."""
    if facts["kind"] not in {"Create", "Query"}:
        return
    call = Call.objects.select_related("product", "subscription").get(pk=facts["call"])
    delivery = _delivery_of(call)
    if delivery is None:
        return
    match call.kind, call.outcome:
        case "Create", Call.Outcome.DONE if delivery.status == Delivery.Status.CREATING:
            _created(delivery, call, now)
        case "Query", Call.Outcome.DONE if delivery.status == Delivery.Status.WAITING_FOR_ACCESS:
            _deliver(delivery, _access(_answer(call)), now)
        case _, Call.Outcome.GAVE_UP:
            _give_up(delivery, call, now)


def _delivery_of(call: Call) -> Delivery | None:
    if call.subscription_id is None:
        return None
    open_ones = Delivery.objects.exclude(Q(status=Delivery.Status.DONE) | Q(status=Delivery.Status.GAVE_UP))
    return (
        open_ones.select_for_update(of=("self",))
        .select_related("line__order__buyer", "line__product", "subscription")
        .filter(subscription_id=call.subscription_id)
        .first()
    )


def _answer(call: Call) -> Done:
    return msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done) if call.sealed_answer else Done()


def _access(answer: Done) -> AppInfo | None:
    return next((i.app for i in answer.instances if i.app is not None and i.app.front_end_url), None)


def _created(delivery: Delivery, call: Call, now: datetime) -> None:
    """The instance has a name. Versions that answer the access data at once are finished; others are polled."""
    access = _access(_answer(call))
    if access is not None:
        _deliver(delivery, access, now)
        return
    subscription = Subscription.objects.get(pk=delivery.subscription_id)
    delivery.status = Delivery.Status.WAITING_FOR_ACCESS
    delivery.give_up_at = call.give_up_at
    delivery.save(update_fields=["status", "give_up_at"])
    calls.ask(
        Query(instance_ids=(subscription.instance_id,)),
        product=delivery.line.product,
        subscription=subscription,
        order_number=delivery.line.order.number,
        order_line_number=delivery.line.number,
        until_access=not delivery.line.product.access_by_message,
        give_up_at=call.give_up_at,
        now=now,
    )


def _deliver(delivery: Delivery, access: AppInfo | None, now: datetime) -> None:
    """The buyer can begin: the paid time starts now, and the seller has earned the money of this order."""
    line = delivery.line
    expires = period_end(now, line.period_type, line.period_number) if line.period_type else None
    activate(delivery.subscription, access, started_at=now, expires_at=expires, now=now)
    _end(delivery, Delivery.Status.DONE, now)
    order = Order.objects.select_for_update().get(pk=line.order_id)
    if not Delivery.objects.filter(line__order=order).exclude(status=Delivery.Status.DONE).exists():
        complete_order(order, now=now)


def _give_up(delivery: Delivery, call: Call, now: datetime) -> None:
    """The plan is over: money back in full, and whatever the seller may have made is released (saas-v2 §3.10)."""
    _end(delivery, Delivery.Status.GAVE_UP, now)
    SUBSCRIPTION.move(delivery.subscription, SubscriptionEvent.GIVE_UP, now=now, note=call.last_verdict)
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=delivery.line.order_id)
    give_up_order(order, now=now, reason=call.last_verdict)
    orphan = orphan_of(delivery, call)
    if orphan:
        log.info("release of an orphan", order=order.number, instance=orphan)
        calls.ask(
            Release(instance_id=orphan, order_id=order.number, order_line_id=delivery.line.number),
            product=delivery.line.product,
            subscription=delivery.subscription,
            order_number=order.number,
            order_line_number=delivery.line.number,
            now=now,
        )


def orphan_of(delivery: Delivery, call: Call) -> str:
    """The instance to release, or nothing when the seller cannot have made one.

    Its id when we learnt it. Otherwise, when some attempt may have reached the seller: an id seen in an answer that
    could not be trusted (unless it is another order's), else the id that the protocol recommends to sellers, the
    businessId of the first call (saas-v2 §3.1).
    """
    if delivery.subscription.instance_id:
        return delivery.subscription.instance_id
    if not call.maybe_acted:
        return ""
    claimed = call.claimed_instance_id
    if claimed and not Subscription.objects.filter(seller_id=call.seller_id, instance_id=claimed).exists():
        return claimed
    return Attempt.objects.filter(call=call).order_by("number").values_list("business_id", flat=True).first() or ""


def _end(delivery: Delivery, status: str, now: datetime) -> None:
    delivery.status, delivery.ended_at = status, now
    delivery.save(update_fields=["status", "ended_at"])
