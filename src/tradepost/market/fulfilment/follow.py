"""Follow the calls of a delivery, step by step, until it is delivered, given up with refund and orphan release, or stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import msgspec
import structlog
from django.db.models import Q

from tradepost.market.base import rows
from tradepost.market.base.outbox import batched
from tradepost.market.base.secrets import unseal
from tradepost.market.orders.finish import complete_orders, give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.product_types.contract import Step
from tradepost.market.product_types.registry import product_type, product_types
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.restart import gives_back
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, Opening, SubscriptionEvent, activate_all, period_end
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo, Command, Done, Query, Release
from tradepost.protocols.registry import protocol

from .models import Delivery
from .plan import TEXTS
from .steps import next_step

log = structlog.get_logger(__name__)


@batched
def on_call_ended(ended: Sequence[CallEnded], now: datetime) -> None:
    """Reaction to every ended call; those that no delivery under way waits for are none of ours."""
    # Most calls of a market that lives are freezes, renewals, releases.
    planned = {event.call for event in ended if event.kind in _planned()}
    done: list[Waiting] = []
    for waiting in _waiting_for(planned) if planned else ():
        # A call that was restarted meanwhile has no outcome: its next end comes here again.
        match waiting.call.outcome:
            case Call.Outcome.DONE:
                done.append(waiting)
            case Call.Outcome.GAVE_UP if gives_back(waiting.call):
                _give_up(waiting.delivery, waiting.call, now)
            case Call.Outcome.GAVE_UP:
                _stop(waiting.delivery)
    _advance(done, now)


@cache
def _planned() -> frozenset[str]:
    """Commands that some plan of a delivery has."""
    plans = (plan for kind in product_types().values() for plan in (kind.steps, *kind.steps_over.values()))
    return frozenset(step.command.__name__ for plan in plans for steps in plan.values() for step in steps)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery under way and the call that it waited for."""

    delivery: Delivery
    call: Call


def _waiting_for(calls: Collection[int]) -> list[Waiting]:
    ended = Q(status=Delivery.Status.DONE) | Q(status=Delivery.Status.GAVE_UP)
    deliveries = (
        Delivery.objects.exclude(ended)
        .filter(call__in=calls)
        .select_for_update(of=("self",))
        .select_related("line__order", "line__product", "subscription", "call")
        .defer(*(f"line__{text}" for text in TEXTS))
        .order_by("pk")
    )
    return [Waiting(delivery, delivery.call) for delivery in deliveries if delivery.call]


def _advance(done: Iterable[Waiting], now: datetime) -> None:
    """A step is done: the next one of the product type's plan, or the end of it."""
    asked: list[tuple[Waiting, int, Step]] = []
    delivered: list[tuple[Delivery, AppInfo | None, str]] = []
    for waiting in done:
        delivery, call, product = waiting.delivery, waiting.call, waiting.delivery.line.product
        answer = _answer(call)
        access = _access(answer)
        plan = product_type(product.product_type).plan(delivery.line.order.order_type, protocol(call.protocol))
        place = next_step(plan, delivery.step, has_access=access is not None, by_message=product.access_by_message)
        if place is None:
            delivered.append((delivery, access, answer.license))
        else:
            asked.append((waiting, place, plan[place]))
    if asked:
        _ask(asked, now)
    if delivered:
        _deliver(delivered, now)


def _answer(call: Call) -> Done:
    return msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done) if call.sealed_answer else Done()


def _access(answer: Done) -> AppInfo | None:
    return next((i.app for i in answer.instances if i.app is not None and i.app.front_end_url), None)


_NEXT = {"call_id": "bigint", "step": "smallint", "status": "text", "give_up_at": "timestamptz"}


def _ask(asked: Sequence[tuple[Waiting, int, Step]], now: datetime) -> None:
    """The time of the plan goes on from the first call; one that a person completed later begins anew."""
    requests = []
    for waiting, _, step in asked:
        line, before = waiting.delivery.line, waiting.call
        requests.append(
            calls.CallRequest(
                command=_command(step, before, waiting.delivery.subscription),
                product=line.product,
                subscription=waiting.delivery.subscription,
                order_number=line.order.number,
                order_line_number=line.number,
                until_access=step.until_access and not line.product.access_by_message,
                give_up_at=before.give_up_at if before.give_up_at is not None and before.give_up_at > now else None,
            )
        )
    following = calls.ask_all(requests, now=now)
    moved = (
        {
            "id": waiting.delivery.pk,
            "call_id": call.pk,
            "step": place,
            "status": Delivery.Status.WAITING_FOR_ACCESS.value,
            "give_up_at": rows.moment(call.give_up_at),
        }
        for (waiting, place, _), call in zip(asked, following, strict=True)
    )
    rows.update("fulfilment_delivery", _NEXT, moved)


def _command(step: Step, before: Call, subscription: Subscription) -> Command:
    if step.command.__name__ == before.kind:
        return calls.load(
            before.kind, before.command
        )  # the very same once more, as its sellers must expect: saas-v1-license A2.2
    if step.command is Query:
        return Query(instance_ids=(subscription.instance_id,))
    raise LookupError(f"no step of a delivery can be {step.command.__name__}")


def _deliver(delivered: Sequence[tuple[Delivery, AppInfo | None, str]], now: datetime) -> None:
    """The buyers can begin: the paid time starts now, and the sellers have earned the money of these orders."""
    openings = []
    for delivery, access, license_text in delivered:
        line = delivery.line
        expires = period_end(now, line.period_type, line.period_number) if line.period_type else None
        openings.append(Opening(delivery.subscription, access, expires_at=expires, license_text=license_text))
    activate_all(openings, started_at=now, now=now)
    deliveries = [delivery for delivery, _, _ in delivered]
    Delivery.objects.filter(pk__in=[d.pk for d in deliveries]).update(status=Delivery.Status.DONE, ended_at=now)
    orders = {delivery.line.order_id for delivery in deliveries}
    locked = Order.objects.filter(pk__in=orders).select_for_update().order_by("pk")
    left = set(
        Delivery.objects.filter(line__order__in=orders)
        .exclude(status=Delivery.Status.DONE)
        .values_list("line__order", flat=True)
    )
    complete_orders([order for order in locked if order.pk not in left], now=now)


def _stop(delivery: Delivery) -> None:
    """The plan is over, the order is not: it waits for a restart by hand, and no money moves (saas-v1-license B1)."""
    delivery.status = Delivery.Status.STOPPED
    delivery.save(update_fields=["status"])


def _give_up(delivery: Delivery, call: Call, now: datetime) -> None:
    """The plan is over: money back in full, and whatever the seller may have made is released (saas-v2 §3.10)."""
    delivery.status, delivery.ended_at = Delivery.Status.GAVE_UP, now
    delivery.save(update_fields=["status", "ended_at"])
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
