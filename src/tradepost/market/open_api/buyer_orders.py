"""Buyer APIs for orders and sign-in data: list, details, cancel, and sign-in data of an instance (openapi-jointkit
§C.12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.urls import reverse

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import live_access
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.orders.cancel import cancel_orders as cancel_all
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.program_queries import OrderSearch, orders_in_detail, search_orders
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_orders as wire
from tradepost.protocols.open_api.buyer_errors import INVALID, REFUSAL, SUCCESS
from tradepost.protocols.open_api.buyer_orders import OrderKind, OrderStatus

from .answers import ApiRefused
from .buyer_api import BuyerRequest, buyer_api, not_found
from .descriptions import Description, table_schema, texts_schema

MAX_TIME_RANGE = timedelta(days=366)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""UTC, in the format of the most similar documented service (§C.13)."""

KINDS: Mapping[str, OrderKind] = {
    Order.Type.NEW: OrderKind.SUBSCRIBE,
    Order.Type.TRIAL: OrderKind.SUBSCRIBE,
    Order.Type.TRIAL_TO_FORMAL: OrderKind.CHANGE,
    Order.Type.RENEW: OrderKind.RENEW,
    Order.Type.CHANGE: OrderKind.CHANGE,
    Order.Type.UNSUBSCRIBE: OrderKind.UNSUBSCRIBE,
}
STATUSES: Mapping[str, OrderStatus] = {
    Order.Status.UNPAID: OrderStatus.AWAITING_PAYMENT,
    Order.Status.PROCESSING: OrderStatus.PROCESSING,
    Order.Status.COMPLETED: OrderStatus.COMPLETED,
    Order.Status.CANCELLED: OrderStatus.CANCELLED,
    Order.Status.REFUNDED: OrderStatus.CANCELLED,
}
"""No order awaits confirmation. A refunded order counts as cancelled; ``status_name`` distinguishes them."""
CHARGING_MODES: Mapping[int, ChargingMode] = {
    1: ChargingMode.PERIOD,
    2: ChargingMode.ONE_TIME,
    3: ChargingMode.ON_DEMAND,
    4: ChargingMode.ON_DEMAND_PKG,
}
"""This market's numbers, since those of ``charging_mode`` are not documented."""

TAG = "Buyer"


def dump_time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime(TIME_FORMAT)


