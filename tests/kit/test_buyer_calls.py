"""The kit's client in a buyer's program: its calls and the responses that it reads match the market's OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.kit.market import HANG_UP, Market, open_market
from tradepost.kit.client import MarketClient, MarketError
from tradepost.market.open_api.document import document
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import buyer_orders, buyer_purchases, buyer_services
from tradepost.protocols.open_api.buyer_errors import KEY_REUSED, refusal_response
from tradepost.protocols.open_api.buyer_purchases import (
    Agreement,
    CreateOrder,
    PayOrder,
    RenewService,
    UnsubscribeService,
)

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
AGREED = (
    Agreement(agreement_id="buyer", version="1", name="Buyer agreement", url="https://m.example/agreements/buyer/"),
)
SENT = (Agreement(agreement_id="buyer", version="1"),)
PLACED = buyer_purchases.PlacedOrder(
    order_id="CS1", order_type=1, status=1, order_amount="100.00", currency="CNY", create_time="2026-11-30 08:00:00",
    pay_before="2026-12-01 08:00:00",
)  # fmt: skip
SERVICE = buyer_services.Service(
    service_id="7", status="active", order_id="CS1", order_line_id="CS1-000001", product_id="OFFI1", product_name="商品",
    seller_name="商家", charging_mode="PERIOD", quantity=1, instance_id="i-1", expire_time="2026-12-31 00:00:00",
)  # fmt: skip
DETAILS = buyer_services.ServiceDetails(
    service=SERVICE,
    renewals=(
        buyer_services.RenewalOption(
            product_id="OFFI1", period_type="month", periods=1, align_day=0, amount="100.00", currency="CNY",
            expire_time="2027-01-31 00:00:00",
        ),
    ),
    unsubscriptions=(buyer_services.UnsubscribeOption(way="no_reason", refund_amount="100.00", currency="CNY"),),
)  # fmt: skip
BACK = buyer_purchases.Unsubscribed(order_id="CS2", refund_amount="100.00", currency="CNY", way="no_reason")
CREATE = CreateOrder(
    idempotency_key="k", product_id="OFFI1", quantity=2, periods=3, extend_params=(("ip", "127.0.0.1"),), auto_renew=True,
    accepted=SENT, expected_amount=Decimal("600.00"),
)  # fmt: skip
PAY = PayOrder(idempotency_key="k", order_id="CS1", expected_amount=Decimal(100))
RENEW = RenewService(idempotency_key="k", service_id="7", product_id="OFFI1", periods=1, align_day=15, accepted=SENT)
END = UnsubscribeService(idempotency_key="k", service_id="7", way="no_reason", refund_amount=Decimal("100.00"))
LISTED = buyer_orders.OrderSummary(order_id="CS1", order_type=1, status=4, order_amount="1.00")

type Call = Callable[[MarketClient], object]

CALLS: dict[str, tuple[Call, Response, object, Callable[[bytes], object], object]] = {
    "create": (lambda m: m.create_order(CREATE), buyer_purchases.placed_response(PLACED), PLACED, buyer_purchases.load_create, CREATE),
    "pay": (lambda m: m.pay_order(PAY), buyer_purchases.placed_response(PLACED), PLACED, buyer_purchases.load_pay, PAY),
    "renew": (lambda m: m.renew_service(RENEW), buyer_purchases.placed_response(PLACED), PLACED, buyer_purchases.load_renew, RENEW),
    "unsubscribe": (
        lambda m: m.unsubscribe_service(END), buyer_purchases.unsubscribed_response(BACK), BACK, buyer_purchases.load_unsubscribe, END
    ),
    "agreements": (
        lambda m: m.agreements("OFFI1"), buyer_purchases.agreements_response(AGREED), AGREED, buyer_purchases.load_agreements_query,
        "OFFI1",
    ),
    "services": (
        lambda m: m.list_services(), buyer_services.list_response(1, [SERVICE]), (1, (SERVICE,)), buyer_services.load_list,
        buyer_services.ListServices(),
    ),
    "service": (lambda m: m.service("7"), buyer_services.service_response(DETAILS), DETAILS, buyer_services.load_show, "7"),
}  # fmt: skip


@pytest.fixture
def market() -> Iterator[Market]:
    with open_market(lambda: NOW) as opened:
        yield opened


def client(market: Market) -> MarketClient:
    return MarketClient(market.url, "AK1", "secret", pause=0, timeout=10, clock=lambda: NOW)


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"]
    return found


@pytest.mark.parametrize("name", CALLS)
def test_call_and_response_match_the_document(name: str, market: Market, paths: dict[str, Any]) -> None:
    """The call is repeated after a missing response with the same body, and so the same idempotency key."""
    call, answer, expected, load, asked = CALLS[name]
    market.answers = [HANG_UP, answer]
    assert call(client(market)) == expected
    first, second = market.asked
    assert first.body == second.body
    assert load(first.body) == asked
    path = "/" + first.url.split("/", 3)[-1].partition("?")[0]
    operation = paths[path]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    told = operation["responses"]["200"]["content"]["application/json"]["schema"]
    OAS31Validator(body).validate(json.loads(first.body))
    OAS31Validator(told).validate(json.loads(answer.body))


def test_refusal_has_its_code(market: Market) -> None:
    market.answers = [refusal_response(KEY_REUSED, "send this request with a new idempotency_key")]
    with pytest.raises(MarketError) as why:
        client(market).create_order(CREATE)
    assert (why.value.status, why.value.code) == (409, "CBC.0162")


def test_request_that_the_market_would_refuse_is_not_sent(market: Market) -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        client(market).pay_order(PayOrder(idempotency_key="", order_id="CS1"))
    assert market.asked == []


@pytest.mark.parametrize("amount", ["1E+999999", "1E-999999", "0E+999999", "Infinity", "NaN", "-1", "1.23456"])
def test_amount_that_the_market_would_refuse_is_not_sent(amount: str, market: Market) -> None:
    with pytest.raises(ValueError, match="amount"):
        client(market).pay_order(PayOrder(idempotency_key="k", order_id="CS1", expected_amount=Decimal(amount)))
    with pytest.raises(ValueError, match="amount"):
        client(market).unsubscribe_service(
            UnsubscribeService(idempotency_key="k", service_id="7", way="unused", refund_amount=Decimal(amount))
        )
    assert market.asked == []
