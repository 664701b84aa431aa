"""Follow the calls of a delivery, step by step, until it is delivered, given up with refund and orphan release, or stopped."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import msgspec
import structlog
from django.db.models import Q

from tradepost.market.base.outbox import Facts
from tradepost.market.base.secrets import unseal
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.product_types.contract import Step
from tradepost.market.product_types.registry import product_type, product_types
from tradepost.market.production import calls
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.restart import gives_back
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, activate, period_end
from tradepost.market.subscriptions.lifecycle import E as SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo, Command, Done, Query, Release
from tradepost.protocols.registry import protocol

from .models import Delivery
from .steps import next_step

log = structlog.get_logger(__name__)


def on_call_ended(facts: Facts, now: datetime) -> None:
    """Reaction to every ended call; those that no delivery under way waits for are none of ours."""
    if facts["kind"] not in _planned():
        return  # most calls of a market that lives: freezes, renewals, releases
    delivery = _waiting_for(facts["call"])
    if delivery is None or delivery.call is None:
        return
    call = delivery.call
    # A call that was restarted meanwhile has no outcome: its next end comes here again.
    match call.outcome:
        case Call.Outcome.DONE:
            _advance(delivery, call, now)
        case Call.Outcome.GAVE_UP if gives_back(call):
            _give_up(delivery, call, now)
        case Call.Outcome.GAVE_UP:
            _stop(delivery)


@cache
def _planned() -> frozenset[str]:
    """Commands that some plan of a delivery has."""
    plans = (plan for kind in product_types().values() for plan in (kind.steps, *kind.steps_over.values()))
    return frozenset(step.command.__name__ for plan in plans for steps in plan.values() for step in steps)


def _waiting_for(call: int) -> Delivery | None:
    ended = Q(status=Delivery.Status.DONE) | Q(status=Delivery.Status.GAVE_UP)
    return (
        Delivery.objects.exclude(ended)
        .select_for_update(of=("self",))
        .select_related("line__order__buyer", "line__product", "subscription", "call")
        .filter(call=call)
        .first()
    )


def _advance(delivery: Delivery, call: Call, now: datetime) -> None:
    """A step is done: the next one of the product type's plan, or the end of it."""
    answer, product = _answer(call), delivery.line.product
    access = _access(answer)
    plan = product_type(product.product_type).plan(delivery.line.order.order_type, protocol(call.protocol))
    place = next_step(plan, delivery.step, has_access=access is not None, by_message=product.access_by_message)
    if place is None:
        _deliver(delivery, access, answer.license, now)
    else:
        _ask(delivery, plan[place], place, call, now)


def _answer(call: Call) -> Done:
    return msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done) if call.sealed_answer else Done()


def _access(answer: Done) -> AppInfo | None:
    return next((i.app for i in answer.instances if i.app is not None and i.app.front_end_url), None)


def _ask(delivery: Delivery, step: Step, place: int, before: Call, now: datetime) -> None:
    """The time of the plan goes on from the first call; one that a person completed later begins anew."""
    line = delivery.line
    bound = before.give_up_at if before.give_up_at is not None and before.give_up_at > now else None
    delivery.call = calls.ask(
        _command(step, before, delivery.subscription),
        product=line.product,
        subscription=delivery.subscription,
        order_number=line.order.number,
        order_line_number=line.number,
        until_access=step.until_access and not line.product.access_by_message,
        give_up_at=bound,
        now=now,
    )
    delivery.step, delivery.status, delivery.give_up_at = place, Delivery.Status.WAITING_FOR_ACCESS, bound
    delivery.save(update_fields=["call", "step", "status", "give_up_at"])


def _command(step: Step, before: Call, subscription: Subscription) -> Command:
    if step.command.__name__ == before.kind:
        return calls.load(
            before.kind, before.command
        )  # the very same once more, as its sellers must expect: saas-v1-license A2.2
    if step.command is Query:
        return Query(instance_ids=(subscription.instance_id,))
    raise LookupError(f"no step of a delivery can be {step.command.__name__}")


def _deliver(delivery: Delivery, access: AppInfo | None, license_text: str, now: datetime) -> None:
    """The buyer can begin: the paid time starts now, and the seller has earned the money of this order."""
    line = delivery.line
    expires = period_end(now, line.period_type, line.period_number) if line.period_type else None
    activate(delivery.subscription, access, license_text=license_text, started_at=now, expires_at=expires, now=now)
    _end(delivery, Delivery.Status.DONE, now)
    order = Order.objects.select_for_update().get(pk=line.order_id)
    if not Delivery.objects.filter(line__order=order).exclude(status=Delivery.Status.DONE).exists():
        complete_order(order, now=now)


def _stop(delivery: Delivery) -> None:
    """The plan is over, the order is not: it waits for a restart by hand, and no money moves (saas-v1-license B1)."""
    delivery.status = Delivery.Status.STOPPED
    delivery.save(update_fields=["status"])


def _give_up(delivery: Delivery, call: Call, now: datetime) -> None:
    """The plan is over: money back in full, and whatever the seller may have made is released (saas-v2 §3.10)."""
    _end(delivery, Delivery.Status.GAVE_UP, now)
    SUBSCRIPTION.move(delivery.subscription, SubscriptionEvent.GIVE_UP, now=now, note=call.last_verdict)
    order = Order.objects.select_for_update(of=("self",)).select_related("buyer").get(pk=delivery.line.order_id)
    give_up_order(order, now=now, reason=call.last_verdict)
    release_orphan(delivery, call, now)


def release_orphan(delivery: Delivery, call: Call, now: datetime) -> None:
    """Ask the seller to delete what it may have made for an order that was paid back."""
    orphan, line = orphan_of(delivery, call), delivery.line
    if not orphan:
        return
    log.info("release of an orphan", order=line.order.number, instance=orphan)
    calls.ask(
        Release(instance_id=orphan, order_id=line.order.number, order_line_id=line.number),
        product=line.product,
        subscription=delivery.subscription,
        order_number=line.order.number,
        order_line_number=line.number,
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