@buyer_api(
    Right.READ,
    Description(
        operation="ListOrders",
        tag=TAG,
        summary="List orders",
        words="Orders of the key's buyer that were placed from start_time on and before end_time, at most 366 days later. "
        "Times are UTC, for example 2026-11-30 08:00:00. charging_mode: 1 by period, 2 one-time, 3 on demand, 4 package. "
        "sort_desc 0 lists the oldest first.",
        right=Right.READ,
        body=table_schema(wire.LIST_BODY, order_ids_=texts_schema(most=wire.MAX_LISTED, length=64)),
        success=table_schema(wire.LISTED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def list_orders(request: BuyerRequest) -> Response:
    parameters = wire.load_list(request.body)
    mode = CHARGING_MODES.get(parameters.charging_mode) if parameters.charging_mode is not None else None
    if parameters.charging_mode is not None and mode is None:
        raise ApiRefused(INVALID.code, f"charging_mode must be one of {', '.join(map(str, CHARGING_MODES))}")
    since, until = _range(parameters)
    search = OrderSearch(
        since=since,
        until=until,
        types=[value for value, kind in KINDS.items() if kind == parameters.order_type],
        statuses=None
        if parameters.status is None
        else [name for name, code in STATUSES.items() if code == parameters.status],
        numbers=[*parameters.order_ids, *([parameters.order_id] if parameters.order_id else [])],
        product=parameters.content_id,
        product_name=parameters.content_name,
        charging_mode=mode or "",
        ascending=parameters.ascending,
    )
    total, orders = search_orders(request.buyer, search, offset=parameters.offset, limit=parameters.limit)
    return wire.list_response(total, (_summary(order, request) for order in orders))


def _range(parameters: wire.ListOrders) -> tuple[datetime, datetime]:
    try:
        since, until = (
            datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
            for text in (parameters.start_time, parameters.end_time)
        )
    except ValueError:
        words = "start_time and end_time must be UTC times such as 2026-11-30 08:00:00"
        raise ApiRefused(INVALID.code, words) from None
    if not since < until or until - since > MAX_TIME_RANGE:
        words = f"end_time must be after start_time, and at most {MAX_TIME_RANGE.days} days later"
        raise ApiRefused(INVALID.code, words)
    return since, until


def _summary(order: Order, request: BuyerRequest) -> wire.OrderSummary:
    amount = f"{order.total.major:f}"
    return wire.OrderSummary(
        order_id=order.number,
        order_type=KINDS[order.order_type],
        status=STATUSES[order.status],
        create_time=dump_time(order.placed_at),
        payment_time=dump_time(order.paid_at),
        order_amount=amount,
        currency_after_discount=amount,
        customer_id=request.buyer.customer_id,
        customer_name=request.buyer.name,
    )


@buyer_api(
    Right.READ,
    Description(
        operation="ShowOrderDetails",
        tag=TAG,
        summary="Show details of orders",
        words="Details of up to 100 orders. Orders that do not exist or belong to another buyer are left out.",
        right=Right.READ,
        body=table_schema((), orderids=texts_schema(most=wire.MAX_DETAILED, length=64)),
        success=table_schema(wire.DETAILED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def order_details(request: BuyerRequest) -> Response:
    orders = orders_in_detail(request.buyer, wire.load_detailed(request.body))
    return wire.details_response(_details(order, request) for order in orders)


def _details(order: Order, request: BuyerRequest) -> wire.OrderDetails:
    lines = list(order.lines.all())
    unpaid = order.status == Order.Status.UNPAID
    refund = getattr(order, "refund", None)
    service = next((line.subscription for line in lines if line.subscription is not None), None)
    base = service.order_line_number.rpartition("-")[0] if service is not None else order.number
    return wire.OrderDetails(
        common={
            **_summary(order, request).dump(),
            "status_name": order.status,
            "order_type_name": order.order_type,
            "currency": order.currency,
            "buyer_domain_id": request.buyer.customer_id,
        },
        payment={
            "order_amount": f"{order.total.major:f}",
            "currency": order.currency,
            "pay_before": dump_time(order.pay_before),
            "payment_time": dump_time(order.paid_at),
            "refund_amount": "" if refund is None else f"{refund.total.major:f}",
        },
        relation={"base_order_id": base},
        display={"order_url": config().base_url + reverse("storefront:order", args=[order.number])},
        allowed={"pay": unpaid and request.now < order.pay_before, "cancel": unpaid},
        resources=tuple(_resource(line, order) for line in lines),
    )


def _resource(line: OrderLine, order: Order) -> dict[str, object]:
    service = line.subscription
    return {
        "order_line_id": line.number,
        "product_id": line.offer.product_id,
        "product_name": line.product_name,
        "product_name_en": line.product_name_en,
        "spec_name": line.spec_name,
        "charging_mode": line.charging_mode,
        "period_type": line.period_type,
        "period_num": line.period_number,
        "quantity": line.quantity,
        "amount": f"{line.amount.major:f}" if line.order_id == order.pk else "",
        "service_id": "" if service is None else str(service.pk),
        "instance_id": "" if service is None else service.instance_id,
        "service_status": "" if service is None else service.status,
        "expire_time": "" if service is None else dump_time(service.expires_at),
    }


@buyer_api(
    Right.ORDER,
    Description(
        operation="CancelOrders",
        tag=TAG,
        summary="Cancel unpaid orders",
        words="Cancels all of these orders or none. Only orders that await payment can be cancelled.",
        right=Right.ORDER,
        body=table_schema((), order_ids=texts_schema(most=wire.MAX_CANCELLED, length=64)),
        success=table_schema(REFUSAL[:0]),
        codes=(SUCCESS,),
    ),
)
def cancel_orders(request: BuyerRequest) -> Response:
    numbers = set(wire.load_cancelled(request.body))
    with transaction.atomic():
        orders = list(Order.objects.filter(buyer=request.buyer, number__in=numbers).order_by("pk"))
        if len(orders) != len(numbers):
            raise not_found("order")
        cancel_all(orders, actor=request.buyer.email, now=request.now)
    return wire.cancelled_response()


@buyer_api(
    Right.ACCESS,
    Description(
        operation="ShowSaasInstance",
        tag=TAG,
        summary="Show how to sign in to a service",
        words="Addresses, account and password of a service in use, as the seller confirmed them at confirmed_time (UTC). The "
        "call also asks the seller for the current data, at most once a minute, and does not wait: a later call shows a "
        "change. order_id, instance_id and buyer_domain_id are in the "
        "details of the order that opened the service.",
        right=Right.ACCESS,
        body=table_schema(wire.INSTANCE),
        success=table_schema(wire.INSTANCE_ANSWER),
        codes=(SUCCESS,),
    ),
)
def saas_instance(request: BuyerRequest) -> Response:
    parameters = wire.load_show_instance(request.body)
    service = _instance(request, parameters)
    if service is None:
        raise not_found("service")
    if service.status != Subscription.Status.ACTIVE:
        raise Refused("service.not_active", "This service is not in use at the moment.")
    access = access_data(service)
    if access is None:
        return wire.instance_response(wire.SaasInstance())
    live = live_access.live_access(service, now=request.now)
    live_access.request_access(service, now=request.now)
    return wire.instance_response(
        wire.SaasInstance(
            front_url=access.front_end_url,
            admin_url=access.admin_url,
            account=access.user_name,
            password=access.password,
            confirmed_time=dump_time(live.confirmed_at if live else None),
        )
    )


def _instance(request: BuyerRequest, parameters: wire.ShowSaasInstance) -> Subscription | None:
    if parameters.buyer_domain_id != request.buyer.customer_id:
        return None
    services: Iterable[Subscription] = Subscription.objects.filter(
        buyer=request.buyer, instance_id=parameters.instance_id
    )
    return next(
        (service for service in services if service.order_line_number.rpartition("-")[0] == parameters.order_id), None
    )
