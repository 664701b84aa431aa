"""Usage is pushed to a live market by the kit's outbox and, in the older edition, by Huawei Cloud's own SDK
(openapi-jointkit §C.5, §C.6).
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.client import Client
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_response import SdkResponse

from tests import waiting
from tests.interop.conftest import ROOT, Market
from tests.interop.sellers import starting
from tradepost.kit.client import MarketClient
from tradepost.kit.usage import UsageOutbox
from tradepost.protocols.open_api.usage_push import dump_time
from tradepost.protocols.open_api.usage_push_old import PATH

EXAMPLE = ROOT / "examples/usage_push/push-usage.mjs"
HOUR = timedelta(hours=1)


@cache
def start() -> datetime:
    """Return the full hour at which the usage of these tests begins, after the start of ``metered-1``."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 40 * HOUR


class PushResponse(SdkResponse):  # type: ignore[misc]  # the SDK is published without types
    openapi_types = {"error_code": "str", "error_msg": "str"}
    attribute_map = {"error_code": "error_code", "error_msg": "error_msg"}

    def __init__(self, error_code: str = "", error_msg: str = "") -> None:
        super().__init__()
        self.error_code, self.error_msg = error_code, error_msg


def push_old(market: Market, **record: str) -> Any:
    client = (
        Client()
        .with_config(HttpConfig.get_default_config())
        .with_credentials(GlobalCredentials(market.access_key, market.secret_key, "a-domain-id"))
        .with_endpoints([market.url])
    )
    client.model_package = SimpleNamespace(PushResponse=PushResponse)
    client.init_http_client()
    given = {
        "instance_id": "metered-1", "product_id": market.product_id, "record_time": dump_time(start() + HOUR),
        "begin_time": dump_time(start()), "end_time": dump_time(start() + HOUR), "usage_value": "1.25",
    } | record  # fmt: skip
    return client.do_http_request(
        "POST", PATH, body={"usage_records": [given]}, header_params={"Content-Type": "application/json"},
        response_type="PushResponse",
    )  # fmt: skip


def test_huawei_cloud_sdk_signs_the_older_push(market: Market) -> None:
    """§C.6: AK/SK; {"error_code":"MKT.0000","error_msg":"success"}. The same again is the same usage."""
    for _try in range(2):
        answer = push_old(market)
        assert (answer.status_code, answer.error_code) == (200, "MKT.0000")


def test_sdk_reads_the_code_of_records_that_are_all_invalid(market: Market) -> None:
    """§C.4: 500 MKT.9001."""
    with pytest.raises(ServerResponseException) as caught:
        push_old(market, instance_id="of-nobody")
    assert (caught.value.status_code, caught.value.error_code) == (500, "MKT.9001")


@pytest.mark.slow
def test_plain_node_pushes_and_reads_the_errors(market: Market) -> None:
    """§C.5 by ``examples/usage_push``, which shares no code with the market: signed, accepted, pushed again, one
    invalid record; and a wrong key."""
    begin = start() + 20 * HOUR

    def record(number: int, **changed: str) -> dict[str, str]:
        window = {
            "begin_time": dump_time(begin + number * HOUR),
            "end_time": dump_time(begin + (number + 1) * HOUR),
        }
        return {"instance_id": "metered-1", "usage_value": "0.1234", "metering_sn": f"node-{number}"} | window | changed

    def push(*records: dict[str, str], key: str = market.base_key) -> tuple[int, str, str]:
        try:
            command = [starting.node().seller[0], str(EXAMPLE)]
        except starting.Missing as missing:
            pytest.skip(str(missing))
        given = os.environ | {"MARKET": market.url, "BASE_KEY": key}
        done = subprocess.run(
            command,
            input=json.dumps(records),
            env=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=waiting.PROGRAM_TIMEOUT,
        )
        return done.returncode, done.stdout, done.stderr.strip()

    assert push(record(0), record(1)) == (0, "", "2 taken, 0 wrong")
    code, wrong, said = push(record(0), record(2), record(3, usage_value="0"))
    assert (code, said) == (1, "2 taken, 1 wrong")
    assert json.loads(wrong)["metering_sn"] == "node-3"
    code, wrong, said = push(record(4), key="another key")
    assert (code, wrong) == (2, "")
    assert said.startswith("401 94060002")


@pytest.mark.slow
def test_outbox_of_the_kit_is_emptied_and_keeps_refused_records(market: Market, tmp_path: Path) -> None:
    """§C.5 over HTTP: more records than the market allows to wait, one invalid record among them, and all of it again."""
    client = MarketClient(market.url, market.access_key, market.secret_key, base_key=market.base_key)
    outbox = UsageOutbox(tmp_path / "usage.sqlite3", push=client.push_usage)
    now = datetime.now(UTC)
    begin = start() + 2 * HOUR
    for n in range(600):
        at = begin + n * timedelta(minutes=1)
        outbox.add(
            "metered-1",
            begins_at=at,
            ends_at=at + timedelta(minutes=1),
            value=Decimal("0.5"),
            now=now,
        )
    outbox.add("of-nobody", begins_at=begin, ends_at=begin + HOUR, value=Decimal(1), now=now)
    pushed = outbox.push(now=now)
    assert (pushed.accepted, pushed.refused, pushed.trouble, outbox.waiting()) == (600, 1, "", 0)
    [bad] = outbox.refused()
    assert bad.error.startswith("94060009")
