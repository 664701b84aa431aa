"""The calls of the client beyond the order query: what goes over the wire, and that a repeated call never takes effect
twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.kit.market import HANG_UP, Market, open_market
from tests.kit.market_answers import RECORD
from tests.protocols.open_api.uploads import file_of, parse
from tradepost.kit.client import MarketClient, MarketError
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import (
    assets,
    buyer_orders,
    license_calls,
    software_usage,
    upload,
    usage_push,
    usage_push_old,
)
from tradepost.protocols.open_api.errors import api_response, error_envelope

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
BASE_KEY = "the base key"
INFO = license_calls.LicenseInfo(license_code="PL1", status="ALIVE", product_id="OFFI1", order_id="CS1", amount=2)


@pytest.fixture
def market() -> Iterator[Market]:
    with open_market(lambda: NOW) as told:
        yield told


def client(market: Market, clock: Callable[[], datetime] = lambda: NOW) -> MarketClient:
    return MarketClient(market.url, "AK1", "secret", pause=0, timeout=10, base_key=BASE_KEY, clock=clock)


def failure(status: int, code: str) -> Response:
    return api_response(status, error_envelope(code, "words"))


def test_usage_is_pushed_with_the_base_key_and_its_own_ids(market):
    """openapi-jointkit §C.5."""
    bad = usage_push.AbnormalRecord(metering_sn="sn-1", instance_id="i-1", code="94060014", message="closed")
    market.answers = [usage_push.push_response([bad])]
    assert client(market).push_usage([RECORD]) == {"sn-1": "94060014: closed"}
    (asked,) = market.asked
    assert asked.header("Authorization") is None
    (arrived,) = usage_push.open_push(asked, key=BASE_KEY, now=NOW, nonce_seen=lambda _nonce, _until: False)
    assert arrived == usage_push.UsageRecord(
        instance_id="i-1",
        recorded_at=NOW,
        begin_at=NOW - timedelta(hours=2),
        end_at=NOW - timedelta(hours=1),
        value=Decimal("99.5"),
        metering_sn="sn-1",
        package_instance_id="p-1",
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-12-24T08:00:00Z", NOW + timedelta(days=30)),
        # A market in real time sends no time, another may send garbage: then the time of this machine counts.
        ("", NOW),
        ("tomorrow", NOW),
        ("2026-12-24T08:00:00", NOW),
    ],
)
def test_time_of_a_sandbox_is_taken_from_its_responses(market, said, expected):
    """openapi-jointkit §C.5 rule 3: begin_time ≤ end_time ≤ report time, by the market's clock, which a sandbox may move."""
    found = api_response(200, {"resultCode": "MKT.0000", "resultMsg": "Success."})
    market.answers = [Response(found.status, (*found.headers, ("X-Sandbox-Time", said)), found.body)]
    assert client(market).market_time() == expected
    assert "orderId=MOCKONDEMAND" in market.asked[0].url
    market.answers = [failure(401, "APIGW.0301")]
    with pytest.raises(MarketError, match=r"APIGW\.0301"):
        client(market).market_time()


def test_push_without_a_response_is_repeated_with_the_same_ids_and_a_new_nonce(market):
    market.answers = [HANG_UP, failure(500, "94060001"), usage_push.push_response()]
    assert client(market).push_usage([RECORD]) == {}
    assert [json.loads(asked.body)["usage_records"][0]["metering_sn"] for asked in market.asked] == ["sn-1"] * 3
    assert len({asked.header("nonce") for asked in market.asked}) == 3
    for asked in market.asked:
        usage_push.open_push(asked, key=BASE_KEY, now=NOW, nonce_seen=lambda _nonce, _until: False)


def test_finally_refused_push_is_not_repeated(market):
    """openapi-jointkit §C.4: MKT.9002 travels with status 500."""
    for answer in (failure(400, "94060004"), failure(401, "94060002"), failure(500, "MKT.9002")):
        market.answers = [answer]
        market.asked.clear()
        with pytest.raises(MarketError):
            client(market).push_usage([RECORD])
        assert len(market.asked) == 1


def test_usage_without_a_base_key_requires_it(market):
    with pytest.raises(ValueError, match="base_key"):
        MarketClient(market.url, "AK1", "secret").push_usage([RECORD])


def test_older_push_is_signed_with_the_access_key(market):
    """openapi-jointkit §C.6."""
    market.answers = [HANG_UP, usage_push_old.push_response()]
    assert client(market).push_usage_old([RECORD]) == {}
    assert len(market.asked) == 2
    (arrived,) = usage_push_old.load_records(market.asked[1].body)
    assert (arrived.product_id, arrived.value) == ("OFFI1", Decimal("99.5"))
    assert (market.asked[1].header("Authorization") or "").startswith("SDK-HMAC-SHA256 Access=AK1, ")


def test_texts_and_files_are_uploaded(market):
    """openapi-jointkit §C.7."""
    market.answers = [upload.upload_response()]
    client(market).upload_text("event 1", "license 云")
    client(market).upload_file("e2", "许可证.lic", b"\x00\xff--\r\n")
    content = b"\x00\xff--\r\n"
    assert [parse(asked) for asked in market.asked] == [
        (upload.TextUpload(event_id="event 1", characters="license 云"), b""),
        (file_of("e2", "许可证.lic", content), content),
    ]


