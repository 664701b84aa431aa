"""Who may ask: AK/SK, its lock, and the gateway's errors in front of every open API (openapi-jointkit §C.1, §C.2)."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from tests.market.open_api.asking import HOST, Shop, members, send
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.open_api import received, throttle
from tradepost.market.web.lanes import SENDER
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.errors import both_envelopes
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

MOCK = "orderId=MOCKPERIODYEARNEW"
UNKNOWN_OR_WRONG = (
    "Incorrect IAM authentication information: the access key is unknown, or its secret did not sign this request"
)


def gateway(response: HttpResponse) -> tuple[int, str, str]:
    """Status, code and text of the gateway's body, which names the request (§C.2)."""
    answer = members(response)
    assert set(answer) == {"error_code", "error_msg", "request_id"}
    assert answer["request_id"] == response["X-Request-Id"]
    return response.status_code, answer["error_code"], answer["error_msg"]


@pytest.mark.parametrize("names", [None, ("x-sdk-date",), ("host", "x-sdk-date"), ("content-type", "x-sdk-date")])
def test_the_server_uses_the_list_of_signed_headers_it_receives(shop: Shop, names: tuple[str, ...] | None) -> None:
    """§C.1: must not insist on any header but x-sdk-date."""
    assert shop.ask(MOCK, names=names).status_code == 200


def test_an_unknown_key_and_a_wrong_secret_look_the_same(shop: Shop) -> None:
    assert gateway(shop.ask(MOCK, secret="wrong")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)
    assert gateway(shop.ask(MOCK, ak="TPUNKNOWN00000000000")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)
    assert gateway(shop.ask(MOCK, ak="a'b%00\x7f")) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_without_a_signature(shop: Shop) -> None:
    status, code, text = gateway(send(Request("GET", f"http://{HOST}{PATH}?{MOCK}")))
    assert (status, code) == (401, "APIGW.0301")
    assert text == "Incorrect IAM authentication information: the Authorization header is missing"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_too_far_from_the_clock(shop: Shop, minutes: int) -> None:
    status, code, text = gateway(shop.ask(MOCK, at=clock.wall() + timedelta(minutes=minutes)))
    assert (status, code) == (401, "APIGW.0301")
    assert "X-Sdk-Date is more than 15 minutes from the market's clock" in text


def test_signatures_age_by_real_time_even_when_a_sandbox_is_ahead(shop: Shop) -> None:
    clock.jump(clock.now() + timedelta(days=30))
    assert shop.ask(MOCK).status_code == 200


