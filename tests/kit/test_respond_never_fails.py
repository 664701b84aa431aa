"""For any bytes, the answer is HTTP 200 and signed JSON with a result code (saas-v2 §3.0)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import wire
from tests.kit.wire import KEY, NOW, Recorder
from tradepost.kit import SQLiteStore
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.http import Request, Response, header_exact
from tradepost.protocols.signed_url import signature

ANY_TEXT = st.text(max_size=40)
METHODS = st.sampled_from(["POST", "GET", "PUT", "", "post", "\x00"])
HEADERS = st.lists(
    st.tuples(st.sampled_from(["Content-Type", "content-type", "X", ""]) | ANY_TEXT, ANY_TEXT), max_size=4
).map(tuple)
FIELDS = ["activity", "orderId", "orderLineId", "businessId", "instanceId", "testFlag", "status", "scene", "expireTime"]
ACTIVITIES = [*wire.PROTOCOL.activities.values(), "getLicense", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
VALUES = st.sampled_from(["0", "1", "FREEZE", "RENEWAL", "20270101000000", "CS1", "\ud800", "\x00", "a" * 65]) | JSON
BODIES = st.fixed_dictionaries(
    {"activity": st.sampled_from(ACTIVITIES)},
    optional=dict.fromkeys([*FIELDS[1:], "productInfo"], VALUES),
)


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    path: Path = tmp_path_factory.mktemp("kit") / "seller.db"
    return Recorder(store=SQLiteStore(path, durable=False))


def assert_signed(response: Response) -> None:
    assert response.status == 200
    assert (response.header("Content-Type") or "").startswith("application/json")
    assert header_exact(response.headers, "Body-Sign") == body_sign(response.body, KEY)
    answer = json.loads(response.body)
    assert answer["resultCode"] in wire.PROTOCOL.result_codes
    assert isinstance(answer["resultMsg"], str)
    response.body.decode("ascii")  # §3.2: non-ASCII is escaped on the wire


@pytest.mark.slow
@settings(max_examples=300)
@given(method=METHODS, url=ANY_TEXT, headers=HEADERS, body=st.binary(max_size=200))
def test_any_bytes(seller, method, url, headers, body):
    assert_signed(seller.respond(Request(method, url, headers, body), NOW, wire.nonce()))


@pytest.mark.slow
@settings(max_examples=200)
@given(query=ANY_TEXT, headers=HEADERS, body=st.binary(max_size=200) | BODIES.map(lambda b: json.dumps(b).encode()))
def test_any_query_and_body(seller, query, headers, body):
    request = Request("POST", f"{wire.ADDRESS}?{query}", (("Content-Type", "application/json"), *headers), body)
    assert_signed(seller.respond(request, NOW, wire.nonce()))


@pytest.mark.slow
@settings(max_examples=300)
@given(body=BODIES, ahead=st.integers(-70_000, 70_000))
def test_any_signed_body(seller, body, ahead):
    """Holders of the key may send nonsense too: it passes the signature, and reaches the fields and the functions."""
    moment = NOW + timedelta(milliseconds=ahead)
    assert_signed(seller.respond(signed(json.dumps(body).encode(), moment), NOW, wire.nonce()))


def signed(raw: bytes, moment: datetime) -> Request:
    stamp, nonce = str(epoch_ms(moment)), wire.nonce()
    sign = signature(payload=raw, key=KEY, timestamp=stamp, nonce=nonce)
    url = f"{wire.ADDRESS}?signature={sign}&timestamp={stamp}&nonce={nonce}"
    return Request("POST", url, (("Content-Type", "application/json"),), raw)
