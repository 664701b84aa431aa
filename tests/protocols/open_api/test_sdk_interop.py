"""Calls signed by the unmodified ``huaweicloudsdkcore`` are verified here, and the project's signature equals the SDK's
(openapi-jointkit §C.1).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import RefusalReason, SignatureRefused, sign, verify

AK, SK = "AKEXAMPLE0001", "SKExampleSecret0001"
NOW = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
HOST = "mkt.example.com:8443"


def by_sdk(method, path, *, query=(), headers=None, body=None) -> Request:
    """Return the SDK's request with its own signature and the URI that it built."""
    given_headers = {"X-Sdk-Date": "20250101T080000Z", "User-Agent": "huaweicloud-usdk-python/3.0 (a; b)"} | (
        headers or {}
    )
    request = SdkRequest(
        method=method,
        schema="https",
        host=HOST,
        resource_path=path,
        query_params=list(query),
        header_params=given_headers,
        body=body,
    )
    signed = Signer(SimpleNamespace(ak=AK, sk=SK)).sign(request)
    return Request(method, f"https://{HOST}{signed.uri}", tuple(signed.header_params.items()), signed.body or b"")


QUERY = [("orderLineId", "A-000001"), ("orderId", "A")]
MULTIPART = {"Content-Type": "multipart/form-data; boundary=d5a1"}
CALLS = {
    "order query": by_sdk("GET", "/v1/order/query", query=QUERY, headers={"Content-Type": "application/json"}),
    "query to encode": by_sdk("GET", "/v1/q", query=[("a b", "c+d&e=中~*"), ("a", ["2", "1"]), ("t", True)]),
    "path to encode": by_sdk("GET", "/v1/event/a%20b%2Fc/文件"),
    "JSON body": by_sdk("POST", "/v1/x", headers={"Content-Type": "application/json;charset=utf8"}, body='{"a":"中"}'),
    "multipart body": by_sdk("POST", "/v1/file", headers=MULTIPART, body=b"--d5a1\r\n\xff\r\n--d5a1--\r\n"),
    "multipart without a body": by_sdk("POST", "/v1/file", headers=MULTIPART),
    "PUT with a domain": by_sdk("PUT", "/v1/x", headers={"X-Domain-Id": "d1", "X_Ignored": "1"}, body="x"),
    "name beyond ASCII": by_sdk("GET", "/v1/x", headers={"X-Name": "名字"}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_signed_by_the_sdk_is_accepted(call):
    verify(call, sk=SK, now=NOW)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_signed_by_the_sdk_with_another_key_is_refused(call):
    with pytest.raises(SignatureRefused) as refusal:
        verify(call, sk="other", now=NOW)
    assert refusal.value.reason is RefusalReason.WRONG


def test_call_of_the_sdk_expires():
    with pytest.raises(SignatureRefused) as refusal:
        verify(CALLS["order query"], sk=SK, now=NOW + timedelta(minutes=16))
    assert refusal.value.reason is RefusalReason.SKEWED


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
segments = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8), max_size=3)


@given(path=segments, query=st.lists(st.tuples(texts, texts), max_size=4), body=st.binary(max_size=20))
def test_signature_equals_that_of_the_sdk(path, query, body):
    target = "/v1/" + "/".join(quote(part, safe="") for part in path)
    theirs = by_sdk("POST", target, query=query, headers={"Content-Type": "application/json"}, body=body)
    verify(theirs, sk=SK, now=NOW)
    plain = Request("POST", theirs.url, tuple(p for p in theirs.headers if p[0] != "Authorization"), theirs.body)
    names = ("content-type", "host", "user-agent", "x-sdk-date")
    ours = sign(plain, ak=AK, sk=SK, now=NOW, signed_headers=names)
    assert ours.header("Authorization") == theirs.header("Authorization")
