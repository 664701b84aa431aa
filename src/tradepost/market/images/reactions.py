"""Reactions of this context to events of servers, orders and services; called by ``wiring``."""

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
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.lifecycle import access_data, store_access
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from . import meter
from .bind import activate, end_image, unbind
from .events import PeriodImageExpired
from .models import ImageBinding, PeriodImage


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Activate bought period images. Orders without one take a single query for the whole batch."""
    lines = OrderLine.objects.filter(
        order__number__in=[event.order for event in events], order__order_type=Order.Type.NEW, for_server__isnull=False,
        charging_mode__in=modes_with(lambda mode: mode.ends),
    )  # fmt: skip
    if not rows.has_any(lines):
        return
    bought_lines = list(lines.select_related("order__buyer", "subscription__offer__sku").order_by("pk"))
    locked_subscriptions([line.subscription_id for line in bought_lines if line.subscription_id is not None])
    for line in bought_lines:
        activate(line, now=now)


def on_server_changed(event: ServerChanged, now: datetime) -> None:
    """Meter the server, unbind a period image of another disk, end the service of a removed image, and update the
    access address."""
    meter.schedule(now)
    server = Server.objects.get(pk=event.server)
    open_bindings = ImageBinding.objects.filter(server=server, to_at=None)
    binding = next((candidate for candidate in open_bindings if candidate.covers_id != server.service_id), None)
    replaced_keys = _replaced(server)
    other_keys = {pk for pk in (binding.image_id if binding is not None else None, server.service_id) if pk is not None}
    locked_services = locked_subscriptions(replaced_keys | other_keys)
    _release([candidate for candidate in locked_services if candidate.pk in replaced_keys], now)
    _readdress([candidate for candidate in locked_services if candidate.pk == server.service_id], server, now)
    if binding is not None:
        unbind(binding, at=event.at, now=now)


def _readdress(services: Sequence[Subscription], server: Server, now: datetime) -> None:
    """Store the new address in the access data, so that buyers do not send the password to the old address."""
    for service in services:
        access = access_data(service)
        address = address_of(access.user_name, server) if access is not None else ""
        if access is not None and access.front_end_url != address and access.front_end_url.startswith("ssh://"):
            store_access(service, dataclasses.replace(access, front_end_url=address), now=now, actor="market")


def _replaced(server: Server) -> set[int]:
    """Return pay-per-use services whose image is no longer on this server."""
    lines = OrderLine.objects.filter(
        for_server=server.pk, charging_mode__in=modes_with(lambda mode: mode.postpaid), subscription__status__in=LIVE_STATUSES
    )  # fmt: skip
    other_lines = lines.exclude(subscription=server.service_id) if server.service_id is not None else lines
    return {pk for pk in other_lines.values_list("subscription_id", flat=True) if pk}


def _release(services: Sequence[Subscription], now: datetime) -> None:
    if not services:
        return
    operate(
        [
            OperationRequest(
                kind="release",
                subscription=service,
                origin=Operation.Origin.MARKET,
                idempotency_key=f"no-server/{service.pk}",
            )
            for service in services
        ],
        now=now,
    )


@batched
def on_service_released(events: Sequence[SubscriptionReleased], now: datetime) -> None:
    """End period images at the end of their paid time. A server that still runs is then billed by the hour."""
    released_at = {event.subscription: event.at for event in events}
    images = PeriodImage.objects.filter(service__in=released_at).values_list("service", flat=True)
    if not (image_keys := list(images)):
        return
    for service in locked_subscriptions(image_keys):
        _end_image(service, released_at[service.pk], now)


def _end_image(service: Subscription, moment: datetime, now: datetime) -> None:
    paid_refunds = Refund.objects.filter(subscription=service, status=Refund.Status.REFUNDED).exclude(
        kind=Refund.Kind.CANCEL_RENEWAL
    )
    ended_image = end_image(service, refunded=paid_refunds.exists(), now=now)
    if ended_image is not None and ended_image[0].status == PeriodImage.Status.EXPIRED:
        runs_on = ended_image[1].server_id if ended_image[1] is not None else None
        outbox.publish(
            PeriodImageExpired(image=service.pk, server=runs_on, at=service.expires_at or moment), now=now
        )  # fmt: skip
