"""Requests signed in the URL: vectors, and the checks of saas-v2 §2.4 in their order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib import resources
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.contract import Denied
from tradepost.protocols.freshness import NONCE_KEPT, epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_base64, hmac_sha256_hex
from tradepost.protocols.http import Request
from tradepost.protocols.signed_url import canonical_text, open_request, sign_request, signature

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789ABCDEF"
NONCE = "Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
BODY = b'{"activity":"x"}'
JSON_TYPE = (("Content-Type", "application/json;charset=utf8"),)
VECTORS = json.loads(
    resources.files("tradepost.protocols.saas_v2").joinpath("golden/signature_vectors.json").read_text("utf-8")
)


def never_seen(nonce: str, until: datetime) -> bool:
    return False


def make_request(body: bytes = BODY, *, signed: bytes | None = None, headers=JSON_TYPE, method="POST", **parameters):
    timestamp = parameters.get("timestamp", str(epoch_ms(NOW)))
    nonce = parameters.get("nonce", NONCE)
    mine = signature(key=KEY, nonce=nonce or "", timestamp=timestamp or "", payload=body if signed is None else signed)
    query = {"signature": mine, "timestamp": timestamp, "nonce": nonce} | parameters
    given_parameters = {name: value for name, value in query.items() if value is not None}
    return Request(method, f"https://isv.example.com/p?{urlencode(given_parameters)}", headers, body)


def opened(request, *, key=KEY, now=NOW, nonce_seen=never_seen):
    return open_request(request, key=key, now=now, nonce_seen=nonce_seen)


def refusal(request, **circumstances) -> tuple[str, str]:
    with pytest.raises(Denied) as denied:
        opened(request, **circumstances)
    return denied.value.code, denied.value.message


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_vectors_of_section_2_7(vector):
    body = vector["body"].encode()
    inputs = {"key": VECTORS["key"], "nonce": vector["nonce"], "timestamp": vector["timestamp"], "payload": body}
    assert hmac_sha256_hex(VECTORS["key"], body) == vector["body_hash"]
    assert signature(**inputs) == vector["signature"]
    assert canonical_text(**inputs) == vector.get("canonical", canonical_text(**inputs))


def test_body_sign_vector_of_section_2_7():
    vector = VECTORS["body_sign"]
    assert hmac_sha256_base64(VECTORS["key"], vector["body"].encode()) == vector["signature"]


def test_signed_request_opens():
    assert opened(make_request()) == {"activity": "x"}


def test_lowercase_signature_opens():
    upper = make_request()
    assert opened(Request(upper.method, upper.url.lower().replace(NONCE.lower(), NONCE), upper.headers, upper.body))


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ({"timestamp": None, "nonce": None, "signature": None}, ("000002", "timestamp is missing")),
        ({"timestamp": "soon", "nonce": None}, ("000002", "timestamp is not a number of milliseconds")),
        (
            {"timestamp": str(epoch_ms(NOW) - 61_000), "nonce": None},
            ("000002", "timestamp is 61 s before the receiver's clock, 60 s are allowed"),
        ),
        (
            {"timestamp": str(epoch_ms(NOW) + 61_000), "nonce": None},
            ("000002", "timestamp is 61 s after the receiver's clock, 60 s are allowed"),
        ),
        (
            {"timestamp": str(epoch_ms(NOW) // 1000)},
            ("000002", "timestamp is far from the receiver's clock: it is the number of milliseconds since 1970"),
        ),
        ({"nonce": None, "signature": None}, ("000002", "nonce is missing")),
        ({"nonce": "", "signature": None}, ("000002", "nonce is missing")),
        ({"nonce": "n" * 129}, ("000002", "nonce has more than 128 characters")),
        ({"signature": None}, ("000001", "signature is missing")),
        ({"signature": "0" * 64}, ("000001", "signature does not match")),
        ({"signature": "é\U0001f600"}, ("000001", "signature does not match")),
    ],
)
def test_checks_of_section_2_4_in_their_order(parameters, answer):
    assert refusal(make_request(**parameters)) == answer


@pytest.mark.parametrize(("off", "fresh"), [(-60, True), (0, True), (60, True), (-62, False), (62, False)])
@pytest.mark.parametrize("unit", [1, 1000])
def test_versions_whose_pages_print_seconds_take_both_section_g(off, fresh, unit):
    """saas-v1-license §G, D2 timestamp: accept both by magnitude; §B2.1: 60 s."""
    stamp = str((epoch_ms(NOW) // 1000 + off) * unit)
    request = make_request(timestamp=stamp)
    if fresh:
        assert open_request(request, key=KEY, now=NOW, nonce_seen=never_seen, seconds_too=True) == {"activity": "x"}
        return
    with pytest.raises(Denied) as denied:
        open_request(request, key=KEY, now=NOW, nonce_seen=never_seen, seconds_too=True)
    assert (denied.value.code, f"timestamp is {abs(off)} s" in denied.value.message) == ("000002", True)


def test_used_nonce_is_refused_with_000001_and_remembered_long_enough():
    asked: list[tuple[str, datetime]] = []

    def seen(nonce: str, until: datetime) -> bool:
        asked.append((nonce, until))
        return len(asked) > 1

    assert opened(make_request(), nonce_seen=seen) == {"activity": "x"}
    assert refusal(make_request(), nonce_seen=seen) == ("000001", "nonce was used before")
    assert asked == [(NONCE, NOW + NONCE_KEPT)] * 2


def test_unsigned_request_does_not_use_up_a_nonce():
    asked: list[str] = []

    def seen(nonce: str, until: datetime) -> bool:
        asked.append(nonce)
        return False

    refusal(make_request(signature="0" * 64), nonce_seen=seen)
    assert asked == []


def test_empty_key_opens_nothing():
    timestamp = str(epoch_ms(NOW))
    forged = signature(key="", nonce=NONCE, timestamp=timestamp, payload=BODY)
    assert refusal(make_request(signature=forged), key="") == ("000001", "signature does not match")


@pytest.mark.parametrize(
    ("body", "signed"),
    [
        (b'{ "b": "2", "a": "1" }', b'{"a":"1","b":"2"}'),
        (b'{"b":null,"a":"1"}', b'{"a":"1"}'),
        (b'{"b":{"d":1,"c":2},"a":"1"}', b'{"a":"1","b":{"d":1,"c":2}}'),
        (b'{"b":{"d":1,"c":2},"a":"1"}', b'{"a":"1","b":{"c":2,"d":1}}'),
        (b'{"a":1,"b":true}', b'{"a":"1","b":"true"}'),
        (b'{"a":"\\u4e2d"}', '{"a":"中"}'.encode()),
    ],
)
def test_sorted_compact_form_may_be_signed(body, signed):
    assert opened(make_request(body, signed=signed))


def test_other_body_does_not_open():
    assert refusal(make_request(b'{"a":"2"}', signed=b'{"a":"1"}')) == ("000001", "signature does not match")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (make_request(method="GET"), ("000002", "the method must be POST")),
        (make_request(headers=()), ("000002", "the content type must be application/json")),
        (
            make_request(headers=(("content-type", "text/plain"),)),
            ("000002", "the content type must be application/json"),
        ),
        (make_request(b"[]"), ("000002", "the body is not a JSON object: a JSON array instead of an object")),
        (
            make_request(b"\xef\xbb\xbf{}"),
            ("000002", "the body is not a JSON object: it starts with a byte order mark"),
        ),
    ],
)
def test_signed_request_that_is_not_a_json_post_is_refused_with_000002(request_, answer):
    assert refusal(request_) == answer


@pytest.mark.parametrize("url", ["https://[isv/p?timestamp=1", "http://℀@x/", ""])
def test_unreadable_url_is_denied(url):
    assert refusal(Request("POST", url))[0] == "000002"


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("https://isv.example.com", "https://isv.example.com?signature="),
        ("https://isv.example.com/p", "https://isv.example.com/p?signature="),
        ("https://isv.example.com/p?a=1", "https://isv.example.com/p?a=1&signature="),
        ("https://isv.example.com/p?", "https://isv.example.com/p?signature="),
        ("https://isv.example.com/p?a=1&", "https://isv.example.com/p?a=1&signature="),
        ("https://isv.example.com/p#top", "https://isv.example.com/p?signature="),
    ],
)
def test_signature_is_appended_to_the_address(address, start):
    request = sign_request({"b": "1", "a": "中"}, address=address, key=KEY, now=NOW, nonce=NONCE)
    assert request.url.startswith(start)
    assert (request.method, request.body) == ("POST", '{"a":"中","b":"1"}'.encode())
    assert request.headers == (("Accept", "application/json"), ("Content-Type", "application/json;charset=utf8"))
    assert opened(request) == {"a": "中", "b": "1"}


@given(
    members=st.dictionaries(
        st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(max_size=5) | st.integers(-9, 9) | st.none()
    ),
    key=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1),
    nonce=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64),
    skew=st.integers(-60, 60),
)
def test_any_signed_request_opens_with_the_same_key(members, key, nonce, skew):
    request = sign_request(members, address="https://isv.example.com/p?q=1", key=key, now=NOW, nonce=nonce)
    assert opened(request, key=key, now=NOW + timedelta(seconds=skew)) == members
    assert refusal(request, key=key + "x")[0] == "000001"


@given(url=st.text(), body=st.binary(max_size=100), content_type=st.text(max_size=30))
def test_unsigned_request_is_only_refused(url, body, content_type):
    assert refusal(Request("POST", f"https://x/{url}", (("Content-Type", content_type),), body))[0] in {
        "000001",
        "000002",
    }


@given(
    body=st.binary(max_size=100)
    | st.recursive(
        st.none() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_signed_request_only_raises_refusals(body):
    try:
        assert isinstance(opened(make_request(body)), dict)
    except Denied as denied:
        assert denied.code == "000002"  # noqa: PT017