def test_licenses_are_activated_and_queried(market):
    """openapi-jointkit §C.8, §C.9."""
    market.answers = [license_calls.activated_response(INFO)]
    assert client(market).activate_license("PL1", since=NOW).product_id == "OFFI1"
    market.answers = [license_calls.activated_response()]
    client(market).activate_licenses(["PL1", "PL2"])
    market.answers = [HANG_UP, license_calls.query_response([INFO], version=1)]
    assert client(market).license("PL1") == INFO
    market.answers = [license_calls.query_response([INFO], version=2)]
    assert client(market).licenses(["PL1"]) == (INFO,)
    first, second, _, third, fourth = (asked.body for asked in market.asked)
    assert license_calls.load_activate(first, version=1) == license_calls.Activate(licenses=("PL1",), since=NOW)
    assert license_calls.load_activate(second, version=2).licenses == ("PL1", "PL2")
    assert license_calls.load_query(third, version=1).licenses == ("PL1",)
    assert license_calls.load_query(fourth, version=2).licenses == ("PL1",)


def test_failure_with_status_200_is_raised(market):
    """openapi-jointkit §C.8: 92020003, do not activate twice."""
    market.answers = [failure(200, "92020003")]
    with pytest.raises(MarketError) as refused:
        client(market).activate_license("PL1")
    assert (refused.value.code, refused.value.status) == ("92020003", 200)


def test_software_usage_is_reported(market):
    """openapi-jointkit §C.10."""
    market.answers = [software_usage.report_response(["PL2"])]
    usages = [
        software_usage.SoftwareUsage(license="PL1", clients=("a",)),
        software_usage.SoftwareUsage(license="PL2", active=7),
    ]
    assert client(market).report_software_usage(usages) == ("PL2",)
    assert list(software_usage.load_usages(market.asked[0].body)) == usages


def test_deployed_objects_of_an_asset_are_returned(market):
    """openapi-jointkit §C.11."""
    image = assets.DeployedObject(
        asset_id="a1", deployed_type="image", version="V1.0", image=assets.ImageObject(image_id="im-1")
    )
    query = assets.DeployedQuery(asset_id="a1", deployed_type=assets.DeployedType.IMAGE, query_all=True)
    market.answers = [HANG_UP, assets.deployed_response([image])]
    assert client(market).deployed_objects(query) == (image,)
    assert assets.load_query(market.asked[1]) == query


def test_buyer_lists_cancels_and_queries(market):
    """openapi-jointkit §C.12."""
    asked = buyer_orders.ListOrders(start_time="2026-01-01 00:00:00", end_time="2026-11-24 00:00:00", limit=20)
    market.answers = [buyer_orders.list_response(1, [buyer_orders.OrderSummary(order_id="CS1")])]
    assert client(market).list_orders(asked) == (1, (buyer_orders.OrderSummary(order_id="CS1"),))
    assert buyer_orders.load_list(market.asked[0].body) == asked
    shown = buyer_orders.OrderDetails(common={"order_id": "CS1"}, resources=({"resource_id": "r-1"},))
    market.answers = [HANG_UP, buyer_orders.details_response([shown])]
    assert client(market).order_details(["CS1"]) == (shown,)
    assert [buyer_orders.load_detailed(asked.body) for asked in market.asked[1:]] == [("CS1",)] * 2
    market.answers = [buyer_orders.cancelled_response()]
    client(market).cancel_orders(["CS1"])
    assert buyer_orders.load_cancelled(market.asked[3].body) == ("CS1",)
    instance = buyer_orders.SaasInstance(front_url="https://app.example.com/", account="admin", password="first")
    market.answers = [buyer_orders.instance_response(instance)]
    show = buyer_orders.ShowSaasInstance(order_id="CS1", instance_id="i-1", buyer_domain_id="d-1")
    assert client(market).saas_instance(show) == instance


@pytest.mark.parametrize(
    "call",
    [
        lambda market: market.upload_text("e1", "text"),
        lambda market: market.upload_file("e1", "name", b"content"),
        lambda market: market.activate_license("PL1"),
        lambda market: market.activate_licenses(["PL1"]),
        lambda market: market.report_software_usage([software_usage.SoftwareUsage(license="PL1", active=7)]),
        lambda market: market.cancel_orders(["CS1"]),
    ],
    ids=["upload_text", "upload_file", "activate", "activate_many", "software_usage", "cancel"],
)
def test_call_that_might_take_effect_twice_is_sent_once(market, call):
    for answer in (HANG_UP, failure(503, "")):
        market.answers = [answer]
        market.asked.clear()
        with pytest.raises(MarketError):
            call(client(market))
        assert len(market.asked) == 1


def test_unsent_call_is_retried(market):
    """No server listens there, so the call cannot have had an effect."""
    signed: list[datetime] = []

    def clock() -> datetime:
        signed.append(NOW)
        return NOW

    nobody = MarketClient("http://127.0.0.1:1", "AK1", "secret", pause=0, clock=clock)
    with pytest.raises(MarketError, match="unreachable"):
        nobody.activate_license("PL1")
    assert len(signed) == 3
