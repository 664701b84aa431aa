"""Authentication with AK/SK, its lock, and the gateway's errors that apply to every open API (openapi-jointkit §C.1, §C.2)."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.market.open_api.asking import HOST, Shop, members, send
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.limits import WRONG_SIGNATURES
from tradepost.market.identity.models import Throttle
from tradepost.market.open_api import request_parts, throttle
from tradepost.market.open_api.wrong_signatures import SHARED_COUNTERS, WrongSignatures
from tradepost.market.web.lanes import SENDER
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.errors import both_envelopes
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

MOCK_QUERY = "orderId=MOCKPERIODYEARNEW"
UNKNOWN_OR_WRONG = (
    "Incorrect IAM authentication information: the access key is unknown, or its secret did not sign this request"
)


def gateway_error(response: HttpResponse) -> tuple[int, str, str]:
    """Return status, code and text of the gateway's body, which contains the request ID (§C.2)."""
    answer = members(response)
    assert set(answer) == {"error_code", "error_msg", "request_id"}
    assert answer["request_id"] == response["X-Request-Id"]
    return response.status_code, answer["error_code"], answer["error_msg"]


@pytest.mark.parametrize("names", [None, ("x-sdk-date",), ("host", "x-sdk-date"), ("content-type", "x-sdk-date")])
def test_server_uses_the_received_list_of_signed_headers(shop: Shop, names: tuple[str, ...] | None) -> None:
    """§C.1: must not insist on any header but x-sdk-date."""
    assert shop.ask(MOCK_QUERY, names=names).status_code == 200


