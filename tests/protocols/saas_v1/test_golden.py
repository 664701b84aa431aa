"""The golden exchanges: SaaS 1.0 on the wire, byte for byte (saas-v1-license A1, A2).

``python -m tests.protocols.saas_v1.test_golden`` rewrites them after a deliberate change of the wire format.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.protocols.saas_v1.golden_samples import APP, CREATE
from tests.protocols.saas_v1.wire import (
    ADDRESS,
    BUSINESS,
    INSTANCE,
    KEY,
    NONCE,
    NOW,
    ORDER,
    PRODUCT,
    SKU,
    answer,
    decode,
    encode,
    open_,
)
from tradepost.protocols.commands import (
    Create,
    Done,
    Encryption,
    Expire,
    InstanceInfo,
    InstanceStatus,
    Purchase,
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
from tradepost.protocols.saas_v1 import PROTOCOL

FOLDER = Path(str(resources.files("tradepost.protocols.saas_v1").joinpath("golden")))
RENEWED = datetime(2027, 7, 1, 15, 59, 59, tzinfo=UTC)
REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.TRIAL_TO_FORMAL,
    order_id=ORDER,
    order_line_id="",
    product_id=PRODUCT,
    expires_at=RENEWED,
    purchase=Purchase(
        product_id=PRODUCT, period_type="year", period_number=1, expires_at=RENEWED, amount=Decimal(1200)
    ),
)

EXCHANGES = (
    ("A2.1", CREATE, Done(instance_id=BUSINESS, instances=(InstanceInfo(instance_id=BUSINESS, app=APP),))),
    (
        "A2.8",
        Query(instance_ids=(INSTANCE,)),
        Done(
            instances=(
                InstanceInfo(
                    instance_id=INSTANCE,
                    app=APP,
                    usage=(UsageInfo(value=Decimal("12.5"), at=datetime(2026, 7, 1, 11, 0, tzinfo=UTC)),),
                ),
            )
        ),
    ),
    ("A2.3", REFRESH, Done()),
    ("A2.4", Expire(instance_id=INSTANCE, order_id=ORDER), Done()),
    ("A2.7", SetStatus(instance_id=INSTANCE, status=InstanceStatus.UNFREEZE), Done()),
    ("A2.5", Release(instance_id=INSTANCE, order_id=ORDER, amount=Decimal(0), test=True), Done()),
    (
        "A2.6",
        Upgrade(
            instance_id=INSTANCE,
            order_id=ORDER,
            order_line_id="",
            purchase=Purchase(product_id=PRODUCT, sku_code=SKU, quantity=8),
        ),
        Rejected(code="000003", message="实例不存在"),
    ),
)
NAMES = [PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES]


def exchange(section, command, outcome) -> str:
    request, response = encode(command), answer(command, outcome)
    url = urlsplit(request.url)
    shown = {
        "spec": f"saas-v1-license {section}",
        "key": KEY,
        "now": NOW.isoformat(),
        "nonce": NONCE,
        "address": ADDRESS,
        "request": {
            "line": f"{request.method} {url.path}?{url.query} HTTP/1.1",
            "headers": dict(request.headers),
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
    assert open_(Request(method, url, tuple(asked["headers"].items()))) == command
    response = Response(200, tuple(answered["headers"].items()), answered["body"].encode())
    assert decode(command, response) == outcome


def test_each_activity_has_one_golden_exchange():
    assert sorted(NAMES) == sorted(PROTOCOL.activities.values())
    assert {path.stem for path in FOLDER.glob("*.json")} == {*NAMES, "vectors"}


def test_encryption_of_an_order_is_that_of_its_answer_section_a1_4():
    weaker = Create(
        order_id=ORDER,
        order_line_id="",
        business_id=BUSINESS,
        buyer=CREATE.buyer,
        purchase=CREATE.purchase,
        encryption=Encryption.AES128,
    )
    assert open_(encode(weaker)) == weaker
    done = Done(instance_id=BUSINESS, instances=(InstanceInfo(instance_id=BUSINESS, app=APP),))
    response = answer(weaker, done)
    assert json.loads(response.body)["encryptType"] == "2"
    assert decode(weaker, response) == done


if __name__ == "__main__":
    for section, command, outcome in EXCHANGES:
        path = FOLDER / f"{PROTOCOL.activities[type(command)]}.json"
        path.write_text(exchange(section, command, outcome), "utf-8")
