"""An API signed with the base key, served by the same framework as AK/SK APIs (issue 7, Structure; openapi-jointkit §C.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tests.factories.buying import make_order, make_subscription
from tests.market.open_api import base_key_api
from tests.market.open_api.asking import HOST, Shop, members, send
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.identity import keys
from tradepost.market.open_api import throttle
from tradepost.market.open_api.answers import max_body_bytes
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.usage_push import PATH, UsageRecord, push_request

BASE_KEY = "a base key that only this test knows"


@pytest.fixture(autouse=True)
def addresses(settings) -> Iterator[None]:
    settings.ROOT_URLCONF = base_key_api.__name__
    yield
    base_key_api.received_records.clear()
    base_key_api.seen_nonces.clear()


@pytest.fixture
def metered(shop: Shop) -> Subscription:
    subscription = make_subscription(make_order(paid=True), instance_id="i-1")
    keys.rotate_signing_key(subscription.seller, "base", now=clock.now(), secret=BASE_KEY)
    return subscription


def push(*, key: str = BASE_KEY, instance: str = "i-1", nonce: str = "n-1", late: timedelta = timedelta()) -> Request:
    at = clock.wall() - late
    record = UsageRecord(
        instance_id=instance, recorded_at=at, begin_at=at, end_at=at, value=Decimal(1), metering_sn="sn-1"
    )
    return push_request([record], market=f"http://{HOST}", key=key, now=at, nonce=nonce)


def refusal(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, members(response)["error_code"]


def test_api_is_served_beside_the_order_query(shop: Shop, metered: Subscription) -> None:
    answer = send(push())
    assert (answer.status_code, members(answer)) == (200, {"error_code": "MKT.0000", "error_msg": "Success"})
    assert [record.instance_id for record in base_key_api.received_records] == ["i-1"]
    assert shop.ask("orderId=MOCKPERIODYEARNEW").status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        lambda: push(key="another key"),
        lambda: push(instance="i-of-nobody"),
        lambda: push(late=timedelta(minutes=16)),
        lambda: replace(push(), body=push().body.replace(b'"1"', b'"9"')),
        lambda: replace(push(), headers=()),
    ],
)
def test_wrong_signature_gets_the_error_of_this_api_and_stores_nothing(
    shop: Shop, metered: Subscription, request_
) -> None:
    assert refusal(send(request_())) == (401, "94060002")
    assert base_key_api.received_records == []


def test_signature_of_the_other_kind_is_refused_by_both(shop: Shop, metered: Subscription) -> None:
    signed = shop.signed("", path=push().url.removeprefix(f"http://{HOST}"), method="POST", body=push().body)
    assert refusal(send(signed)) == (401, "94060002")
    wrong = replace(push(), url=f"http://{HOST}/api/mkp-openapi-public/global/v1/order/query", method="GET")
    assert refusal(send(wrong)) == (401, "APIGW.0301")
    assert base_key_api.received_records == []


class Unreadable(BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {}, (404, "APIGW.0101")),
        ("POST", {}, (401, "94060002")),
        ("POST", {"ts": "1"}, (401, "94060002")),
        ("POST", {"content-length": str(base_key_api.MAX_BODY_BYTES + 1)}, (413, "APIGW.0201")),
    ],
)
def test_method_size_and_headers_are_checked_before_the_body_is_read(
    metered: Subscription, method: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    http = RequestFactory().generic(method, "/", b"x", headers=headers)
    http.now = clock.now()  # type: ignore[attr-defined]  # as the middleware does
    http._stream = Unreadable()
    assert refusal(base_key_api.usage_data(http)) == expected


def test_missing_signature_is_refused_before_the_body_is_read(shop: Shop) -> None:
    """§C.1: a missing header needs no body; an unknown key must take as long to refuse as a wrong secret."""
    from tradepost.market.open_api.order_query import order_query

    http = RequestFactory().generic("GET", "/", b"x")
    http.now = clock.now()  # type: ignore[attr-defined]  # as the middleware does
    http._stream = Unreadable()
    assert refusal(order_query(http)) == (401, "APIGW.0301")


def test_internal_error_and_rate_limit_use_the_errors_of_this_api(
    shop: Shop, metered: Subscription, monkeypatch
) -> None:
    limit = throttle.RateLimit("1/minute")
    monkeypatch.setattr("tradepost.market.open_api.answers.rate_limit", lambda: limit)
    monkeypatch.setattr("tests.market.open_api.base_key_api.usage_push.push_response", None)
    assert refusal(send(push())) == (500, "94060001")
    limited = send(push(nonce="n-2"))
    assert refusal(limited) == (429, "APIGW.0308")
    assert 0 < int(limited["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("method", "path", "max_bytes"),
    [
        ("POST", PATH, base_key_api.MAX_BODY_BYTES),
        ("GET", PATH, 0),
        ("GET", "/api/mkp-openapi-public/global/v1/order/query", 12 * 1024 * 1024),
        ("POST", "/api/mkp-openapi-public/global/v1/order/query", 0),
        ("POST", "/api/mkp-openapi-public/global/v1/nothing", 0),
        ("POST", "/api/", 0),
        ("POST", "/api/\xe4\xb8\xad", 0),
        ("POST", "//api/x", 0),
    ],
)
def test_server_accepts_bodies_only_up_to_the_limit_of_the_api(method: str, path: str, max_bytes: int) -> None:
    assert max_body_bytes({"REQUEST_METHOD": method, "PATH_INFO": path}) == max_bytes