def test_unknown_key_and_wrong_secret_get_the_same_response(shop: Shop) -> None:
    assert gateway_error(shop.ask(MOCK_QUERY, secret="wrong")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)
    assert gateway_error(shop.ask(MOCK_QUERY, ak="TPUNKNOWN00000000000")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)
    assert gateway_error(shop.ask(MOCK_QUERY, ak="a'b%00\x7f")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_missing_signature_is_refused(shop: Shop) -> None:
    status, code, text = gateway_error(send(Request("GET", f"http://{HOST}{PATH}?{MOCK_QUERY}")))
    assert (status, code) == (401, "APIGW.0301")
    assert text == "Incorrect IAM authentication information: the Authorization header is missing"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_date_too_far_from_the_clock_is_refused(shop: Shop, minutes: int) -> None:
    status, code, text = gateway_error(shop.ask(MOCK_QUERY, at=clock.wall() + timedelta(minutes=minutes)))
    assert (status, code) == (401, "APIGW.0301")
    assert "X-Sdk-Date is more than 15 minutes from the market's clock" in text


def test_signatures_expire_by_real_time_in_a_sandbox_that_is_ahead(shop: Shop) -> None:
    clock.jump(clock.now() + timedelta(days=30))
    assert shop.ask(MOCK_QUERY).status_code == 200


def test_changed_query_is_refused(shop: Shop) -> None:
    signed = shop.signed(MOCK_QUERY)
    forged = Request("GET", signed.url.replace("MOCKPERIODYEARNEW", "MOCKONDEMAND"), signed.headers)
    assert gateway_error(send(forged)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_revoked_key_is_refused_immediately(shop: Shop) -> None:
    assert shop.ask(MOCK_QUERY).status_code == 200
    keys.revoke_access_key(shop.seeded.seller, shop.seeded.access_key, now=clock.now())
    assert gateway_error(shop.ask(MOCK_QUERY)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_more_than_five_failures_in_a_row_lock_for_five_minutes(shop: Shop) -> None:
    """§C.1 [DOC]: more than five consecutive AK/SK failures lock the caller for 5 minutes."""
    for _ in range(5):
        assert gateway_error(shop.ask(MOCK_QUERY, secret="wrong"))[2] == UNKNOWN_OR_WRONG
    assert shop.ask(MOCK_QUERY).status_code == 200  # a success resets the count
    for _ in range(6):
        assert gateway_error(shop.ask(MOCK_QUERY, secret="wrong"))[2] == UNKNOWN_OR_WRONG
    response = shop.ask(MOCK_QUERY)  # refused even with the right secret
    assert gateway_error(response)[:2] == (401, "APIGW.0301")
    assert 290 <= int(response["Retry-After"]) <= 300
    assert "locked" in members(response)["error_msg"]


def test_behind_a_proxy_only_the_guessing_address_is_locked(shop: Shop) -> None:
    """Proxies on this machine are trusted; ``web/test_behind_proxies.py`` tests those on other machines."""
    for n in range(6):  # only the last address was added by the proxy
        shop.ask(MOCK_QUERY, secret="wrong", headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.5"})
    assert "locked" in members(shop.ask(MOCK_QUERY, headers={"X-Forwarded-For": "203.0.113.5"}))["error_msg"]
    assert shop.ask(MOCK_QUERY, headers={"X-Forwarded-For": "203.0.113.6"}).status_code == 200


def test_signing_seller_is_recorded_for_request_scheduling(shop: Shop) -> None:
    """Issue 25, 8: sellers behind one address do not queue behind each other."""
    assert shop.ask(MOCK_QUERY).wsgi_request.META[SENDER] == f"seller {shop.seeded.seller.pk}"  # type: ignore[attr-defined]
    assert SENDER not in shop.ask(MOCK_QUERY, secret="wrong").wsgi_request.META  # type: ignore[attr-defined]


def test_wrong_dates_do_not_lock_the_caller(shop: Shop) -> None:
    for _ in range(8):
        shop.ask(MOCK_QUERY, at=clock.wall() - timedelta(hours=1))
    assert shop.ask(MOCK_QUERY).status_code == 200


@pytest.mark.django_db
def test_lock_ends_and_applies_to_one_caller_only() -> None:
    now = clock.wall()

    def failures_of(peer: str = "10.0.0.1", after: timedelta = timedelta()) -> WrongSignatures:
        return WrongSignatures(peer, "AK", now=now + after)

    for _ in range(6):
        failures_of().add()
    assert failures_of(after=timedelta(seconds=299)).wait == 1
    assert failures_of("10.0.0.2").wait == 0
    end = timedelta(minutes=5)
    assert failures_of(after=end).wait == 0
    failures_of(after=end).add()
    assert failures_of(after=end).wait == 0, "the count starts again"


@pytest.mark.django_db
def test_made_up_keys_of_a_network_do_not_fill_the_table() -> None:
    """Failing needs no account. Requests with a valid signature are still accepted (decision 0082)."""
    now = clock.wall()
    for number in range(WRONG_SIGNATURES.most + 50):
        WrongSignatures("10.0.0.1", f"AK{number}", now=now).add()
    assert Throttle.objects.count() <= WRONG_SIGNATURES.most + 1 + min(50, SHARED_COUNTERS)
    assert WrongSignatures("10.0.0.1", "AK of a seller", now=now).wait == 0
    for _ in range(6):
        WrongSignatures("10.0.0.1", "AK made up later", now=now).add()
    assert WrongSignatures("10.0.0.1", "AK made up later", now=now).wait, "locked like a real key"


def test_real_key_is_counted_even_after_many_made_up_keys(shop: Shop) -> None:
    """§C.1 [DOC]: more than five consecutive AK/SK failures lock the caller for 5 minutes."""
    now = clock.wall()
    for number in range(WRONG_SIGNATURES.most):
        WrongSignatures("127.0.0.1", f"AK{number}", now=now).add()
    for _ in range(6):
        assert gateway_error(shop.ask(MOCK_QUERY, secret="wrong"))[2] == UNKNOWN_OR_WRONG
    assert "locked" in members(shop.ask(MOCK_QUERY))["error_msg"]


@pytest.mark.django_db
def test_addresses_of_one_ipv6_network_are_counted_together() -> None:
    """The holder of a network can choose any address in it."""
    now = clock.wall()
    for number in range(6):
        WrongSignatures(f"2001:db8::{number + 1}", "AK", now=now).add()
    assert WrongSignatures("2001:db8::99", "AK", now=now).wait
    assert Throttle.objects.count() == 2


def test_valid_call_reads_the_count_and_writes_nothing(shop: Shop) -> None:
    shop.ask(MOCK_QUERY)
    with CaptureQueriesContext(connection) as queries:
        assert shop.ask(MOCK_QUERY).status_code == 200
    counts = [query["sql"] for query in queries if "identity_throttle" in query["sql"]]
    assert [sql.split()[0] for sql in counts] == ["SELECT"]


def test_rate_limit_counts_in_windows_and_returns_the_wait() -> None:
    limit, now = throttle.RateLimit("2/10second", most_remembered=2), clock.wall()
    assert [limit.wait("AK", now=now) for _ in range(3)] == [0, 0, 10]
    assert limit.wait("other", now=now) == 0
    assert limit.wait("AK", now=now + timedelta(seconds=9.5)) == 1
    assert limit.wait("AK", now=now + timedelta(seconds=10)) == 0
    assert limit.wait("AK", now=now - timedelta(days=1)) == 0  # setting the clock back locks no caller for a day
    for key in ("third", "fourth"):
        limit.wait(key, now=now)
    assert list(limit._windows) == ["third", "fourth"]


@pytest.mark.parametrize("path", ["", "order", "order/query/", "order/queries", "isv/other", "%E4%B8%AD", "a//b"])
def test_unknown_api_gets_404(shop: Shop, path: str) -> None:
    """§C.2: APIGW.0101, 404; checked before authentication."""
    url = f"http://{HOST}/api/mkp-openapi-public/global/v1/{path}"
    for method in ("GET", "POST"):
        status, code, _ = gateway_error(send(Request(method, url)))
        assert (status, code) == (404, "APIGW.0101")


@pytest.mark.parametrize("host", ["evil.example", "", "a b", "market.example@evil.example"])
def test_unknown_host_gets_the_documented_error(shop: Shop, host: str) -> None:
    """§C.2: APIGW.0201, 400; never an HTML page."""
    answer = Client().get(PATH, {"orderId": "x"}, headers={"host": host})
    assert gateway_error(answer)[:2] == (400, "APIGW.0201")  # type: ignore[arg-type]
    assert Client().get("/orders/", headers={"host": host})["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_unsupported_method_gets_404(shop: Shop, method: str) -> None:
    """§C.2: 405 means an exhausted quota there, so an unknown pair of method and path is 404; there is no CSRF page either."""
    assert gateway_error(shop.ask(MOCK_QUERY, method=method))[:2] == (404, "APIGW.0101")


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("orderId=" + "1" * 33_000, {}, 414),
        (MOCK_QUERY, {"X-Long": "1" * 32_769}, 494),
        (MOCK_QUERY, {f"X-{n}": "1" * 30_000 for n in range(5)}, 494),
        (MOCK_QUERY, {"Content-Length": str(12 * 1024 * 1024 + 1)}, 413),
    ],
)
def test_sizes_above_the_limits_of_the_gateway_are_refused(
    shop: Shop, query: str, headers: dict[str, str], status: int
) -> None:
    """§C.2: 413 above 12 MB, 414 above 32 KB, 494 for one header above 32 KB or all above 128 KB. Never temporary."""
    response = shop.ask(query, headers=headers)
    assert gateway_error(response)[:2] == (status, "APIGW.0201")
    assert "Retry-After" not in response


def test_signature_covers_the_body_even_if_the_api_ignores_it(shop: Shop) -> None:
    assert shop.ask(MOCK_QUERY, body=b'{"any": 1}').status_code == 200
    signed = shop.signed(MOCK_QUERY, body=b'{"any": 1}')
    forged = Request("GET", signed.url, signed.headers, b'{"any": 2}')
    assert gateway_error(send(forged)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_chunked_body_is_read_up_to_the_limit() -> None:
    def arriving(body: bytes):
        request = RequestFactory().generic("POST", PATH)
        request.META.pop("CONTENT_LENGTH", None)
        request.META |= {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
        return request

    assert request_parts.body_of(arriving(b"four")) == b"four"
    with pytest.raises(request_parts.NotReadable) as error:
        request_parts.body_of(arriving(b"four"), 3)
    assert (error.value.error.status, error.value.error.code) == (413, "APIGW.0201")


def test_interrupted_body_is_a_request_error() -> None:
    """§C.2: 400 APIGW.0201 API request error."""

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the caller is gone")

    request = RequestFactory().generic("GET", PATH, b"x")
    request._stream = Broken()
    with pytest.raises(request_parts.NotReadable) as error:
        request_parts.body_of(request)
    assert (error.value.error.status, error.value.error.code) == (400, "APIGW.0201")


@pytest.mark.parametrize(
    "query", ["orderId=%E4%B8%AD+x%2B%2F~*", "orderId=a%20b&&orderLineId=", "orderId=%C3%28", "orderId=中"]
)
def test_signature_covers_the_query_as_sent(shop: Shop, query: str) -> None:
    """§C.1: with any encoding, the error is about the parameter (MKT.0100), not the signature."""
    assert members(shop.ask(query))["resultCode"] == "MKT.0100"


def test_internal_error_uses_the_documented_envelope(shop: Shop, monkeypatch) -> None:
    """§C.4: 500 MKT.0999 System internal error."""
    monkeypatch.setattr("tradepost.market.open_api.order_query.order_of_seller", None)
    response = shop.ask("orderId=CS2601010000AAAAAAA")
    assert (response.status_code, members(response)) == (
        500,
        both_envelopes("MKT.0999", "System internal error."),
    )
    assert response["X-Request-Id"]


def test_unavailable_database_gets_a_retry_after(shop: Shop) -> None:
    """§C.2: 502 Backend unavailable; a page gets 503. Neither is an error of the caller or a 500."""

    def fail(*_args: object) -> None:
        raise OperationalError("the connection is lost")

    client = Client(raise_request_exception=False)
    headers = dict(shop.signed(MOCK_QUERY).headers) | {"Host": HOST}
    with connection.execute_wrapper(fail):
        answer, page = client.get(f"{PATH}?{MOCK_QUERY}", headers=headers), client.get("/", headers=headers)
    assert gateway_error(answer) == (502, "APIGW.0201", "Backend unavailable.")  # type: ignore[arg-type]
    assert (page.status_code, page["Retry-After"], answer["Retry-After"]) == (503, "5", "5")
    assert client.get(f"{PATH}?{MOCK_QUERY}", headers=headers).status_code == 200


def test_signature_over_host_with_port_is_accepted(shop: Shop) -> None:
    request = Request("GET", f"https://{HOST}:443{PATH}?{MOCK_QUERY}", (("Content-Type", "application/json"),))
    signed = sign(request, ak=shop.seeded.access_key, sk=shop.seeded.secret_key, now=clock.wall())
    assert send(Request("GET", f"http://{HOST}{PATH}?{MOCK_QUERY}", signed.headers)).status_code == 200
