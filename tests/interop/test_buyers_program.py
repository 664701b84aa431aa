"""Programs of buyers on a live market: ``huaweicloudsdkcore`` buys, pays, renews and unsubscribes; the guide's examples
run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.client import Client
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_response import SdkResponse

from tests import waiting
from tests.interop.conftest import Market

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
V1 = "/api/mkp-openapi-public/global/v1"
GUIDES = ["docs/how-to/buyers/api.md", "docs/how-to/buyers/api.zh-CN.md"]


class Answer(SdkResponse):  # type: ignore[misc]  # the SDK is published without types
    """A response class as the SDK's generator would write it. The tests read the raw response."""

    openapi_types = {"error_code": "str", "error_msg": "str", "result": "object"}
    attribute_map = {"error_code": "error_code", "error_msg": "error_msg", "result": "result"}

    def __init__(self, error_code: str = "", error_msg: str = "", result: Any = None) -> None:
        super().__init__()
        self.error_code, self.error_msg, self.result = error_code, error_msg, result


def call(market: Market, program: dict[str, str], path: str, body: dict[str, Any]) -> dict[str, Any]:
    client = (
        Client()
        .with_config(HttpConfig.get_default_config())
        .with_credentials(GlobalCredentials(program["ak"], program["sk"], "a-domain-id"))
        .with_endpoints([market.url])
    )
    client.model_package = SimpleNamespace(Answer=Answer)
    client.init_http_client()
    answer = client.do_http_request(
        "POST",
        V1 + path,
        header_params={"Content-Type": "application/json"},
        body=body,
        response_type="Answer",
    )
    assert (answer.status_code, answer.error_code) == (200, "CBC.0000")
    told: dict[str, Any] = json.loads(answer.raw_content)["result"]
    return told


def key() -> str:
    return uuid.uuid4().hex


def agreed(market: Market, program: dict[str, str], product: str) -> list[dict[str, str]]:
    shown = call(market, program, "/subscription-agreements-query", {"product_id": product})["agreements"]
    return [{name: one[name] for name in ("agreement_id", "version")} for one in shown]


def test_sdk_buys_and_pays(market: Market) -> None:
    """business-rules §11.3; the same call twice buys once."""
    program = market.programs[0]
    order: dict[str, Any] = {"idempotency_key": key(), "product_id": program["product"]}
    order["accepted_agreements"] = agreed(market, program, program["product"])
    placed = call(market, program, "/order/batch-order", order)
    assert call(market, program, "/order/batch-order", order) == placed
    paid = call(market, program, "/order/pay", {"idempotency_key": key(), "order_id": placed["order_id"]})
    assert (placed["status"], paid["status"]) == (1, 3)
    with pytest.raises(ClientRequestException) as caught:
        call(market, program, "/order/pay", {"idempotency_key": key(), "order_id": placed["order_id"]})
    assert (caught.value.status_code, caught.value.error_code) == (409, "CBC.0161")


def test_sdk_renews(market: Market) -> None:
    program = market.programs[0]
    service = {"service_id": program["service"]}
    option = call(market, program, "/service-detail/query", service)["renewal_options"][0]
    renewal = {
        "idempotency_key": key(),
        **service,
        **{name: option[name] for name in ("product_id", "period_num", "align_day")},
        "expected_amount": option["amount"],
        "accepted_agreements": agreed(market, program, option["product_id"]),
    }
    placed = call(market, program, "/service/renew", renewal)
    paid = call(market, program, "/order/pay", {"idempotency_key": key(), "order_id": placed["order_id"]})
    assert (placed["order_type"], paid["status"]) == (2, 3)


def test_sdk_unsubscribes(market: Market) -> None:
    program = market.programs[1]
    service = {"service_id": program["service"]}
    [option] = call(market, program, "/service-detail/query", service)["unsubscribe_options"]
    end = {"idempotency_key": key(), **service, "way": option["way"], "refund_amount": option["refund_amount"]}
    refund = call(market, program, "/service/unsubscribe", end)
    assert refund["refund_amount"] == option["refund_amount"]
    assert call(market, program, "/service/unsubscribe", end) == refund
    assert call(market, program, "/service-detail/query", service)["service"]["status"] in {"releasing", "released"}


def example(guide: str, language: str) -> str:
    [found] = re.findall(rf"(?s)```{language}\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"))
    return str(found)


@pytest.mark.slow
def test_examples_of_the_guide_run_unchanged(market: Market) -> None:
    """The program buys a product and renews a service of it, neither an older one of another product nor the new one,
    which is still opening. If no service can be renewed, its output ends there."""
    program = market.programs[2]
    given = {"MARKET": market.url, "AK": program["ak"], "SK": program["sk"], "PRODUCT": program["product"]}
    [python], [bash] = ({example(guide, language) for guide in GUIDES} for language in ("python", "bash"))

    def run(*command: str) -> str:
        done = subprocess.run(
            command, env=os.environ | given, check=True, capture_output=True, text=True, timeout=waiting.PROGRAM_TIMEOUT
        )
        return done.stdout

    listed = json.loads(run("bash", "-c", bash))
    assert (listed["error_code"], listed["result"]["total"]) == ("CBC.0000", 2)
    assert listed["result"]["services"][-1]["product_id"] != program["product"]
    shown = re.fullmatch(r"CS\S+ \S+ CNY\n(CS\S+) \S+\n", run(sys.executable, "-c", python))
    assert shown is not None
    [detail] = call(market, program, "/order-detail/query", {"orderids": [shown[1]]})["order_info_list"]
    assert detail["order_common_info"]["order_type"] == 2
    assert detail["aggregate_resource_infos"][0]["service_id"] == program["service"]
    given["PRODUCT"] = market.programs[0]["product"]
    assert re.fullmatch(r"CS\S+ \S+ CNY\n", run(sys.executable, "-c", python))
