"""Buyer APIs about services in use: list, and one with what renewing and unsubscribing it would cost or pay back."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.last_charge import last_charge
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.orders.refund_terms import Terms, Way
from tradepost.market.orders.refunds import what_may
from tradepost.market.orders.renew import Option, aligned_options, renewal_options
from tradepost.market.subscriptions.buyer_queries import buyer_subscription, search_services
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.refund_rules import rules_now
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_services as wire
from tradepost.protocols.open_api.buyer_errors import SUCCESS

from .buyer_api import BuyerRequest, buyer_api, not_found
from .buyer_orders import TAG, dump_time
from .described import Described, table


def held_by(request: BuyerRequest, service_id: str) -> Subscription:
    """The buyer's own service. Raises ``ApiRefused`` (404)."""
    pk = whole_number(service_id)
    found = None if pk is None else buyer_subscription(request.buyer, pk)
    if found is None:
        raise not_found("service")
    return found


@buyer_api(
    Right.READ,
    Described(
        operation="ListServices",
        tag=TAG,
        summary="List services",
        words="Services of the key's buyer, newest first.",
        right=Right.READ,
        body=table(wire.LIST_BODY),
        success=table(wire.LIST_ANSWER),
        codes=(SUCCESS,),
    ),
)
def list_services(request: BuyerRequest) -> Response:
    asked = wire.load_list(request.body)
    total, found = search_services(request.buyer, status=asked.status, offset=asked.offset, limit=asked.limit)
    return wire.listed(total, (_service(one) for one in found))


@buyer_api(
    Right.READ,
    Described(
        operation="ShowService",
        tag=TAG,
        summary="Show a service",
        words="One service with the options to renew it and to unsubscribe it without the seller's consent. Amounts apply "
        "at the moment. The option end has the last charge of a pay-per-use service: an estimate for usage that is reported and "
        "not charged yet, and when it is charged. Below zero it is a credit.",
        right=Right.READ,
        body=table(wire.SHOW_BODY),
        success=table(wire.SHOW_ANSWER),
        codes=(SUCCESS,),
    ),
)
def show_service(request: BuyerRequest) -> Response:
    found = held_by(request, wire.load_show(request.body))
    renewals: list[Option] = []
    if may_renew(found, now=request.now):
        plain = renewal_options(found)
        renewals = [*plain, *aligned_options(found, plain, request.buyer.expiry_day)]
    ways = what_may(found, rules_now(), now=request.now, stalled=stalled_orders(found)).ways
    details = wire.ServiceDetails(
        service=_service(found),
        renewals=tuple(map(_renewal, renewals)),
        unsubscriptions=tuple(_unsubscription(found, terms, request) for terms in ways if terms.way is not Way.NEGOTIATED),
    )  # fmt: skip
    return wire.shown(details)


def _unsubscription(service: Subscription, terms: Terms, request: BuyerRequest) -> wire.UnsubscribeOption:
    zone = ZoneInfo(str(timezone.get_default_timezone()))
    last = last_charge(service, zone=zone, now=request.now) if terms.way is Way.END else None
    return wire.UnsubscribeOption(
        way=terms.way, refund_amount=f"{terms.back.major:f}", currency=terms.currency,
        last_charge=f"{last.amount.major:f}" if last is not None else "",
        last_charge_time=dump_time(last.charged_at) if last is not None else "",
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


def _service(one: Subscription) -> wire.Service:
    return wire.Service(
        service_id=str(one.pk),
        status=one.status,
        order_id=one.order_line_number.rpartition("-")[0],
        order_line_id=one.order_line_number,
        product_id=one.offer.product_id,
        product_name=one.product.name,
        product_name_en=one.product.name_en,
        seller_name=one.seller.name,
        charging_mode=one.offer.charging_mode,
        quantity=one.quantity,
        instance_id=one.instance_id,
        start_time=dump_time(one.started_at),
        expire_time=dump_time(one.expires_at),
        auto_renew=one.at_expiry == Subscription.AtExpiry.RENEW,
    )
