"""Buyer APIs for purchases: create, pay, renew, unsubscribe, and the agreements to accept (business-rules §11.3).

A repeated call with the same idempotency key gets the first answer and buys nothing again (decision 0088).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

from tradepost.market.applications.enterprise_needed import check_enterprise
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.renewing import unsupported
from tradepost.market.fulfilment.unsubscribe import Unsubscribe
from tradepost.market.fulfilment.unsubscribe import unsubscribe as carry_out
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.orders.buy import buy, renew
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order as pay
from tradepost.market.orders.place import PlaceOrder, find_offer
from tradepost.market.orders.renew import RenewService
from tradepost.market.web.refund_rules import rules_now
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_purchases as wire
from tradepost.protocols.open_api.buyer_errors import FORBIDDEN, SUCCESS

from .accepted_agreements import check_accepted, required_agreements
from .answers import ApiRefused
from .buyer_api import BuyerRequest, answer_once, buyer_api, not_found
from .buyer_orders import KINDS, STATUSES, TAG, dump_time
from .buyer_services import find_service
from .descriptions import Description, table_schema

IDEMPOTENCY_HINT = (
    " Choose a new idempotency_key for each intent. A repeated call with the same key and body gives the first answer; with "
    "another body it is refused (CBC.0162). A refusal is not kept: the same call may succeed later."
)


@buyer_api(
    Right.ORDER,
    Description(
        operation="CreateOrders",
        tag=TAG,
        summary="Create an order",
        words="Creates one order, unpaid; a free order is processed at once. A pay-per-use service and auto_renew are paid from "
        "the balance later, so they need the permission pay as well. Accept the agreements that ShowSubscriptionAgreements lists. With expected_amount an order at another price is refused."
        + IDEMPOTENCY_HINT,
        right=Right.ORDER,
        body=table_schema(wire.CREATE_BODY),
        success=table_schema(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def create_order(request: BuyerRequest) -> Response:
    parameters = wire.load_create(request.body)
    if Right.PAY not in request.rights:
        _check_costs_nothing_later(parameters)

    def act() -> Response:
        command = PlaceOrder(
            product_id=parameters.product_id,
            quantity=parameters.quantity,
            periods=parameters.periods,
            extend_params=parameters.extend_params,
            agreed=True,
            agreements=check_accepted(parameters.accepted, parameters.product_id, now=request.now),
            renews=parameters.auto_renew,
        )
        check_enterprise(find_offer(parameters.product_id).sku.spec.product, request.buyer)
        order = buy(request.buyer, command, now=request.now, unpaid_timeout=_unpaid_timeout())
        return _placed(order, parameters.expected_amount)

    return answer_once(request, parameters.idempotency_key, act)


@buyer_api(
    Right.PAY,
    Description(
        operation="PayOrder",
        tag=TAG,
        summary="Pay an order from the balance",
        words="With expected_amount an order of another amount is not paid." + IDEMPOTENCY_HINT,
        right=Right.PAY,
        body=table_schema(wire.PAY_BODY),
        success=table_schema(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def pay_order(request: BuyerRequest) -> Response:
    parameters = wire.load_pay(request.body)

    def act() -> Response:
        order = Order.objects.filter(buyer=request.buyer, number=parameters.order_id).first()
        if order is None:
            raise not_found("order")
        _check_amount(order, parameters.expected_amount)
        pay(order, now=request.now)
        order.refresh_from_db()
        return _placed(order, None)

    return answer_once(request, parameters.idempotency_key, act)


@buyer_api(
    Right.ORDER,
    Description(
        operation="RenewService",
        tag=TAG,
        summary="Order a renewal of a service",
        words="Creates a renewal order, unpaid. Choose one of the renewal_options that ShowService lists."
        + IDEMPOTENCY_HINT,
        right=Right.ORDER,
        body=table_schema(wire.RENEW_BODY),
        success=table_schema(wire.PLACED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def renew_service(request: BuyerRequest) -> Response:
    parameters = wire.load_renew(request.body)

    def act() -> Response:
        service = find_service(request, parameters.service_id)
        if (refusal := unsupported(service)) is not None:
            raise refusal
        command = RenewService(
            subscription=service.pk,
            product_id=parameters.product_id,
            periods=parameters.periods,
            align_day=parameters.align_day,
            agreed=True,
            agreements=check_accepted(parameters.accepted, parameters.product_id, now=request.now),
        )
        order = renew(request.buyer, command, now=request.now, unpaid_timeout=_unpaid_timeout())
        return _placed(order, parameters.expected_amount)

    return answer_once(request, parameters.idempotency_key, act)


@buyer_api(
    Right.UNSUBSCRIBE,
    Description(
        operation="UnsubscribeService",
        tag=TAG,
        summary="Unsubscribe a service",
        words="Choose one of the unsubscribe_options that ShowService lists and repeat its refund_amount. The service ends, "
        "or its renewal that has not begun is taken back. An invoice must be returned first." + IDEMPOTENCY_HINT,
        right=Right.UNSUBSCRIBE,
        body=table_schema(wire.UNSUBSCRIBE_BODY),
        success=table_schema(wire.UNSUBSCRIBED_ANSWER),
        codes=(SUCCESS,),
    ),
)
def unsubscribe_service(request: BuyerRequest) -> Response:
    parameters = wire.load_unsubscribe(request.body)

    def act() -> Response:
        service = find_service(request, parameters.service_id)
        refund_minor = _minor_units(parameters.refund_amount, service.offer.currency)
        command = Unsubscribe(
            subscription=service.pk,
            way=parameters.way,
            back_minor=-1 if refund_minor is None else refund_minor,
            agreed=True,
        )
        refund = carry_out(request.buyer, command, rules=rules_now(), now=request.now)
        paid_amount = Money(refund.amount_minor + refund.unbegun_minor, refund.currency)
        return wire.unsubscribed_response(
            wire.Unsubscribed(
                order_id=refund.order.number if refund.order else "",
                refund_amount=f"{paid_amount.major:f}",
                currency=refund.currency,
                way=refund.kind,
            )
        )

    return answer_once(request, parameters.idempotency_key, act)


@buyer_api(
    Right.READ,
    Description(
        operation="ShowSubscriptionAgreements",
        tag=TAG,
        summary="List the agreements to accept with an order",
        words="Pass agreement_id and version of each as accepted_agreements when you create or renew.",
        right=Right.READ,
        body=table_schema(wire.AGREEMENTS_BODY),
        success=table_schema(wire.AGREEMENTS_ANSWER),
        codes=(SUCCESS,),
    ),
)
def agreements(request: BuyerRequest) -> Response:
    product = wire.load_agreements_query(request.body)
    return wire.agreements_response(required_agreements(product, now=request.now))


def _check_costs_nothing_later(parameters: wire.CreateOrder) -> None:
    """Raise ``ApiRefused`` for an order whose later charges need the permission to pay: usage and automatic
    renewals."""
    offer = Offer.objects.filter(product_id=parameters.product_id).first()
    if parameters.auto_renew or (offer is not None and offer.charging.postpaid):
        feature = "auto_renew" if parameters.auto_renew else "a pay-per-use service"
        raise ApiRefused(FORBIDDEN.code, f"{feature} needs the permission {Right.PAY.value}")


def _unpaid_timeout() -> timedelta:
    return timedelta(minutes=config().orders.unpaid_timeout_minutes)


def _placed(order: Order, expected_amount: Decimal | None) -> Response:
    """Return the answer. Raises ``Refused`` if the price is not the expected one, which rolls back the order."""
    _check_amount(order, expected_amount)
    return wire.placed_response(
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


def _check_amount(order: Order, expected_amount: Decimal | None) -> None:
    if expected_amount is not None and _minor_units(expected_amount, order.currency) != order.total_minor:
        words = f"The order costs {order.total.major:f} {order.currency}, which is not the expected amount."
        raise Refused("order.price_changed", words, HTTPStatus.CONFLICT, field="expected_amount")


def _minor_units(amount: Decimal, currency: str) -> int | None:
    """Return the amount in minor units; None if it has a fraction of one."""
    minor = amount.scaleb(MINOR_DIGITS[currency])
    return int(minor) if minor == minor.to_integral_value() else None