def test_a_changed_query_is_not_what_was_signed(shop: Shop) -> None:
    signed = shop.signed(MOCK)
    forged = Request("GET", signed.url.replace("MOCKPERIODYEARNEW", "MOCKONDEMAND"), signed.headers)
    assert gateway(send(forged)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_a_revoked_key_is_dead_at_once(shop: Shop) -> None:
    assert shop.ask(MOCK).status_code == 200
    keys.revoke_access_key(shop.seeded.seller, shop.seeded.access_key, now=clock.now())
    assert gateway(shop.ask(MOCK)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_more_than_five_failures_in_a_row_lock_for_five_minutes(shop: Shop) -> None:
    """§C.1 [DOC]: more than five consecutive AK/SK failures lock the caller for 5 minutes."""
    for _ in range(5):
        assert gateway(shop.ask(MOCK, secret="wrong"))[2] == UNKNOWN_OR_WRONG
    assert shop.ask(MOCK).status_code == 200  # a success ends the row
    for _ in range(6):
        assert gateway(shop.ask(MOCK, secret="wrong"))[2] == UNKNOWN_OR_WRONG
    response = shop.ask(MOCK)  # even with the right secret
    assert gateway(response)[:2] == (401, "APIGW.0301")
    assert 290 <= int(response["Retry-After"]) <= 300
    assert "locked" in members(response)["error_msg"]


def test_behind_a_proxy_a_stranger_who_guesses_locks_himself_alone(shop: Shop) -> None:
    """Proxies on this machine are trusted; those of other machines have tests in web/test_behind_proxies.py."""
    for n in range(6):  # only the last address is the proxy's word
        shop.ask(MOCK, secret="wrong", headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.5"})
    assert "locked" in members(shop.ask(MOCK, headers={"X-Forwarded-For": "203.0.113.5"}))["error_msg"]
    assert shop.ask(MOCK, headers={"X-Forwarded-For": "203.0.113.6"}).status_code == 200


def test_the_seller_that_signed_is_noted_for_its_turn(shop: Shop) -> None:
    """Issue 25, 8: known sellers behind one address do not wait behind each other."""
    assert shop.ask(MOCK).wsgi_request.META[SENDER] == f"seller {shop.seeded.seller.pk}"  # type: ignore[attr-defined]
    assert SENDER not in shop.ask(MOCK, secret="wrong").wsgi_request.META  # type: ignore[attr-defined]


def test_a_wrong_clock_locks_nobody(shop: Shop) -> None:
    for _ in range(8):
        shop.ask(MOCK, at=clock.wall() - timedelta(hours=1))
    assert shop.ask(MOCK).status_code == 200


def test_the_lock_ends_and_holds_for_one_caller_only() -> None:
    lockout, now = throttle.Lockout(), clock.wall()
    for _ in range(6):
        lockout.failed("10.0.0.1 AK", now=now)
    assert lockout.wait("10.0.0.1 AK", now=now + timedelta(seconds=299)) == 1
    assert lockout.wait("10.0.0.2 AK", now=now) == 0
    assert lockout.wait("10.0.0.1 AK", now=now + timedelta(minutes=5)) == 0
    lockout.failed("10.0.0.1 AK", now=now + timedelta(minutes=5))
    assert lockout.wait("10.0.0.1 AK", now=now + timedelta(minutes=5)) == 0  # counts from one again


def test_what_is_remembered_is_bounded() -> None:
    lockout, now = throttle.Lockout(most_remembered=3), clock.wall()
    for _ in range(6):
        lockout.failed("first", now=now)
    for other in "abc":
        lockout.failed(other, now=now)
    assert lockout.wait("first", now=now) == 0


def test_a_rate_counts_in_windows_and_says_how_long_to_wait() -> None:
    limit, now = throttle.RateLimit("2/10second", most_remembered=2), clock.wall()
    assert [limit.wait("AK", now=now) for _ in range(3)] == [0, 0, 10]
    assert limit.wait("other", now=now) == 0
    assert limit.wait("AK", now=now + timedelta(seconds=9.5)) == 1
    assert limit.wait("AK", now=now + timedelta(seconds=10)) == 0
    assert limit.wait("AK", now=now - timedelta(days=1)) == 0  # a clock set back does not lock anybody for a day
    for key in ("third", "fourth"):
        limit.wait(key, now=now)
    assert list(limit._windows) == ["third", "fourth"]


@pytest.mark.parametrize("path", ["", "order", "order/query/", "order/queries", "isv/other", "%E4%B8%AD", "a//b"])
def test_an_unknown_api(shop: Shop, path: str) -> None:
    """§C.2: APIGW.0101, 404; before any look at the caller."""
    url = f"http://{HOST}/api/mkp-openapi-public/global/v1/{path}"
    for method in ("GET", "POST"):
        status, code, _ = gateway(send(Request(method, url)))
        assert (status, code) == (404, "APIGW.0101")


@pytest.mark.parametrize("host", ["evil.example", "", "a b", "market.example@evil.example"])
def test_another_host_is_a_request_error_in_the_documented_form(shop: Shop, host: str) -> None:
    """§C.2: APIGW.0201, 400; never a page."""
    answer = Client().get(PATH, {"orderId": "x"}, headers={"host": host})
    assert gateway(answer)[:2] == (400, "APIGW.0201")  # type: ignore[arg-type]
    assert Client().get("/orders/", headers={"host": host})["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_another_api(shop: Shop, method: str) -> None:
    """§C.2: 405 means a used-up quota there, so an unknown pair of method and path is 404; no CSRF page either."""
    assert gateway(shop.ask(MOCK, method=method))[:2] == (404, "APIGW.0101")


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("orderId=" + "1" * 33_000, {}, 414),
        (MOCK, {"X-Long": "1" * 32_769}, 494),
        (MOCK, {f"X-{n}": "1" * 30_000 for n in range(5)}, 494),
        (MOCK, {"Content-Length": str(12 * 1024 * 1024 + 1)}, 413),
    ],
)
def test_sizes_above_the_gateways_limits(shop: Shop, query: str, headers: dict[str, str], status: int) -> None:
    """§C.2: 413 above 12 MB, 414 above 32 KB, 494 for one header above 32 KB or all above 128 KB. Never temporary."""
    response = shop.ask(query, headers=headers)
    assert gateway(response)[:2] == (status, "APIGW.0201")
    assert "Retry-After" not in response


def test_a_body_is_covered_by_the_signature_though_the_api_takes_none(shop: Shop) -> None:
    assert shop.ask(MOCK, body=b'{"any": 1}').status_code == 200
    signed = shop.signed(MOCK, body=b'{"any": 1}')
    forged = Request("GET", signed.url, signed.headers, b'{"any": 2}')
    assert gateway(send(forged)) == (401, "APIGW.0301", UNKNOWN_OR_WRONG)


def test_a_chunked_body_is_read_to_its_end_and_no_further_than_the_limit() -> None:
    def arriving(body: bytes):
        request = RequestFactory().generic("POST", PATH)
        request.META.pop("CONTENT_LENGTH", None)
        request.META |= {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
        return request

    assert received.body_of(arriving(b"four")) == b"four"
    with pytest.raises(received.NotReadable) as caught:
        received.body_of(arriving(b"four"), 3)
    assert (caught.value.error.status, caught.value.error.code) == (413, "APIGW.0201")


def test_a_body_that_breaks_off_is_a_request_error() -> None:
    """§C.2: 400 APIGW.0201 API request error."""

    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the caller is gone")

    request = RequestFactory().generic("GET", PATH, b"x")
    request._stream = Broken()
    with pytest.raises(received.NotReadable) as caught:
        received.body_of(request)
    assert (caught.value.error.status, caught.value.error.code) == (400, "APIGW.0201")


@pytest.mark.parametrize(
    "query", ["orderId=%E4%B8%AD+x%2B%2F~*", "orderId=a%20b&&orderLineId=", "orderId=%C3%28", "orderId=中"]
)
def test_the_signature_covers_the_query_as_sent(shop: Shop, query: str) -> None:
    """§C.1: whatever the encoding, what is wrong is the parameter (MKT.0100), not the signature."""
    assert members(shop.ask(query))["resultCode"] == "MKT.0100"


def test_an_error_of_ours_still_answers_in_the_documented_envelope(shop: Shop, monkeypatch) -> None:
    """§C.4: 500 MKT.0999 System internal error."""
    monkeypatch.setattr("tradepost.market.open_api.order_query.order_of_seller", None)
    response = shop.ask("orderId=CS2601010000AAAAAAA")
    assert (response.status_code, members(response)) == (
        500,
        both_envelopes("MKT.0999", "System internal error."),
    )
    assert response["X-Request-Id"]


def test_while_the_database_is_away_it_says_when_to_come_again(shop: Shop) -> None:
    """§C.2: 502 Backend unavailable; a page is a 503. Neither is a fault of the asker's, or a 500."""

    def away(*_args: object) -> None:
        raise OperationalError("the connection is lost")

    asker = Client(raise_request_exception=False)
    headers = dict(shop.signed(MOCK).headers) | {"Host": HOST}
    with connection.execute_wrapper(away):
        answer, page = asker.get(f"{PATH}?{MOCK}", headers=headers), asker.get("/", headers=headers)
    assert gateway(answer) == (502, "APIGW.0201", "Backend unavailable.")  # type: ignore[arg-type]
    assert (page.status_code, page["Retry-After"], answer["Retry-After"]) == (503, "5", "5")
    assert asker.get(f"{PATH}?{MOCK}", headers=headers).status_code == 200


def test_a_signer_of_another_language_that_signs_the_host_with_its_port(shop: Shop) -> None:
    request = Request("GET", f"https://{HOST}:443{PATH}?{MOCK}", (("Content-Type", "application/json"),))
    signed = sign(request, ak=shop.seeded.access_key, sk=shop.seeded.secret_key, now=clock.wall())
    assert send(Request("GET", f"http://{HOST}{PATH}?{MOCK}", signed.headers)).status_code == 200
