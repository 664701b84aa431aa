"""For any request, the response is JSON in one of the two envelopes (openapi-jointkit §C.0)."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.market.open_api.asking import Shop, members, send
from tradepost.market.open_api.request_parts import MAX_BODY_BYTES
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.order_query import PATH

_LATIN1 = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="?#")
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=80)
_QUERIES = st.one_of(
    st.text(_LATIN1, max_size=120),
    st.builds("orderId={}&orderLineId={}".format, st.text(_LATIN1, max_size=70), st.text(_LATIN1, max_size=70)),
    st.builds(
        "orderId=%{:02X}%{:02X}{}".format, st.integers(0, 255), st.integers(0, 255), st.text(_LATIN1, max_size=60)
    ),
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Authorization",
            "X-Sdk-Date",
            "X-Sdk-Content-Sha256",
            "If-Match",
            "If-None-Match",
            "If-Unmodified-Since",
            "X-Request-Id",
            "Accept-Language",
            "Cookie",
            "Content-Length",
        ]
    ),
    st.one_of(
        _VALUES,
        st.builds("SDK-HMAC-SHA256 Access={}, SignedHeaders={}, Signature={}".format, _VALUES, _VALUES, _VALUES),
    ),
    max_size=4,
)
_CODES = {
    200: {"MKT.0000"},
    400: {"MKT.0101", "MKT.0199"},
    401: {"MKT.0150", "APIGW.0301"},
    404: {"APIGW.0101"},
    412: {"MKT.0199"},
    413: {"APIGW.0201"},
    414: {"APIGW.0201"},
    494: {"APIGW.0201"},
    500: {"MKT.0100"},
}
_FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def declares_a_body(headers: dict[str, str]) -> bool:
    """Django's test client treats reading to a declared end as an error of the test; interrupted bodies have their own test."""
    try:
        return 0 < int(headers.get("Content-Length", "0")) <= MAX_BODY_BYTES
    except ValueError:
        return False


def check_envelope(response) -> None:
    if response.status_code == 304:
        assert response.content == b""
        return
    answer = members(response)
    assert {"resultCode", "resultMsg"} <= set(answer) or {"error_code", "error_msg", "request_id"} <= set(answer)
    assert answer.get("resultCode", answer.get("error_code")) in _CODES[response.status_code]
    assert response["X-Request-Id"]


@_FUZZ
@given(query=_QUERIES, headers=_HEADERS, method=st.sampled_from(["GET", "GET", "GET", "POST", "HEAD"]))
def test_unsigned_and_malformed_requests(shop: Shop, query: str, headers: dict[str, str], method: str) -> None:
    assume(not declares_a_body(headers))
    response = send(Request(method, f"http://market.example{PATH}?{query}"), headers)
    if method != "HEAD":  # the response to HEAD has no body
        check_envelope(response)


@_FUZZ
@given(query=_QUERIES, headers=_HEADERS)
def test_signed_requests_with_any_query(shop: Shop, query: str, headers: dict[str, str]) -> None:
    for name in ("Authorization", "X-Sdk-Date", "X-Sdk-Content-Sha256", "Content-Length"):
        headers.pop(name, None)
    check_envelope(shop.ask(query, headers=headers))
