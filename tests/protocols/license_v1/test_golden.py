"""The golden exchanges: License 1.0 on the wire, byte for byte (saas-v1-license B1).

``python -m tests.protocols.license_v1.test_golden`` rewrites them after a deliberate change of the wire format.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.protocols.license_v1.samples import CREATE, REFRESH
from tests.protocols.license_v1.wire import (
    ADDRESS,
    BUSINESS,
    INSTANCE,
    KEY,
    NONCE,
    NOW,
    ORDER,
    answer,
    decode,
    encode,
    open_,
)
from tradepost.protocols.commands import Done, Expire, Rejected, Release
from tradepost.protocols.http import Request, Response
from tradepost.protocols.license_v1 import PROTOCOL

FOLDER = Path(str(resources.files("tradepost.protocols.license_v1").joinpath("golden")))
EXCHANGES = (
    (CREATE, Done(instance_id=BUSINESS, license="-----BEGIN LICENSE-----\n8C164500FF\n-----END LICENSE-----")),
    (REFRESH, Done()),
    (Expire(instance_id=INSTANCE, order_id=ORDER), Done()),
    (Release(instance_id=INSTANCE, order_id=ORDER, test=True), Rejected(code="000003", message="实例不存在")),
)
NAMES = [PROTOCOL.activities[type(command)] for command, _ in EXCHANGES]


def exchange(command, outcome) -> str:
    request, response = encode(command), answer(command, outcome)
    url = urlsplit(request.url)
    shown = {
        "spec": "saas-v1-license B1",
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


@pytest.mark.parametrize(("command", "outcome"), EXCHANGES, ids=NAMES)
def test_golden_exchange_is_what_the_code_writes(command, outcome):
    stored = (FOLDER / f"{PROTOCOL.activities[type(command)]}.json").read_text("utf-8")
    assert stored == exchange(command, outcome)


@pytest.mark.parametrize(("command", "outcome"), EXCHANGES, ids=NAMES)
def test_golden_exchange_is_what_the_code_reads(command, outcome):
    stored = json.loads((FOLDER / f"{PROTOCOL.activities[type(command)]}.json").read_text("utf-8"))
    asked, answered = stored["request"], stored["response"]
    method, target, _ = asked["line"].split(" ")
    assert open_(Request(method, f"https://isv.example.com{target}", tuple(asked["headers"].items()))) == command
    response = Response(200, tuple(answered["headers"].items()), answered["body"].encode())
    assert decode(command, response) == outcome


def test_each_activity_has_one_golden_exchange():
    assert sorted(NAMES) == sorted(PROTOCOL.activities.values())
    assert {path.stem for path in FOLDER.glob("*.json")} == {*NAMES}


if __name__ == "__main__":
    for command, outcome in EXCHANGES:
        path = FOLDER / f"{PROTOCOL.activities[type(command)]}.json"
        path.write_text(exchange(command, outcome), "utf-8")
