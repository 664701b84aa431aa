"""The order query's values and the mock orders (openapi-jointkit §C.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources

import pytest

from tradepost.protocols.open_api.mock_orders import MOCK_ORDER_IDS, mock_order
from tradepost.protocols.open_api.order_query import (
    BuyerInfo,
    ExtendParam,
    InvalidOrder,
    OrderInfo,
    OrderLine,
    ProductInfo,
    dump_answer,
    load_answer,
)

NOW = datetime(2024, 11, 21, 9, 8, 46, 999, tzinfo=UTC)
LIVE = resources.files("tradepost.protocols.open_api").joinpath("golden/order_query_live.json").read_text("utf-8")
FULL = OrderInfo(
    order_id="CS2207261447AUY4H",
    order_type="NEW",
    created_at=datetime(2022, 7, 26, 6, 47, 36, tzinfo=UTC),
    lines=(
        OrderLine(
            order_line_id="CS2207261447AUY4H-000001",
            charging_mode="PERIOD",
            products=(ProductInfo(product_id="p", sku_code="s", product_name="n", linear_value=0),),
            period_type="year",
            period_number=1,
            expires_at=datetime(2023, 7, 26, 15, 59, 59, tzinfo=UTC),
            extend_params=(ExtendParam(name="ip", value="127.0.0.1"),),
            currency="100",
            currency_after_discount="90.50",
        ),
    ),
    buyer=BuyerInfo(
        customer_id="c",
        customer_name="cn",
        customer_real_name="crn",
        customer_type=1,
        user_id="u",
        user_name="un",
        mobile_phone="1",
        email="e@example.com",
    ),
    extend_params=(ExtendParam(name="a", value=""),),
)


def load(order: dict) -> OrderInfo:
    return load_answer({"resultCode": "MKT.0000", "resultMsg": "Success", "orderInfo": order})


def test_recorded_answer_is_what_the_mock_order_writes_byte_for_byte():
    order = mock_order("MOCKPERIODYEARNEW", NOW)
    assert order is not None
    written = json.dumps(dump_answer(order), ensure_ascii=False, separators=(",", ":"))
    assert written == LIVE.strip()


def test_recorded_answer_is_read():
    order = load_answer(json.loads(LIVE))
    assert order == mock_order("MOCKPERIODYEARNEW", NOW)
    assert order.lines[0].expires_at == datetime(2025, 11, 21, 23, 59, 59, tzinfo=UTC)
    assert order.buyer is not None
    assert (order.buyer.email, order.buyer.customer_type) == ("", 0)


@pytest.mark.parametrize("order_id", MOCK_ORDER_IDS)
def test_every_mock_order_survives_the_wire(order_id):
    order = mock_order(order_id, NOW)
    assert order is not None
    assert load(order.dump()) == order
    assert order.lines[0].order_line_id == f"{order_id}-000001"


def test_full_order_survives_the_wire():
    assert load(FULL.dump()) == FULL


def test_unknown_members_are_tolerated_section_c_0():
    dumped = FULL.dump() | {"later": 1, "orderType": "SWAP"}
    assert load(dumped).order_type == "SWAP"


@pytest.mark.parametrize(
    ("order_id", "order_type", "charging_mode", "period", "expires"),
    [
        ("MOCKPERIODYEARNEW", "NEW", "PERIOD", ("year", 1), "20251121235959"),
        ("MOCKONETIMENEW", "NEW", "ONE_TIME", (None, None), None),
        ("MOCKONDEMAND", "NEW", "ON_DEMAND", (None, None), None),
        ("MOCKONDEMANDPKG", "NEW", "ON_DEMAND_PKG", ("year", 1), "20251121235959"),
        ("MOCKPERIODDAYTRIAL", "TRIAL", "PERIOD", ("day", 7), "20241128235959"),
        ("MOCKMONTYTRIALTOFORMAL", "TRIAL_TO_FORMAL", "PERIOD", ("month", 1), "20241221235959"),
        ("MOCKMONTYUNSUBSCRIBE", "UNSUBSCRIBE", "PERIOD", ("month", 1), "20241221235959"),
        ("MOCKMONTYRENEW", "RENEW", "PERIOD", ("month", 1), "20241221235959"),
        ("MOCKMONTYCHANGE", "CHANGE", "PERIOD", ("month", 1), "20241221235959"),
    ],
)
def test_nine_mock_orders(order_id, order_type, charging_mode, period, expires):
    order = mock_order(order_id, NOW)
    assert order is not None
    dumped = json.loads(json.dumps(order.dump()))
    line = dumped["orderLine"][0]
    assert (dumped["orderType"], line["chargingMode"]) == (order_type, charging_mode)
    assert (line.get("periodType"), line.get("periodNumber")) == period
    assert line.get("expireTime") == expires


def test_there_are_nine_mock_orders_and_no_tenth():
    assert len(MOCK_ORDER_IDS) == 9
    assert mock_order("CS2207261447AUY4H", NOW) is None


@pytest.mark.parametrize(
    ("order_id", "now", "expires"),
    [
        ("MOCKMONTYRENEW", datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("MOCKMONTYRENEW", datetime(2024, 12, 31, tzinfo=UTC), datetime(2025, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("MOCKPERIODYEARNEW", datetime(2024, 2, 29, tzinfo=UTC), datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_period_ends_on_the_same_day_or_the_last_one(order_id, now, expires):
    order = mock_order(order_id, now)
    assert order is not None
    assert order.lines[0].expires_at == expires


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"orderId": None}, "orderId is missing or not a text"),
        ({"orderId": ""}, "orderId is missing or not a text"),
        ({"createTime": "2022"}, "createTime is not a time yyyyMMddHHmmss"),
        ({"orderLine": None}, "orderLine is missing or not an array"),
        ({"orderLine": [1]}, "orderLine is missing or not an object"),
        ({"orderLine": [{"orderLineId": "l", "chargingMode": "PERIOD"}]}, "productInfo is missing or not an array"),
        ({"buyerInfo": []}, "buyerInfo is missing or not an object"),
        ({"buyerInfo": {"customerId": "c", "customerType": "1"}}, "customerType is not an integer"),
        ({"extendParams": {}}, "extendParams is missing or not an array"),
    ],
)
def test_order_that_breaks_its_table_is_refused(change, says):
    with pytest.raises(InvalidOrder) as refusal:
        load(FULL.dump() | change)
    assert str(refusal.value) == says


def test_answer_without_an_order_is_refused():
    with pytest.raises(InvalidOrder, match="orderInfo is missing"):
        load_answer({"resultCode": "MKT.0000", "resultMsg": "Success"})
