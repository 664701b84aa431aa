"""Buyer APIs about orders and sign-in data: list, details, cancel, and the data of one instance (openapi-jointkit §C.12)."""

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
from .described import Described, table, texts

LONGEST_RANGE = timedelta(days=366)
TIME = "%Y-%m-%d %H:%M:%S"
"""UTC, as the nearest known service writes times (§C.13)."""

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
"""Nothing here awaits confirmation. A refunded order counts as cancelled; ``status_name`` tells them apart."""
MODES: Mapping[int, ChargingMode] = {
    1: ChargingMode.PERIOD,
    2: ChargingMode.ONE_TIME,
    3: ChargingMode.ON_DEMAND,
    4: ChargingMode.ON_DEMAND_PKG,
}
"""Our numbers: those of ``charging_mode`` are not published."""

TAG = "Buyer"


def dump_time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime(TIME)


@buyer_api(
    Right.READ,
    Described(
        operation="ListOrders",
        tag=TAG,
        summary="List orders",
        words="Orders of the key's buyer that were placed from start_time on and before end_time, at most 366 days later. "
        "Times are UTC, for example 2026-11-30 08:00:00. charging_mode: 1 by period, 2 one-time, 3 on demand, 4 package. "
        "sort_desc 0 lists the oldest first.",
        right=Right.READ,
        body=table(wire.LIST, order_ids_=texts(most=wire.MAX_LISTED, length=64)),
        success=table(wire.LISTED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def list_orders(request: BuyerRequest) -> Response:
    asked = wire.load_list(request.body)
    mode = MODES.get(asked.charging_mode) if asked.charging_mode is not None else None
    if asked.charging_mode is not None and mode is None:
        raise ApiRefused(INVALID.code, f"charging_mode must be one of {', '.join(map(str, MODES))}")
    since, until = _range(asked)
    search = OrderSearch(
        since=since,
        until=until,
        types=[value for value, kind in KINDS.items() if kind == asked.order_type],
        statuses=None if asked.status is None else [name for name, code in STATUSES.items() if code == asked.status],
        numbers=[*asked.order_ids, *([asked.order_id] if asked.order_id else [])],
        product=asked.content_id,
        product_name=asked.content_name,
        charging_mode=mode or "",
        ascending=asked.ascending,
    )
    total, orders = search_orders(request.buyer, search, offset=asked.offset, limit=asked.limit)
    return wire.listed(total, (_summary(order, request) for order in orders))


def _range(asked: wire.ListOrders) -> tuple[datetime, datetime]:
    try:
        since, until = (
            datetime.strptime(text, TIME).replace(tzinfo=UTC) for text in (asked.start_time, asked.end_time)
        )
    except ValueError:
        words = "start_time and end_time must be UTC times such as 2026-11-30 08:00:00"
        raise ApiRefused(INVALID.code, words) from None
    if not since < until or until - since > LONGEST_RANGE:
        words = f"end_time must be after start_time, and at most {LONGEST_RANGE.days} days later"
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
    Described(
        operation="ShowOrderDetails",
        tag=TAG,
        summary="Show details of orders",
        words="Details of up to 100 orders. Orders that do not exist or belong to another buyer are left out.",
        right=Right.READ,
        body=table((), orderids=texts(most=wire.MAX_DETAILED, length=64)),
        success=table(wire.DETAILED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def order_details(request: BuyerRequest) -> Response:
    orders = orders_in_detail(request.buyer, wire.load_detailed(request.body))
    return wire.detailed(_details(order, request) for order in orders)


def _details(order: Order, request: BuyerRequest) -> wire.OrderDetails:
    lines = list(order.lines.all())
    unpaid = order.status == Order.Status.UNPAID
    refund = getattr(order, "refund", None)
    about = next((line.subscription for line in lines if line.subscription is not None), None)
    base = about.order_line_number.rpartition("-")[0] if about is not None else order.number
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
    held = line.subscription
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
        "service_id": "" if held is None else str(held.pk),
        "instance_id": "" if held is None else held.instance_id,
        "service_status": "" if held is None else held.status,
        "expire_time": "" if held is None else dump_time(held.expires_at),
    }


@buyer_api(
    Right.ORDER,
    Described(
        operation="CancelOrders",
        tag=TAG,
        summary="Cancel unpaid orders",
        words="Cancels all of these orders or none. Only orders that await payment can be cancelled.",
        right=Right.ORDER,
        body=table((), order_ids=texts(most=wire.MAX_CANCELLED, length=64)),
        success=table(REFUSAL[:0]),
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
    return wire.cancelled()


@buyer_api(
    Right.ACCESS,
    Described(
        operation="ShowSaasInstance",
        tag=TAG,
        summary="Show how to sign in to a service",
        words="Addresses, account and password of a service in use, as the seller confirmed them at confirmed_time (UTC). The "
        "call also asks the seller for the current data, at most once a minute, and does not wait: a later call shows a "
        "change. order_id, instance_id and buyer_domain_id are in the "
        "details of the order that opened the service.",
        right=Right.ACCESS,
        body=table(wire.INSTANCE),
        success=table(wire.INSTANCE_ANSWER),
        codes=(SUCCESS,),
    ),
)
def saas_instance(request: BuyerRequest) -> Response:
    asked = wire.load_show_instance(request.body)
    found = _instance(request, asked)
    if found is None:
        raise not_found("service")
    if found.status != Subscription.Status.ACTIVE:
        raise Refused("service.not_active", "This service is not in use at the moment.")
    access = access_data(found)
    if access is None:
        return wire.shown(wire.SaasInstance())
    live = live_access.live_access(found, now=request.now)
    live_access.ask_seller(found, now=request.now)
    return wire.shown(
        wire.SaasInstance(
            front_url=access.front_end_url,
            admin_url=access.admin_url,
            account=access.user_name,
            password=access.password,
            confirmed_time=dump_time(live.confirmed_at if live else None),
        )
    )


def _instance(request: BuyerRequest, asked: wire.ShowSaasInstance) -> Subscription | None:
    if asked.buyer_domain_id != request.buyer.customer_id:
        return None
    held: Iterable[Subscription] = Subscription.objects.filter(buyer=request.buyer, instance_id=asked.instance_id)
    return next((one for one in held if one.order_line_number.rpartition("-")[0] == asked.order_id), None)
