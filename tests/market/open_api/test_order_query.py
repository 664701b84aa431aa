"""The order query as a seller uses it (openapi-jointkit §C.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.market.open_api.asking import Shop, members
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import AccessKey, User
from tradepost.market.open_api import throttle
from tradepost.market.orders.models import OrderLine
from tradepost.protocols.open_api.errors import both_envelopes
from tradepost.protocols.open_api.mock_orders import MOCK_ORDER_IDS

ORDERED_AT = datetime(2026, 3, 31, 7, 8, 9, tzinfo=UTC)


def test_period_order_has_every_documented_field(shop: Shop) -> None:
    order = shop.buy("yunjian-docs", quantity=10, periods=3, mode="month", now=ORDERED_AT)
    offer = OrderLine.objects.get(order=order).offer
    buyer = User.objects.get(email="buyer@lantian.example")
    response = shop.ask(f"orderId={order.number}")
    assert response.status_code == 200
    assert members(response) == {
        "resultCode": "MKT.0000",
        "resultMsg": "Success",
        "orderInfo": {
            "orderId": order.number,
            "orderType": "NEW",
            "createTime": "20260331070809",
            "orderLine": [
                {
                    "orderLineId": f"{order.number}-000001",
                    "chargingMode": "PERIOD",
                    "periodType": "month",
                    "periodNumber": 3,
                    "expireTime": "20260630070809",
                    "productInfo": [
                        {
                            "productId": offer.product_id,
                            "skuCode": offer.sku.code,
                            "linearValue": 10,
                            "productName": "云笺协作文档,标准规格,团队版,包周期",
                        }
                    ],
                    "extendParams": [],
                    "currency": "540",
                    "currencyAfterDiscount": "540",
                }
            ],
            "buyerInfo": {
                "mobilePhone": None,
                "email": None,
                "customerId": buyer.customer_id,
                "customerName": "林晓舟",
                "customerRealName": "蓝田精密制造有限公司",
                "customerType": 1,
                "userId": None,
                "userName": None,
            },
            "extendParams": [],
        },
    }


def test_one_time_order_has_no_period_expiry_or_linear_value(shop: Shop) -> None:
    order = shop.buy("qianhu-esign")
    [line] = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["orderLine"]
    assert line["chargingMode"] == "ONE_TIME"
    assert {"periodType", "periodNumber", "expireTime"}.isdisjoint(line)
    assert "linearValue" not in line["productInfo"][0]
    assert line["productInfo"][0]["productName"] == "签乎电子合同,标准规格,200 份,按次"


def test_privacy_fields_are_filled_only_when_the_product_asks(shop: Shop) -> None:
    """§C.4: privacy fields are filled only if the product asked for them; otherwise null."""
    contacts = {}
    choices: dict[str, dict[str, Any]] = {
        "yunjian-docs": {"quantity": 5},
        "qianhu-esign": {},
        "kelai-crm": {"quantity": 3},
        "qingxie-mail": {"quantity": 5, "extend_params": (("emailDomainName", "lantian.example"),)},
    }
    for slug, choice in choices.items():
        order = shop.buy(slug, **choice)
        buyer = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["buyerInfo"]
        contacts[slug] = (buyer["mobilePhone"], buyer["email"])
    phone, email = "13900000000", "buyer@lantian.example"
    assert contacts == {
        "yunjian-docs": (None, None),
        "qianhu-esign": (phone, None),
        "kelai-crm": (phone, email),
        "qingxie-mail": (None, email),
    }


def test_buyer_without_a_name_is_not_named_by_email(shop: Shop) -> None:
    order = shop.buy("yunjian-docs", quantity=5)
    person = User.objects.filter(email="buyer@lantian.example")
    person.update(name="", company="", customer_type="", certified_name="")
    buyer = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["buyerInfo"]
    assert (buyer["customerName"], buyer["customerType"]) == (f"user_{buyer['customerId'][:8]}", -1)
    assert "lantian" not in str(buyer)


@pytest.mark.parametrize(("certified", "on_the_wire"), [("company", 1), ("person", 0), ("", -1)])
def test_customer_type_is_the_certified_one(shop: Shop, certified: str, on_the_wire: int) -> None:
    """openapi-jointkit §C.4: "0 individual, 1 enterprise, -1 none"; a typed company name decides nothing."""
    order = shop.buy("yunjian-docs", quantity=5)
    person = User.objects.filter(email="buyer@lantian.example")
    person.update(company="自填公司", customer_type=certified, certified_name="认证名称" if certified else "")
    buyer = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["buyerInfo"]
    assert (buyer["customerType"], buyer["customerRealName"]) == (on_the_wire, "认证名称" if certified else "自填公司")


def test_extension_parameters_are_returned_as_typed(shop: Shop) -> None:
    order = shop.buy("qingxie-mail", quantity=5, extend_params=(("emailDomainName", "蓝田.example"),))
    [line] = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["orderLine"]
    assert line["extendParams"] == [{"name": "emailDomainName", "value": "蓝田.example"}]


def test_amounts_are_strings_in_major_units(shop: Shop) -> None:
    order = shop.buy("yunjian-docs", quantity=5)
    for minor, text in {0: "0", 1: "0.01", 1250: "12.5", 120_000: "1200"}.items():
        OrderLine.objects.filter(order=order).update(amount_minor=minor)
        [line] = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["orderLine"]
        assert (line["currency"], line["currencyAfterDiscount"]) == (text, text)
        assert Decimal(text) * 100 == minor


def test_long_product_name_is_cut_to_64_characters(shop: Shop) -> None:
    order = shop.buy("yunjian-docs", quantity=5)
    OrderLine.objects.filter(order=order).update(product_name="长" * 64)
    [line] = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["orderLine"]
    assert line["productInfo"][0]["productName"] == "长" * 64


def test_line_filter(shop: Shop) -> None:
    order = shop.buy("yunjian-docs", quantity=5)
    line = f"{order.number}-000001"
    answer = members(shop.ask(f"orderId={order.number}&orderLineId={line}"))
    assert [entry["orderLineId"] for entry in answer["orderInfo"]["orderLine"]] == [line]
    assert members(shop.ask(f"orderId={order.number}&orderLineId=")) == answer


def refusal(shop: Shop, query: str) -> tuple[int, str]:
    response = shop.ask(query)
    answer = members(response)
    assert set(answer) <= {"resultCode", "resultMsg", "error_code", "error_msg", "extra_info"}
    assert (answer["error_code"], answer["error_msg"]) == (answer["resultCode"], answer["resultMsg"])
    assert ("extra_info" in answer) == (answer["resultCode"] in {"MKT.0100", "MKT.0150", "MKT.0250"})
    return response.status_code, answer["resultCode"]


def test_foreign_unknown_and_unpaid_orders_get_the_same_refusal(shop: Shop) -> None:
    """§C.4: 401 MKT.0150, for example when the product was not published by the owner of the key."""
    foreign, own = shop.buy("tangli-bi", quantity=5), shop.buy("qianhu-esign")
    unpaid = shop.buy("yunjian-docs", quantity=5, pay=False)
    messages = set()
    for query in (f"orderId={foreign.number}", f"orderId={unpaid.number}", "orderId=CS26010100000000000"):
        response = shop.ask(query)
        answer = members(response)
        assert (response.status_code, answer["resultCode"]) == (401, "MKT.0150")
        assert answer["extra_info"] == {"requestId": response["X-Request-Id"], "parameter": "orderId"}
        messages.add(answer["resultMsg"])
    assert messages == {"Illegal operation: there is no such order of yours"}
    assert refusal(shop, f"orderId={own.number}&orderLineId={foreign.number}-000001") == (401, "MKT.0150")
    assert refusal(shop, "orderId=MOCKPERIODYEARNEW&orderLineId=MOCKPERIODYEARNEW-000002") == (401, "MKT.0150")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (400, "MKT.0101")),  # missing mandatory parameter
        ("orderId=", (400, "MKT.0101")),
        ("orderLineId=MOCKPERIODYEARNEW-000001", (400, "MKT.0101")),
        ("orderId=MOCKPERIODYEARNEW&orderid=1", (400, "MKT.0101")),  # undeclared parameter
        ("orderId=MOCKPERIODYEARNEW&orderId=MOCKONDEMAND", (400, "MKT.0199")),
        ("&".join(f"p{n}=1" for n in range(101)), (400, "MKT.0199")),
        ("orderId=" + "X" * 65, (500, "MKT.0100")),  # longer than String(64)
        ("orderId=MOCKPERIODYEARNEW&orderLineId=" + "X" * 65, (500, "MKT.0100")),
        ("orderId=CS%00", (500, "MKT.0100")),
        ("orderId=%E8%AE%A2%E5%8D%95", (500, "MKT.0100")),
        ("orderId=%FF%FE", (500, "MKT.0100")),
        ("orderId=a+b", (500, "MKT.0100")),
    ],
)
def test_invalid_parameters_are_refused_with_their_documented_codes(
    shop: Shop, query: str, expected: tuple[int, str]
) -> None:
    """§C.4: 0101 undeclared or missing, 0199 other parameter error, 0100 out of range or bad format."""
    assert refusal(shop, query) == expected


@pytest.mark.parametrize("order_id", MOCK_ORDER_IDS)
def test_mock_orders_are_returned_for_any_valid_key(shop: Shop, order_id: str) -> None:
    response = shop.ask(f"orderId={order_id}&orderLineId={order_id}-000001")
    assert (response.status_code, members(response)["orderInfo"]["orderId"]) == (200, order_id)


def test_expiry_of_the_subscription_replaces_the_estimate(shop: Shop) -> None:
    from tradepost.market.subscriptions.models import Subscription

    order = shop.buy("yunjian-docs", quantity=5, now=ORDERED_AT)
    line = OrderLine.objects.get(order=order)
    line.subscription = Subscription.objects.create(
        buyer=order.buyer,
        seller=line.seller,
        product=line.product,
        offer=line.offer,
        order_line_number=line.number,
        created_at=ORDERED_AT,
        expires_at=ORDERED_AT + timedelta(days=40),
    )
    line.save()
    [queried_line] = members(shop.ask(f"orderId={order.number}"))["orderInfo"]["orderLine"]
    assert queried_line["expireTime"] == "20260510070809"


def test_conditional_requests_use_the_etag(shop: Shop) -> None:
    """business-rules §11.1: 412 Precondition Failed when a precondition is not met."""
    query = f"orderId={shop.buy('yunjian-docs', quantity=5).number}"
    first = shop.ask(query)
    etag = first["ETag"]
    assert shop.ask(query)["ETag"] == etag
    unchanged = shop.ask(query, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    assert shop.ask(query, headers={"If-Match": etag}).status_code == 200
    failed = shop.ask(query, headers={"If-Match": '"another"'})
    assert failed.status_code == 412
    assert members(failed) == both_envelopes("MKT.0199", "Precondition failed: the order has changed.")


def test_too_many_requests_of_a_key_are_refused(shop: Shop, monkeypatch) -> None:
    """§C.3, §C.4: 406 MKT.0250 Access frequency overlimit."""
    limit = throttle.RateLimit("2/hour")
    monkeypatch.setattr("tradepost.market.open_api.answers.rate_limit", lambda: limit)
    statuses = [shop.ask("orderId=MOCKONDEMAND").status_code for _ in range(3)]
    response = shop.ask("orderId=MOCKONDEMAND")
    assert statuses == [200, 200, 406]
    answer = members(response)
    wait = int(response["Retry-After"])
    assert (answer["resultCode"], 0 < wait <= 3600) == ("MKT.0250", True)
    assert answer["extra_info"] == {"requestId": response["X-Request-Id"], "retryAfter": wait}


def test_query_takes_few_statements_and_no_session(shop: Shop) -> None:
    query = f"orderId={shop.buy('yunjian-docs', quantity=5).number}"
    shop.ask(query)  # records the last use, once a minute
    with CaptureQueriesContext(connection) as queries:
        response = shop.ask(query)
    assert response.status_code == 200
    assert not response.cookies
    assert not [q for q in queries.captured_queries if q["sql"].startswith(("UPDATE", "INSERT", "BEGIN", "SAVEPOINT"))]
    assert len(queries) <= 3
    assert not [q for q in queries.captured_queries if "picture" in q["sql"] or "description" in q["sql"]]


def test_last_use_is_recorded_at_most_once_a_minute(shop: Shop) -> None:
    def last_use() -> datetime:
        used_at = AccessKey.objects.get(access_key=shop.seeded.access_key).last_used_at
        assert used_at is not None
        return used_at

    shop.ask("orderId=MOCKONDEMAND")
    first = last_use()
    shop.ask("orderId=MOCKONDEMAND")
    assert last_use() == first
    AccessKey.objects.update(last_used_at=clock.now() - timedelta(seconds=61))
    shop.ask("orderId=MOCKONDEMAND")
    assert last_use() >= first


def test_key_returns_only_orders_of_its_seller(shop: Shop) -> None:
    from tradepost.market.identity import keys

    order = shop.buy("tangli-bi", quantity=5)
    seller = Product.objects.get(slug="tangli-bi").seller
    new_key = keys.create_access_key(seller, by=None, now=clock.now())
    response = shop.ask(f"orderId={order.number}", ak=new_key.key_id, secret=new_key.secret)
    assert members(response)["orderInfo"]["orderId"] == order.number
