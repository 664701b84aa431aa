"""The end of the paid time: the instance is frozen, and released when nobody renewed it in time (business-rules §4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradepost.market.base import jobs, outbox
from tradepost.market.base.outbox import batched
from tradepost.market.base.work import State
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.models import OrderLine
from tradepost.market.production import calls
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.events import SubscriptionEndsSoon
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING, RETENTION
from tradepost.protocols.commands import CheckChange, Command, Expire, InstanceStatus, Refresh, Release, SetStatus
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.registry import protocols

from .renewal import waiting_renewals

END_OF_PERIOD = "subscriptions.end_of_period"
END_OF_RETENTION = "subscriptions.end_of_retention"
AGAIN = timedelta(minutes=10)
NOTICE = timedelta(days=7)
"""How long before the end its buyer is reminded; the shortest thing sold lasts a month."""

type Make = Callable[[Subscription, SellerProtocol], Command | None]


def protocol_of(subscription: Subscription) -> SellerProtocol | None:
    """The protocol of the product's production address; None while it has none."""
    name = Binding.objects.filter(product=subscription.product_id).values_list("address__protocol", flat=True).first()
    return protocols().get(name or "")


def freeze_command(subscription: Subscription, spoken: SellerProtocol) -> Command | None:
    """How this protocol freezes what was sold in this way; None when it cannot.

    Where there is an activity for an expiry (SaaS 1.0, License 1.0), it is that of products sold by period; what is
    sold once has none, and what is charged by usage has a status there (saas-v1-license A2.4, A2.7).
    """
    sold = subscription.offer.charging
    if Expire in spoken.activities and sold.expires_by_activity:
        return Expire(instance_id=subscription.instance_id, order_id=first_line(subscription).order.number)
    if SetStatus in spoken.activities and (sold.frozen_by_status or Expire not in spoken.activities):
        return SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    return None


def release_command(subscription: Subscription, spoken: SellerProtocol) -> Command | None:
    """The versions with an activity for an expiry want the order of the purchase; the others an order only when an
    unsubscription caused the release (saas-v2 §3.5)."""
    if Release not in spoken.activities:
        return None
    bought = first_line(subscription).order.number if Expire in spoken.activities else ""
    return Release(instance_id=subscription.instance_id, order_id=bought)


def first_line(subscription: Subscription) -> OrderLine:
    """The line by which it was bought."""
    return OrderLine.objects.select_related("order").get(number=subscription.order_line_number)


@batched
def on_order_completed(completed: Sequence[OrderCompleted], now: datetime) -> None:
    """Reaction: what was delivered has an end from now on."""
    del now  # the end is a fact of the subscription
    orders = {event.order for event in completed}
    watch_all(
        list(Subscription.objects.filter(order_lines__order__number__in=orders, status__in=LIVING).order_by("pk"))
    )


def watch(subscription: Subscription) -> None:
    """Set the timer by the present end of the paid time; a renewal calls this again."""
    watch_all([subscription])


def watch_all(subscriptions: Sequence[Subscription]) -> None:
    jobs.cancel_all([END_OF_PERIOD, END_OF_RETENTION], [str(subscription.pk) for subscription in subscriptions])
    jobs.schedule_all(
        END_OF_PERIOD,
        [
            jobs.Timer(str(subscription.pk), subscription.expires_at - NOTICE, {"subscription": subscription.pk})
            for subscription in subscriptions
            if subscription.expires_at is not None
        ],
    )


def end_of_period(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Task: the buyer is reminded of the end; then nobody renewed, so the instance is frozen and its retention begins."""
    subscription = _living(payload)
    if subscription is None or subscription.expires_at is None:
        return None
    if subscription.expires_at > now + NOTICE:
        return subscription.expires_at - NOTICE
    if subscription.expires_at > now:
        if not _being_renewed(subscription):
            soon = SubscriptionEndsSoon(subscription=subscription.pk, ends=subscription.expires_at)
            outbox.publish(soon, now=now)
        return subscription.expires_at
    if _being_renewed(subscription):
        return now + AGAIN  # within an hour the renewal is done or given up
    if subscription.status == Subscription.Status.ACTIVE:
        _ask(subscription, freeze_command, now)
    due_at = subscription.expires_at + RETENTION
    jobs.schedule(END_OF_RETENTION, str(subscription.pk), due_at=due_at, payload=dict(payload))
    return None


def end_of_retention(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Task: still nobody renewed, so the instance goes."""
    subscription = _living(payload)
    if subscription is None or subscription.expires_at is None or subscription.expires_at + RETENTION > now:
        return None
    if _being_renewed(subscription):
        return now + AGAIN
    _ask(subscription, release_command, now)
    return None


def _living(payload: Mapping[str, Any]) -> Subscription | None:
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("product", "offer")
        .filter(pk=payload["subscription"], status__in=LIVING)
        .exclude(instance_id="")
        .first()
    )


def _being_renewed(subscription: Subscription) -> bool:
    """Asked of the seller, or paid and about to be, or done there a moment ago and not yet told here. One that its seller
    failed for good holds nothing up: it may be restarted, otherwise the service is released, and what was paid is paid
    back then (saas-v2 §3.3)."""
    asked = Call.objects.filter(subscription=subscription, kind__in=[CheckChange.__name__, Refresh.__name__])
    if asked.exclude(state=State.ENDED).exists() or waiting_renewals([subscription.pk]).exists():
        return True
    untold = OrderLine.objects.filter(order__in=open_changes(subscription)).values("number")
    done = asked.filter(kind=Refresh.__name__, outcome=Call.Outcome.DONE)
    return done.filter(order_line_number__in=untold).exists()


def _ask(subscription: Subscription, make: Make, now: datetime) -> None:
    spoken = protocol_of(subscription)
    command = make(subscription, spoken) if spoken is not None else None
    if command is not None:
        calls.ask(
            command,
            product=subscription.product,
            subscription=subscription,
            order_line_number=subscription.order_line_number,
            now=now,
        )
