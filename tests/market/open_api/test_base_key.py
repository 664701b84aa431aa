"""An API signed with the base key, served beside AK/SK by the same frame (issue 7, Structure; openapi-jointkit §C.5)."""

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
from tradepost.market.open_api.answers import largest_body_of
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.usage_push import PATH, UsageRecord, push_request

KEY = "a base key that only this test knows"


@pytest.fixture(autouse=True)
def addresses(settings) -> Iterator[None]:
    settings.ROOT_URLCONF = base_key_api.__name__
    yield
    base_key_api.taken.clear()
    base_key_api.nonces.clear()


@pytest.fixture
def metered(shop: Shop) -> Subscription:
    subscription = make_subscription(make_order(paid=True), instance_id="i-1")
    keys.rotate_signing_key(subscription.seller, "base", now=clock.now(), secret=KEY)
    return subscription


def pushed(*, key: str = KEY, instance: str = "i-1", nonce: str = "n-1", late: timedelta = timedelta()) -> Request:
    at = clock.wall() - late
    record = UsageRecord(
        instance_id=instance, recorded_at=at, begin_at=at, end_at=at, value=Decimal(1), metering_sn="sn-1"
    )
    return push_request([record], market=f"http://{HOST}", key=key, now=at, nonce=nonce)


def refusal(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, members(response)["error_code"]


def test_it_is_served_and_the_order_query_beside_it(shop: Shop, metered: Subscription) -> None:
    answer = send(pushed())
    assert (answer.status_code, members(answer)) == (200, {"error_code": "MKT.0000", "error_msg": "Success"})
    assert [record.instance_id for record in base_key_api.taken] == ["i-1"]
    assert shop.ask("orderId=MOCKPERIODYEARNEW").status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        lambda: pushed(key="another key"),
        lambda: pushed(instance="i-of-nobody"),
        lambda: pushed(late=timedelta(minutes=16)),
        lambda: replace(pushed(), body=pushed().body.replace(b'"1"', b'"9"')),
        lambda: replace(pushed(), headers=()),
    ],
)
def test_what_is_not_signed_with_the_key_gets_the_row_of_its_own_table_and_nothing_is_taken(
    shop: Shop, metered: Subscription, request_
) -> None:
    assert refusal(send(request_())) == (401, "94060002")
    assert base_key_api.taken == []


def test_a_signature_of_the_other_kind_opens_neither(shop: Shop, metered: Subscription) -> None:
    signed = shop.signed("", path=pushed().url.removeprefix(f"http://{HOST}"), method="POST", body=pushed().body)
    assert refusal(send(signed)) == (401, "94060002")
    wrong = replace(pushed(), url=f"http://{HOST}/api/mkp-openapi-public/global/v1/order/query", method="GET")
    assert refusal(send(wrong)) == (401, "APIGW.0301")
    assert base_key_api.taken == []


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
        ("POST", {"content-length": str(base_key_api.LARGEST + 1)}, (413, "APIGW.0201")),
    ],
)
def test_method_size_and_head_decide_before_the_body_is_read(
    metered: Subscription, method: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    http = RequestFactory().generic(method, "/", b"x", headers=headers)
    http.now = clock.now()  # type: ignore[attr-defined]  # as the middleware does
    http._stream = Unreadable()
    assert refusal(base_key_api.usage_data(http)) == expected


def test_an_unknown_access_key_is_told_as_a_wrong_secret_is_and_its_head_is_judged_first(shop: Shop) -> None:
    """§C.1: a missing header needs no body; that a key is unknown must cost what a wrong secret costs."""
    from tradepost.market.open_api.order_query import order_query

    http = RequestFactory().generic("GET", "/", b"x")
    http.now = clock.now()  # type: ignore[attr-defined]  # as the middleware does
    http._stream = Unreadable()
    assert refusal(order_query(http)) == (401, "APIGW.0301")


def test_an_error_of_ours_and_too_many_requests_have_its_rows(shop: Shop, metered: Subscription, monkeypatch) -> None:
    limit = throttle.RateLimit("1/minute")
    monkeypatch.setattr("tradepost.market.open_api.answers.rate_limit", lambda: limit)
    monkeypatch.setattr("tests.market.open_api.base_key_api.usage_push.pushed", None)
    assert refusal(send(pushed())) == (500, "94060001")
    often = send(pushed(nonce="n-2"))
    assert refusal(often) == (429, "APIGW.0308")
    assert 0 < int(often["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("POST", PATH, base_key_api.LARGEST),
        ("GET", PATH, 0),
        ("GET", "/api/mkp-openapi-public/global/v1/order/query", 12 * 1024 * 1024),
        ("POST", "/api/mkp-openapi-public/global/v1/order/query", 0),
        ("POST", "/api/mkp-openapi-public/global/v1/nothing", 0),
        ("POST", "/api/", 0),
        ("POST", "/api/\xe4\xb8\xad", 0),
        ("POST", "//api/x", 0),
    ],
)
def test_the_server_receives_no_body_that_no_api_takes(method: str, path: str, most: int) -> None:
    assert largest_body_of({"REQUEST_METHOD": method, "PATH_INFO": path}) == most
