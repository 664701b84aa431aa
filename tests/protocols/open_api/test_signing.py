"""AK/SK signatures (openapi-jointkit §C.1): vectors, forms of real signers, and reasons for refusals."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import (
    Authorization,
    RefusalReason,
    SignatureRefused,
    canonical_request,
    read_authorization,
    sign,
    verify,
)

AK, SK = "AKEXAMPLE0001", "SKExampleSecret0001"
NOW = datetime(2025, 1, 1, tzinfo=UTC)
URL = "https://mkt.example.com/api/mkp-openapi-public/global/v1/order/query?orderId=A&orderLineId=A-000001"
EMPTY = hashlib.sha256(b"").hexdigest()
JSON_TYPE = (("Content-Type", "application/json"),)
VECTORS = json.loads(
    resources.files("tradepost.protocols.open_api").joinpath("golden/signature_vectors.json").read_text("utf-8")
)["vectors"]


def date_of(vector) -> datetime:
    return datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def vector_request(vector) -> Request:
    headers = tuple(vector["headers"].items())
    return Request(vector["method"], vector["url"], headers, vector["body"].encode())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors_of_section_c_1(vector):
    names = tuple(vector["signed_headers"].split(";"))
    keys = {"ak": vector["ak"], "sk": vector["sk"]}
    signed = sign(vector_request(vector), **keys, now=date_of(vector), signed_headers=names)
    assert signed.header("X-Sdk-Date") == vector["date"]
    assert signed.header("Authorization") == (
        f"SDK-HMAC-SHA256 Access={vector['ak']}, SignedHeaders={vector['signed_headers']}, "
        f"Signature={vector['signature']}"
    )
    verify(signed, sk=vector["sk"], now=date_of(vector))
    if "canonical_hash" in vector:
        assert hashlib.sha256(canonical_request(signed, names)).hexdigest() == vector["canonical_hash"]


def signed_call(request=None, **options) -> Request:
    return sign(request or Request("GET", URL, JSON_TYPE), ak=AK, sk=SK, now=NOW, **options)


def refused(request, *, sk=SK, now=NOW) -> RefusalReason:
    with pytest.raises(SignatureRefused) as refusal:
        verify(request, sk=sk, now=now)
    assert sk not in refusal.value.detail or not sk
    return refusal.value.reason


def change(request: Request, name: str, value: str | None) -> Request:
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    return replace(request, headers=kept if value is None else (*kept, (name, value)))


def sign_manually(*, uri="/p/", query="", headers, payload=EMPTY, method="GET") -> str:
    """Return an Authorization header from a written-out canonical request, as a foreign signer creates it."""
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    names = ";".join(headers)
    canonical = f"{method}\n{uri}\n{query}\n{lines}\n{names}\n{payload}"
    text = f"SDK-HMAC-SHA256\n{headers['x-sdk-date']}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(SK.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"SDK-HMAC-SHA256 Access={AK}, SignedHeaders={names}, Signature={signature}"


DATE = {"x-sdk-date": "20250101T000000Z"}


def foreign(url, *, method="GET", body=b"", sent=(), **hand) -> Request:
    authorization = sign_manually(method=method, **{"headers": DATE, **hand})
    headers = (("X-Sdk-Date", "20250101T000000Z"), *sent, ("Authorization", authorization))
    return Request(method, url, headers, body)


@pytest.mark.parametrize(
    "request_",
    [
        foreign("https://h.example.com/p"),  # Go: only the date is signed
        foreign("https://h.example.com/p?a=b+c&d=%2A~", query="a=b+c&d=*%7E"),  # Ruby: form encoding
        foreign("https://h.example.com/p?a=b+c", query="a=b%20c"),
        foreign("https://h.example.com/p?a=b%20c", query="a=b%20c"),
        foreign("https://h.example.com/p?b=2&a=3&a=1&flag", query="a=1&a=3&b=2&flag="),
        foreign("https://h.example.com/p?a-=1&a=2", query="a=2&a-=1"),
        foreign("https://h.example.com/p?%C3%A9=1&z=2", query="z=2&%C3%A9=1"),  # sorted before encoding
        foreign("https://h.example.com/p?%C3%A9=1&z=2", query="%C3%A9=1&z=2"),  # sorted after encoding
        foreign("https://h.example.com/p?x=%FF", query="x=%FF"),
        foreign("https://h.example.com/a%20b/%E4%B8%AD/", uri="/a%20b/%E4%B8%AD/"),
        foreign("https://h.example.com", uri="/"),
        foreign(
            "https://h.example.com/p",
            headers={"host": "h.example.com", **DATE},
            sent=(("Host", "h.example.com:443"),),
        ),
        foreign(
            "https://h.example.com/p",
            headers={"host": "h.example.com:443", **DATE},
            sent=(("Host", "h.example.com"),),
        ),
        foreign(
            "https://127.0.0.1:8443/p",
            headers={"host": "127.0.0.1:8443", **DATE},
            sent=(("host", "127.0.0.1:8443"),),
        ),
        foreign("https://h.example.com/p", headers={"host": "h.example.com", **DATE}),  # no Host header: the URL's
        foreign(
            "https://h.example.com/p",
            headers={"user-agent": "a  b (c; d)", **DATE},
            sent=(("User-Agent", "  a  b (c; d) "),),
        ),
        foreign(
            "https://h.example.com/p",
            headers={**DATE, "accept": "*/*"},  # a list that is not sorted
            sent=(("Accept", "*/*"),),
        ),
        foreign(
            "https://h.example.com/p",
            method="POST",
            body=b"--b\r\n",
            headers={"content-type": "multipart/form-data; boundary=b", **DATE},
            sent=(("Content-Type", "multipart/form-data; boundary=b"), ("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")),
            payload="UNSIGNED-PAYLOAD",
        ),
        foreign(  # the Python SDK without a body
            "https://h.example.com/p",
            method="POST",
            sent=(("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"),),
            payload=hashlib.sha256(b"").hexdigest(),
        ),
        foreign(
            "https://h.example.com/p",
            method="POST",
            body=b"x",
            sent=(("X-Sdk-Content-Sha256", hashlib.sha256(b"x").hexdigest()),),
            payload=hashlib.sha256(b"x").hexdigest(),
        ),
        foreign(
            "https://h.example.com/p",
            headers={"x-name": "中", **DATE},
            sent=(("X-Name", "中".encode().decode("latin-1")),),
        ),
    ],
    ids=range(21),
)
def test_forms_of_real_signers_are_accepted_section_c_1(request_):
    verify(request_, sk=SK, now=NOW)


def test_list_in_another_order_than_signed_is_accepted_section_c_1():
    """Signers that sign in the order of §C.1 may still list the names as they added them."""
    request = sign(Request("GET", "https://h.example.com/p?a=1"), ak="AK", sk=SK, now=NOW)
    listed = (request.header("Authorization") or "").replace("host;x-sdk-date", "x-sdk-date;host")
    kept = tuple((name, value) for name, value in request.headers if name != "Authorization")
    verify(replace(request, headers=(*kept, ("Authorization", listed))), sk=SK, now=NOW)
    assert "x-sdk-date;host" in listed


def test_signed_call_lists_what_it_signs():
    call = signed_call()
    assert read_authorization(call.header("Authorization")) == Authorization(
        access=AK,
        signed_headers=("content-type", "host", "x-sdk-date"),
        signature=read_authorization(call.header("Authorization")).signature,
    )
    assert (call.header("Host"), call.header("X-Sdk-Date")) == ("mkt.example.com", "20250101T000000Z")
    verify(call, sk=SK, now=NOW)


def test_signing_again_replaces_the_old_signature():
    again = sign(signed_call(), ak="OTHER", sk=SK, now=NOW + timedelta(seconds=1))
    assert [name for name, _ in again.headers] == ["Content-Type", "Host", "X-Sdk-Date", "Authorization"]
    verify(again, sk=SK, now=NOW)


def test_signing_a_missing_header_is_the_caller_s_error():
    with pytest.raises(ValueError, match="x-stage"):
        signed_call(signed_headers=("x-stage", "x-sdk-date"))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (change(signed_call(), "Authorization", None), RefusalReason.MISSING),
        (change(signed_call(), "Authorization", "  "), RefusalReason.MISSING),
        (change(signed_call(), "Authorization", "Basic abc"), RefusalReason.ALGORITHM),
        (
            change(signed_call(), "Authorization", "SDK-HMAC-SM3 Access=a, SignedHeaders=b, Signature=c"),
            RefusalReason.ALGORITHM,
        ),
        (change(signed_call(), "Authorization", "SDK-HMAC-SHA256 Access=a"), RefusalReason.MALFORMED),
        (change(signed_call(), "X-Sdk-Date", None), RefusalReason.DATE_MISSING),
        (change(signed_call(), "X-Sdk-Date", "2025-01-01"), RefusalReason.DATE_MALFORMED),
        (change(signed_call(), "X-Sdk-Date", "20251301T000000Z"), RefusalReason.DATE_MALFORMED),
        (change(signed_call(), "X-Sdk-Date", "２0250101T000000Z"), RefusalReason.DATE_MALFORMED),
        (change(signed_call(), "X-Sdk-Date", "20250101T000001Z"), RefusalReason.WRONG),
        (change(signed_call(), "Content-Type", None), RefusalReason.HEADER_MISSING),
        (change(signed_call(), "Content-Type", "text/plain"), RefusalReason.WRONG),
        (change(signed_call(), "Host", "other.example.com"), RefusalReason.WRONG),
        (replace(signed_call(), method="DELETE"), RefusalReason.WRONG),
        (replace(signed_call(), body=b"x"), RefusalReason.WRONG),
        (replace(signed_call(), url=URL + "&x=1"), RefusalReason.WRONG),
        (replace(signed_call(), url="https://[mkt/"), RefusalReason.MALFORMED),
        (change(signed_call(), "X-Sdk-Content-Sha256", "0" * 64), RefusalReason.BODY_CHANGED),
        (change(replace(signed_call(), body=b"x"), "X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"), RefusalReason.WRONG),
    ],
    ids=range(19),
)
def test_reason_for_the_refusal_of_a_call(request_, reason):
    assert refused(request_) is reason


def test_unsigned_date_is_refused():
    authorization = sign_manually(headers=DATE).replace("SignedHeaders=x-sdk-date", "SignedHeaders=host")
    assert refused(change(signed_call(), "Authorization", authorization)) is RefusalReason.DATE_UNSIGNED


def test_stated_hash_must_be_that_of_the_body():
    stated = hashlib.sha256(b"paid").hexdigest()
    call = foreign(
        "https://h.example.com/p",
        method="POST",
        body=b"owed",
        sent=(("X-Sdk-Content-Sha256", stated),),
        payload=stated,
    )
    assert refused(call) is RefusalReason.BODY_CHANGED


@pytest.mark.parametrize("minutes", [-15, 15])
def test_clocks_may_differ_by_fifteen_minutes(minutes):
    verify(signed_call(), sk=SK, now=NOW + timedelta(minutes=minutes))
    beyond = NOW + timedelta(minutes=minutes, seconds=1 if minutes > 0 else -1)
    assert refused(signed_call(), now=beyond) is RefusalReason.SKEWED


def test_other_or_missing_key_is_refused():
    assert refused(signed_call(), sk="other") is RefusalReason.WRONG
    unkeyed = sign(Request("GET", URL, JSON_TYPE), ak=AK, sk="", now=NOW)
    assert refused(unkeyed, sk="") is RefusalReason.WRONG


def with_bit(text: str, place: int) -> str:
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


def test_one_changed_byte_anywhere_is_refused_section_c_1():
    """Method, path, query, signed headers, date, body, and the Authorization header except for the access key."""
    url = "https://h.example.com/v1/%E8%AE%A2~1?b=2&a=%20x&a=&c=y+z"
    request = Request("POST", url, (*JSON_TYPE, ("X-Trace", "t 1")), b'{"a": 1}\n')
    signed = sign(request, ak=AK, sk=SK, now=NOW, signed_headers=("content-type", "host", "x-sdk-date", "x-trace"))
    verify(signed, sk=SK, now=NOW)
    start = len("https://h.example.com")
    changed = [replace(signed, method=with_bit(signed.method, place)) for place in range(len(signed.method))]
    changed += [replace(signed, url=with_bit(url, place)) for place in range(start, len(url))]
    changed += [
        replace(signed, body=with_bit(signed.body.decode(), place).encode()) for place in range(len(signed.body))
    ]
    for number, (name, value) in enumerate(signed.headers):
        begin = value.index("SignedHeaders") if name == "Authorization" else 0
        for place in range(begin, len(value)):
            headers = list(signed.headers)
            headers[number] = (name, with_bit(value, place))
            changed.append(replace(signed, headers=tuple(headers)))
    assert len(changed) > 200
    for one in changed:
        assert refused(one) is not None, one


printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
tokens = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(lambda name: f"x-t{name}")


@given(
    path=st.lists(printable, max_size=3),
    query=st.lists(st.tuples(printable, printable), max_size=4),
    headers=st.dictionaries(
        tokens, st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=12), max_size=3
    ),
    body=st.binary(max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
)
def test_any_signed_call_verifies_and_no_other(path, query, headers, body, method):
    target = "/".join(quote(part, safe="") for part in path)
    search = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    request = Request(method, f"https://h.example.com:8443/{target}?{search}", tuple(headers.items()), body)
    signed = sign(request, ak=AK, sk=SK, now=NOW, signed_headers=(*headers, "host", "x-sdk-date"))
    verify(signed, sk=SK, now=NOW)
    assert refused(replace(signed, body=body + b".")) is RefusalReason.WRONG
    assert refused(replace(signed, method="PATCH")) is RefusalReason.WRONG


@given(url=st.text(max_size=40), authorization=st.text(max_size=60), date=st.text(max_size=20))
def test_unsigned_call_is_only_refused(url, authorization, date):
    headers = (("X-Sdk-Date", date), ("Authorization", f"SDK-HMAC-SHA256 {authorization}"))
    refused(Request("GET", url, headers))
