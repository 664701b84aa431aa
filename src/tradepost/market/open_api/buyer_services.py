"""Buyer APIs for services in use: list them, and show one with the prices of renewal and the refunds of
unsubscribing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.last_charge import last_charge
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.orders.refund_terms import RefundTerms, RefundWay
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.orders.renew import Option, aligned_options, renewal_options
from tradepost.market.subscriptions.buyer_queries import buyer_subscription, search_services
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.refund_rules import rules_now
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_services as wire
from tradepost.protocols.open_api.buyer_errors import SUCCESS

from .buyer_api import BuyerRequest, buyer_api, not_found
from .buyer_orders import TAG, dump_time
from .descriptions import Description, table_schema


def find_service(request: BuyerRequest, service_id: str) -> Subscription:
    """Return the buyer's service. Raises ``ApiRefused`` (404)."""
    pk = whole_number(service_id)
    service = None if pk is None else buyer_subscription(request.buyer, pk)
    if service is None:
        raise not_found("service")
    return service


@buyer_api(
    Right.READ,
    Description(
        operation="ListServices",
        tag=TAG,
        summary="List services",
        words="Services of the key's buyer, newest first.",
        right=Right.READ,
        body=table_schema(wire.LIST_BODY),
        success=table_schema(wire.LIST_ANSWER),
        codes=(SUCCESS,),
    ),
)
def list_services(request: BuyerRequest) -> Response:
    parameters = wire.load_list(request.body)
    total, services = search_services(
        request.buyer, status=parameters.status, offset=parameters.offset, limit=parameters.limit
    )
    return wire.list_response(total, (_service(service) for service in services))


@buyer_api(
    Right.READ,
    Description(
        operation="ShowService",
        tag=TAG,
        summary="Show a service",
        words="One service with the options to renew it and to unsubscribe it without the seller's consent. Amounts apply "
        "at the moment. The option end has the last charge of a pay-per-use service: an estimate for usage that is reported and "
        "not charged yet, and when it is charged. Below zero it is a credit.",
        right=Right.READ,
        body=table_schema(wire.SHOW_BODY),
        success=table_schema(wire.SHOW_ANSWER),
        codes=(SUCCESS,),
    ),
)
def show_service(request: BuyerRequest) -> Response:
    service = find_service(request, wire.load_show(request.body))
    renewals: list[Option] = []
    if may_renew(service, now=request.now):
        plain_renewals = renewal_options(service)
        renewals = [*plain_renewals, *aligned_options(service, plain_renewals, request.buyer.expiry_day)]
    refund_terms = possible_refunds(service, rules_now(), now=request.now, stalled=stalled_orders(service)).ways
    details = wire.ServiceDetails(
        service=_service(service),
        renewals=tuple(map(_renewal, renewals)),
        unsubscriptions=tuple(_unsubscription(service, terms, request) for terms in refund_terms if terms.way is not RefundWay.NEGOTIATED),
    )  # fmt: skip
    return wire.service_response(details)


def _unsubscription(service: Subscription, terms: RefundTerms, request: BuyerRequest) -> wire.UnsubscribeOption:
    zone = ZoneInfo(str(timezone.get_default_timezone()))
    estimate = last_charge(service, zone=zone, now=request.now) if terms.way is RefundWay.END else None
    return wire.UnsubscribeOption(
        way=terms.way, refund_amount=f"{terms.back.major:f}", currency=terms.currency,
        last_charge=f"{estimate.amount.major:f}" if estimate is not None else "",
        last_charge_time=dump_time(estimate.charged_at) if estimate is not None else "",
    )  # fmt: skip


def _renewal(option: Option) -> wire.RenewalOption:
    return wire.RenewalOption(
        product_id=option.offer.product_id,
        period_type=option.offer.period_type,
        periods=option.priced.periods,
        align_day=option.align_day,
        amount=f"{option.priced.total.major:f}",
        currency=option.priced.total.currency,
        expire_time=dump_time(option.until),
    )


def _service(service: Subscription) -> wire.Service:
    return wire.Service(
        service_id=str(service.pk),
        status=service.status,
        order_id=service.order_line_number.rpartition("-")[0],
        order_line_id=service.order_line_number,
        product_id=service.offer.product_id,
        product_name=service.product.name,
        product_name_en=service.product.name_en,
        seller_name=service.seller.name,
        charging_mode=service.offer.charging_mode,
        quantity=service.quantity,
        instance_id=service.instance_id,
        start_time=dump_time(service.started_at),
        expire_time=dump_time(service.expires_at),
        auto_renew=service.at_expiry == Subscription.AtExpiry.RENEW,
    )
