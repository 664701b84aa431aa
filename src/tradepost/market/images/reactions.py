"""What this context does when servers, orders and services change; ``wiring`` calls these."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base import outbox, rows
from tradepost.market.base.outbox import batched
from tradepost.market.compute.events import ServerChanged
from tradepost.market.compute.models import Server
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.cloud import address_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import Refund
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.lifecycle import access_data, take_access
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from . import meter
from .bind import ended, opened, unbind
from .events import PeriodImageExpired
from .models import ImageBinding, PeriodImage


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """A period image that was bought is in effect. One statement for all orders that are none."""
    lines = OrderLine.objects.filter(
        order__number__in=[event.order for event in events], order__order_type=Order.Type.NEW, for_server__isnull=False,
        charging_mode__in=modes_that(lambda mode: mode.ends),
    )  # fmt: skip
    if not rows.any_of(lines):
        return
    bought = list(lines.select_related("order__buyer", "subscription__offer__sku").order_by("pk"))
    locked_subscriptions([line.subscription_id for line in bought if line.subscription_id is not None])
    for line in bought:
        opened(line, now=now)


def on_server_changed(event: ServerChanged, now: datetime) -> None:
    """Count what the server runs, unbind a period image of another disk, end the service of an image that it lost, and store its new
    address in the access data."""
    meter.schedule(now)
    server = Server.objects.get(pk=event.server)
    standing = ImageBinding.objects.filter(server=server, to_at=None)
    binding = next((one for one in standing if one.covers_id != server.service_id), None)
    left = _replaced(server)
    also = {pk for pk in (binding.image_id if binding is not None else None, server.service_id) if pk is not None}
    locked = locked_subscriptions(left | also)
    _release([one for one in locked if one.pk in left], now)
    _readdress([one for one in locked if one.pk == server.service_id], server, now)
    if binding is not None:
        unbind(binding, at=event.at, now=now)


def _readdress(services: Sequence[Subscription], server: Server, now: datetime) -> None:
    """A buyer must not send the password to whoever has the old address now."""
    for service in services:
        access = access_data(service)
        address = address_of(access.user_name, server) if access is not None else ""
        if access is not None and access.front_end_url != address and access.front_end_url.startswith("ssh://"):
            take_access(service, dataclasses.replace(access, front_end_url=address), now=now, actor="market")


def _replaced(server: Server) -> set[int]:
    """Services on demand whose server it was, and is no more."""
    lines = OrderLine.objects.filter(
        for_server=server.pk, charging_mode__in=modes_that(lambda mode: mode.postpaid), subscription__status__in=LIVING
    )  # fmt: skip
    left = lines.exclude(subscription=server.service_id) if server.service_id is not None else lines
    return {pk for pk in left.values_list("subscription_id", flat=True) if pk}


def _release(services: Sequence[Subscription], now: datetime) -> None:
    if not services:
        return
    operate(
        [
            OperationRequest(
                kind="release", subscription=one, origin=Operation.Origin.MARKET, idempotency_key=f"no-server/{one.pk}"
            )
            for one in services
        ],
        now=now,
    )


@batched
def on_service_released(events: Sequence[SubscriptionReleased], now: datetime) -> None:
    """Of a period image: it covers nothing from the end of its paid time on. A server that runs on is billed by the hour."""
    at = {event.subscription: event.at for event in events}
    images = PeriodImage.objects.filter(service__in=at).values_list("service", flat=True)
    if not (ours := list(images)):
        return
    for service in locked_subscriptions(ours):
        _end_image(service, at[service.pk], now)


def _end_image(service: Subscription, at: datetime, now: datetime) -> None:
    refunded = Refund.objects.filter(subscription=service, status=Refund.Status.REFUNDED).exclude(
        kind=Refund.Kind.CANCEL_RENEWAL
    )
    done = ended(service, refunded=refunded.exists(), now=now)
    if done is not None and done[0].status == PeriodImage.Status.EXPIRED:
        runs_on = done[1].server_id if done[1] is not None else None
        outbox.publish(
            PeriodImageExpired(image=service.pk, server=runs_on, at=service.expires_at or at), now=now
        )  # fmt: skip
