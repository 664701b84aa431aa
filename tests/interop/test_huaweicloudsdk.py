"""Huawei Cloud's own Python SDK, unmodified, queries orders of a live market over HTTP (openapi-jointkit §C.1, §C.4)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.client import Client
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_response import SdkResponse

from tests import waiting
from tests.interop.conftest import Market
from tradepost.kit.client import MarketClient, MarketError
from tradepost.protocols.open_api.order_query import PATH

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


class OrderQueryResponse(SdkResponse):  # type: ignore[misc]  # the SDK is published without types
    """A response class as the SDK's generator would write it. The tests read the raw response."""

    openapi_types = {"result_code": "str", "result_msg": "str", "order_info": "object"}
    attribute_map = {"result_code": "resultCode", "result_msg": "resultMsg", "order_info": "orderInfo"}

    def __init__(self, result_code: str = "", result_msg: str = "", order_info: Any = None) -> None:
        super().__init__()
        self.result_code, self.result_msg, self.order_info = result_code, result_msg, order_info


def ask(market: Market, query: dict[str, str], *, secret: str = "", headers: dict[str, str] | None = None) -> Any:
    client = (
        Client()
        .with_config(HttpConfig.get_default_config())
        .with_credentials(GlobalCredentials(market.access_key, secret or market.secret_key, "a-domain-id"))
        .with_endpoints([market.url])
    )
    client.model_package = SimpleNamespace(OrderQueryResponse=OrderQueryResponse)
    client.init_http_client()
    answer = client.do_http_request(
        "GET",
        PATH,
        query_params=list(query.items()),
        header_params=dict(headers or {}),
        response_type="OrderQueryResponse",
    )
    assert (answer.status_code, answer.result_code) == (200, "MKT.0000")
    return json.loads(answer.raw_content)


def test_real_order_is_returned(market: Market) -> None:
    answer = ask(market, {"orderId": market.own, "orderLineId": f"{market.own}-000001"})
    order = answer["orderInfo"]
    [line] = order["orderLine"]
    assert (answer["resultCode"], order["orderId"], order["orderType"]) == ("MKT.0000", market.own, "NEW")
    assert (line["chargingMode"], line["periodType"], line["periodNumber"]) == ("PERIOD", "year", 2)
    assert line["productInfo"][0]["linearValue"] == 15
    assert line["extendParams"] == [{"name": "emailDomainName", "value": "lantian.example"}]
    assert (line["currency"], order["buyerInfo"]["email"]) == ("3600", "buyer@lantian.example")


def test_mock_order_is_returned(market: Market) -> None:
    assert ask(market, {"orderId": "MOCKMONTYRENEW"})["orderInfo"]["orderType"] == "RENEW"


def test_order_of_another_seller_is_an_illegal_operation(market: Market) -> None:
    """§C.4: 401 MKT.0150."""
    with pytest.raises(ClientRequestException) as caught:
        ask(market, {"orderId": market.foreign})
    assert (caught.value.status_code, caught.value.error_code) == (401, "MKT.0150")
    assert caught.value.error_msg == "Illegal operation: there is no such order of yours"
    assert caught.value.request_id


def test_wrong_secret_is_refused(market: Market) -> None:
    """§C.2: 401 APIGW.0301."""
    with pytest.raises(ClientRequestException) as caught:
        ask(market, {"orderId": market.own}, secret="not the secret")
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert caught.value.request_id


def test_stale_date_is_refused_with_the_reason(market: Market) -> None:
    """§C.2: 401 APIGW.0301, the text says what is wrong."""
    stale = f"{datetime.now(UTC) - timedelta(minutes=20):%Y%m%dT%H%M%SZ}"
    with pytest.raises(ClientRequestException) as caught:
        ask(market, {"orderId": market.own}, headers={"X-Sdk-Date": stale})
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert "X-Sdk-Date is more than 15 minutes from the market's clock" in caught.value.error_msg


@pytest.mark.parametrize("order_id", ["订单 1+1/2%~*", "a b", "(brackets)&amp;"])
def test_signature_of_unusual_characters_is_valid_and_the_value_is_refused(market: Market, order_id: str) -> None:
    """§C.1, §C.4: a signature over unusual characters holds; 500 MKT.0100 or an unknown order then says what is wrong."""
    with pytest.raises((ClientRequestException, ServerResponseException)) as caught:
        ask(market, {"orderId": order_id})
    assert caught.value.error_code in {"MKT.0100", "MKT.0150"}


def test_client_of_the_kit_reads_the_same(market: Market) -> None:
    client = MarketClient(market.url, market.access_key, market.secret_key)
    order = client.order(market.own)
    assert (order.order_id, order.lines[0].period_number, order.lines[0].products[0].linear_value) == (
        market.own,
        2,
        15,
    )
    with pytest.raises(MarketError) as caught:
        client.order(market.foreign)
    assert (caught.value.code, caught.value.status) == ("MKT.0150", 401)


@pytest.mark.slow
def test_example_of_the_guide_runs_unchanged(market: Market) -> None:
    guide = (ROOT / "docs" / "how-to" / "sellers" / "order-query.md").read_text(encoding="utf-8")
    [example] = re.findall(r"(?s)```python\n(.*?)```", guide)
    given = {"MARKET": market.url, "AK": market.access_key, "SK": market.secret_key}

    def run(**more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", example],
            env=os.environ | given | more,
            check=True,
            capture_output=True,
            text=True,
            timeout=waiting.PROGRAM_TIMEOUT,
        )
        return done.stdout

    assert run(ORDER=market.own).startswith(f"{market.own}-000001 ")
    assert run().startswith("MOCKPERIODYEARNEW-000001 ")
    assert run(ORDER=market.foreign).startswith("MKT.0150 401 ")
