"""Buyer APIs that buy something: create, pay, renew, unsubscribe, and the agreements to accept (business-rules §11.3).

Repeating a call with its idempotency key gives the first answer and buys nothing again (decision 0088).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.renewing import untold
from tradepost.market.fulfilment.unsubscribe import Unsubscribe
from tradepost.market.fulfilment.unsubscribe import unsubscribe as carry_out
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order as pay
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.orders.renew import RenewService
from tradepost.market.web.refund_rules import rules_now
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_purchases as wire
from tradepost.protocols.open_api.buyer_errors import FORBIDDEN, SUCCESS

from .accepted_agreements import check_accepted, required
from .answers import ApiRefused
from .buyer_api import BuyerRequest, buyer_api, not_found, once
from .buyer_orders import KINDS, STATUSES, TAG, dump_time
from .buyer_services import held_by
from .described import Described, table

ONCE = (
    " Choose a new idempotency_key for each intent. A repeated call with the same key and body gives the first answer; with "
    "another body it is refused (CBC.0162). A refusal is not kept: the same call may succeed later."
)


@buyer_api(
    Right.ORDER,
    Described(
        operation="CreateOrders",
        tag=TAG,
        summary="Create an order",
        words="Creates one order, unpaid; a free order is processed at once. A pay-per-use service and auto_renew are paid from "
        "the balance later, so they need the permission pay as well. Accept the agreements that ShowSubscriptionAgreements lists. With expected_amount an order at another price is refused."
        + ONCE,
        right=Right.ORDER,
        body=table(wire.CREATE_BODY),
        success=table(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def create_order(request: BuyerRequest) -> Response:
    asked = wire.load_create(request.body)
    if Right.PAY not in request.rights:
        _check_costs_nothing_later(asked)

    def act() -> Response:
        command = PlaceOrder(
            product_id=asked.product_id,
            quantity=asked.quantity,
            periods=asked.periods,
            extend_params=asked.extend_params,
            agreed=True,
            agreements=check_accepted(asked.accepted, asked.product_id, now=request.now),
            renews=asked.auto_renew,
        )
        order = buy(request.buyer, command, now=request.now, unpaid_timeout=_unpaid_timeout())
        return _placed(order, asked.expected_amount)

    return once(request, asked.idempotency_key, act)


@buyer_api(
    Right.PAY,
    Described(
        operation="PayOrder",
        tag=TAG,
        summary="Pay an order from the balance",
        words="With expected_amount an order of another amount is not paid." + ONCE,
        right=Right.PAY,
        body=table(wire.PAY_BODY),
        success=table(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def pay_order(request: BuyerRequest) -> Response:
    asked = wire.load_pay(request.body)

    def act() -> Response:
        order = Order.objects.filter(buyer=request.buyer, number=asked.order_id).first()
        if order is None:
            raise not_found("order")
        _check_amount(order, asked.expected_amount)
        pay(order, now=request.now)
        order.refresh_from_db()
        return _placed(order, None)

    return once(request, asked.idempotency_key, act)


@buyer_api(
    Right.ORDER,
    Described(
        operation="RenewService",
        tag=TAG,
        summary="Order a renewal of a service",
        words="Creates a renewal order, unpaid. Choose one of the renewal_options that ShowService lists." + ONCE,
        right=Right.ORDER,
        body=table(wire.RENEW_BODY),
        success=table(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def renew_service(request: BuyerRequest) -> Response:
    asked = wire.load_renew(request.body)

    def act() -> Response:
        held = held_by(request, asked.service_id)
        if (why := untold(held)) is not None:
            raise why
        command = RenewService(
            subscription=held.pk,
            product_id=asked.product_id,
            periods=asked.periods,
            align_day=asked.align_day,
            agreed=True,
            agreements=check_accepted(asked.accepted, asked.product_id, now=request.now),
        )
        order = renew(request.buyer, command, now=request.now, unpaid_timeout=_unpaid_timeout())
        return _placed(order, asked.expected_amount)

    return once(request, asked.idempotency_key, act)


@buyer_api(
    Right.UNSUBSCRIBE,
    Described(
        operation="UnsubscribeService",
        tag=TAG,
        summary="Unsubscribe a service",
        words="Choose one of the unsubscribe_options that ShowService lists and repeat its refund_amount. The service ends, "
        "or its renewal that has not begun is taken back. An invoice must be returned first." + ONCE,
        right=Right.UNSUBSCRIBE,
        body=table(wire.UNSUBSCRIBE_BODY),
        success=table(wire.UNSUBSCRIBED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def unsubscribe_service(request: BuyerRequest) -> Response:
    asked = wire.load_unsubscribe(request.body)

    def act() -> Response:
        held = held_by(request, asked.service_id)
        back = _minor(asked.refund_amount, held.offer.currency)
        command = Unsubscribe(subscription=held.pk, way=asked.way, back_minor=-1 if back is None else back, agreed=True)
        refund = carry_out(request.buyer, command, rules=rules_now(), now=request.now)
        paid = Money(refund.amount_minor + refund.unbegun_minor, refund.currency)
        return wire.unsubscribed(
            wire.Unsubscribed(
                order_id=refund.order.number if refund.order else "",
                refund_amount=f"{paid.major:f}",
                currency=refund.currency,
                way=refund.kind,
            )
        )

    return once(request, asked.idempotency_key, act)


@buyer_api(
    Right.READ,
    Described(
        operation="ShowSubscriptionAgreements",
        tag=TAG,
        summary="List the agreements to accept with an order",
        words="Pass agreement_id and version of each as accepted_agreements when you create or renew.",
        right=Right.READ,
        body=table(wire.AGREEMENTS_BODY),
        success=table(wire.AGREEMENTS_ANSWER),
        codes=(SUCCESS,),
    ),
)
def agreements(request: BuyerRequest) -> Response:
    product = wire.load_agreements_query(request.body)
    return wire.agreements(required(product, now=request.now))


def _check_costs_nothing_later(asked: wire.CreateOrder) -> None:
    """Raises ``ApiRefused``: usage and automatic renewals are taken from the balance without another call."""
    offer = Offer.objects.filter(product_id=asked.product_id).first()
    if asked.auto_renew or (offer is not None and offer.charging.postpaid):
        what = "auto_renew" if asked.auto_renew else "a pay-per-use service"
        raise ApiRefused(FORBIDDEN.code, f"{what} needs the permission {Right.PAY.value}")


def _unpaid_timeout() -> timedelta:
    return timedelta(minutes=config().unpaid_timeout_minutes)


def _placed(order: Order, expected: Decimal | None) -> Response:
    """The answer. Raises ``Refused`` for another price than expected, which undoes the order."""
    _check_amount(order, expected)
    return wire.placed(
        wire.PlacedOrder(
            order_id=order.number,
            order_type=KINDS[order.order_type],
            status=STATUSES[order.status],
            order_amount=f"{order.total.major:f}",
            currency=order.currency,
            create_time=dump_time(order.placed_at),
            pay_before=dump_time(order.pay_before) if order.status == Order.Status.UNPAID else "",
        )
    )


def _check_amount(order: Order, expected: Decimal | None) -> None:
    if expected is not None and _minor(expected, order.currency) != order.total_minor:
        words = f"The order costs {order.total.major:f} {order.currency}, which is not the expected amount."
        raise Refused("order.price_changed", words, HTTPStatus.CONFLICT, field="expected_amount")


def _minor(amount: Decimal, currency: str) -> int | None:
    """The amount in the smallest units of the currency; None for a fraction of one."""
    minor = amount.scaleb(MINOR_DIGITS[currency])
    return int(minor) if minor == minor.to_integral_value() else None
