"""The golden exchanges: SaaS 2.0 on the wire, byte for byte (saas-v2 §2.2, §3).

``python -m tests.protocols.saas_v2.test_golden`` rewrites them after a deliberate change of the wire format.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.protocols.saas_v2.wire import ADDRESS, INSTANCE, KEY, LINE, NONCE, NOW, ORDER, answer, decode, encode, open_
from tradepost.protocols.commands import (
    AppInfo,
    CheckChange,
    Create,
    Done,
    InstanceInfo,
    InstanceStatus,
    Query,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
    Upgrade,
    UsageInfo,
)
from tradepost.protocols.http import Request, Response
from tradepost.protocols.saas_v2 import PROTOCOL

FOLDER = Path(str(resources.files("tradepost.protocols.saas_v2").joinpath("golden")))
PRODUCT = "OFFI461867333479178240"
SKU = "d0abcd12-1234-5678-ab12-11ab111a1a1a"

EXCHANGES = (
    (
        "3.1",
        Create(order_id=ORDER, order_line_id=LINE, business_id="87b94795-0603-4e24-8ae5-69420d60e3c8"),
        Done(instance_id="87b94795-0603-4e24-8ae5-69420d60e3c8"),
    ),
    (
        "3.2",
        Query(instance_ids=(INSTANCE,)),
        Done(
            instances=(
                InstanceInfo(
                    instance_id=INSTANCE,
                    app=AppInfo(
                        front_end_url="https://app.isv.example.com/login",
                        admin_url="https://app.isv.example.com/admin",
                        user_name="admin",
                        password="first-password",
                        memo="首次登录请修改密码",
                    ),
                    usage=(UsageInfo(value=Decimal("12.5"), at=datetime(2026, 7, 1, 11, 0, tzinfo=UTC)),),
                ),
            )
        ),
    ),
    (
        "3.3",
        Refresh(
            instance_id=INSTANCE,
            scene=Scene.RENEWAL,
            order_id=ORDER,
            order_line_id=LINE,
            product_id=PRODUCT,
            expires_at=datetime(2027, 7, 1, 15, 59, 59, tzinfo=UTC),
        ),
        Done(),
    ),
    ("3.4", SetStatus(instance_id=INSTANCE, status=InstanceStatus.FREEZE), Done()),
    ("3.5", Release(instance_id=INSTANCE, order_id=ORDER, order_line_id=LINE, test=True), Done()),
    (
        "3.6",
        Upgrade(instance_id=INSTANCE, order_id=ORDER, order_line_id=LINE),
        Rejected(code="000003", message="the instance id does not exist"),
    ),
    (
        "3.7",
        CheckChange(instance_id=INSTANCE, product_id=PRODUCT, sku_code=SKU, product_name="测试/Test", linear_value=5),
        Rejected(code="000005", message="现有 8 个用户，不能缩容到 5 个"),
    ),
)
NAMES = [PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES]


def exchange(section, command, outcome) -> str:
    request, response = encode(command), answer(command, outcome)
    url = urlsplit(request.url)
    shown = {
        "spec": f"saas-v2 §{section}",
        "key": KEY,
        "now": NOW.isoformat(),
        "nonce": NONCE,
        "address": ADDRESS,
        "request": {
            "line": f"{request.method} {url.path}?{url.query} HTTP/1.1",
            "headers": dict(request.headers),
            "body": request.body.decode("utf-8"),
        },
        "response": {
            "line": f"HTTP/1.1 {response.status} OK",
            "headers": dict(response.headers),
            "body": response.body.decode("ascii"),
        },
    }
    return json.dumps(shown, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize(("section", "command", "outcome"), EXCHANGES, ids=NAMES)
def test_golden_exchange_is_what_the_code_writes(section, command, outcome):
    stored = (FOLDER / f"{PROTOCOL.activities[type(command)]}.json").read_text("utf-8")
    assert stored == exchange(section, command, outcome)


@pytest.mark.parametrize(("section", "command", "outcome"), EXCHANGES, ids=NAMES)
def test_golden_exchange_is_what_the_code_reads(section, command, outcome):
    stored = json.loads((FOLDER / f"{PROTOCOL.activities[type(command)]}.json").read_text("utf-8"))
    asked, answered = stored["request"], stored["response"]
    method, target, _ = asked["line"].split(" ")
    url = f"https://isv.example.com{target}"
    assert open_(Request(method, url, tuple(asked["headers"].items()), asked["body"].encode())) == command
    response = Response(200, tuple(answered["headers"].items()), answered["body"].encode())
    assert decode(command, response) == outcome


def test_each_activity_has_one_golden_exchange():
    assert sorted(NAMES) == sorted(PROTOCOL.activities.values())
    stored = {path.stem for path in FOLDER.glob("*.json")}
    assert stored == {*NAMES, "signature_vectors"}


if __name__ == "__main__":
    for section, command, outcome in EXCHANGES:
        path = FOLDER / f"{PROTOCOL.activities[type(command)]}.json"
        path.write_text(exchange(section, command, outcome), "utf-8")
