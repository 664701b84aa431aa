"""Usage pushes of sellers' servers: both editions and the form of 2018 (openapi-jointkit §C.5, §C.6)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse

from tests.factories import make_order, make_seller, make_subscription
from tests.factories.metering import item, make_metered
from tests.market.open_api.asking import HOST, Shop, members, send
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.market.metering.models import Nonce, Push, Record, RefusedRecord
from tradepost.market.open_api import throttle, usage_authentication
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request
from tradepost.protocols.open_api import usage_push, usage_push_old
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.usage_push import PATH, UsageRecord, push_request

BASE_KEY = "a base key that only this test knows"
HOUR = timedelta(hours=1)
PATH_2018 = "/v1.0/p-1/billing/bill-mgr/push-usage-data"


@pytest.fixture
def service(db: None, settings) -> Subscription:
    """A service of a seller with a base key and an access key, active for ten hours."""
    settings.ALLOWED_HOSTS = [HOST]
    seller = make_seller(signing_key=BASE_KEY)
    return make_metered(seller=seller, instance_id="i-1", started_at=clock.now() - 10 * HOUR)


@pytest.fixture
def shop(service: Subscription) -> Shop:
    """Requests of the seller's server with AK/SK, without the demo."""
    new = keys.create_access_key(service.seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


def record(service: Subscription, hour: int = 0, value: str = "1.5", **changed: object) -> UsageRecord:
    assert service.started_at
    begin = service.started_at.replace(microsecond=0) + hour * HOUR
    fields = {
        "instance_id": service.instance_id, "recorded_at": begin + HOUR, "begin_at": begin, "end_at": begin + HOUR,
        "value": Decimal(value), "metering_sn": f"sn-{hour}",
    }  # fmt: skip
    return UsageRecord(**(fields | changed))  # type: ignore[arg-type]


def signed(*records: UsageRecord, key: str = BASE_KEY, nonce: str = "n-1", late: timedelta = timedelta()) -> Request:
    return push_request(records, market=f"http://{HOST}", key=key, now=clock.wall() - late, nonce=nonce)


def signed_body(body: bytes, *, nonce: str = "n-1") -> Request:
    """Sign any body unchanged."""
    ts = str(int(clock.wall().timestamp() * 1000))
    signature = usage_push.push_signature(key=BASE_KEY, ts=ts, nonce=nonce, body=body)
    return Request("POST", f"http://{HOST}{PATH}", (("signature", signature), ("ts", ts), ("nonce", nonce)), body)


def status_and_code(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, members(response)["error_code"]


def is_nothing_stored() -> bool:
    return not any(model.objects.exists() for model in (Push, Record, RefusedRecord, Nonce))


# --- new edition ------------------------------------------------------------------------------------------------------


def test_invalid_records_are_returned_and_the_others_stored(service: Subscription) -> None:
    """C.5: 200 MKT.0000 and the list of abnormal records."""
    answer = send(signed(record(service), record(service, 1, end_at=clock.now() + HOUR), record(service, 2, "7")))
    assert answer.status_code == 200
    assert members(answer) == {
        "error_code": "MKT.0000",
        "error_msg": "Success",
        "abnormal_usage_data": [
            {
                "metering_sn": "sn-1", "instance_id": "i-1", "error_code": "94060011",
                "error_msg": "the time range is invalid (end_time)",
            }
        ],
    }  # fmt: skip
    assert list(Record.objects.order_by("pk").values_list("quantity", flat=True)) == [15_000, 70_000]
    assert (Push.objects.get().api, Push.objects.get().seller) == ("new", service.seller)


def test_repeated_push_of_the_kit_succeeds(service: Subscription) -> None:
    """After a lost response, the kit's ``push_usage`` sends the same records with a new nonce."""
    for nonce in ("n-1", "n-2"):
        assert members(send(signed(record(service), nonce=nonce))) == {"error_code": "MKT.0000", "error_msg": "Success"}
    assert Record.objects.count() == 1
    assert list(Push.objects.order_by("pk").values_list("accepted", "repeated")) == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda s: signed(record(s), key="another key of somebody"), "no base key"),
        (lambda s: signed(record(s), late=timedelta(minutes=16)), "ts is more than 15 minutes"),
        (lambda s: replace(signed(record(s)), headers=()), "the header ts"),
        (lambda s: replace(signed(record(s)), body=signed(record(s, value="9")).body), "no base key"),
    ],
)
def test_wrong_signature_is_refused_and_nothing_is_stored(service: Subscription, change, detail: str) -> None:
    """C.5: 401 94060002. A wrong signature does not use up the nonce."""
    answer = send(change(service))
    assert status_and_code(answer) == (401, "94060002")
    assert detail in members(answer)["error_msg"]
    assert is_nothing_stored()
    assert status_and_code(send(signed(record(service)))) == (200, "MKT.0000")


def test_nonce_is_accepted_once(service: Subscription) -> None:
    assert status_and_code(send(signed(record(service)))) == (200, "MKT.0000")
    repeated = send(signed(record(service, 1)))
    assert status_and_code(repeated) == (401, "94060002")
    assert "nonce was used before" in members(repeated)["error_msg"]
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"usage_records":[]}', b"\xff", b'{"usage_records":[' + b"{}," * 1000 + b"{}]}"]
)
def test_body_without_a_list_of_records_is_an_invalid_parameter(service: Subscription, body: bytes) -> None:
    """C.5: 400 94060004; at most 1,000 records."""
    assert status_and_code(send(signed_body(body))) == (400, "94060004")
    assert is_nothing_stored()


def test_ambiguous_json_is_refused_after_the_signature_check(service: Subscription, monkeypatch) -> None:
    """The strict parser runs only after a key of the instances' sellers matched, so unsigned garbage costs little (§C.5, 94060002 and 94060004)."""
    body = signed(record(service)).body.replace(b'"instance_id"', b'"instance_id":"i-2","instance_id"', 1)
    assert status_and_code(send(signed_body(body))) == (400, "94060004")
    assert is_nothing_stored()
    unsigned = signed(record(service), key="another key of somebody")
    monkeypatch.setattr(usage_authentication, "load_items", lambda body: pytest.fail("the body was parsed"))
    assert status_and_code(send(unsigned)) == (401, "94060002")
    assert is_nothing_stored()


@pytest.mark.parametrize(
    "instance", [7, None, ["i-1"], "\ud800", "i-1\x00", "", "x" * 65]
)  # invalid IDs beside a valid one
def test_seller_is_found_by_the_valid_instances(service: Subscription, instance: object) -> None:
    (valid_record,) = json.loads(signed(record(service)).body)["usage_records"]
    answer = send(
        signed_body(json.dumps({"usage_records": [valid_record | {"instance_id": instance}, valid_record]}).encode())
    )
    assert status_and_code(answer) == (200, "MKT.0000")
    assert [entry["error_code"] for entry in members(answer)["abnormal_usage_data"]] == ["001"]
    assert Record.objects.count() == 1


def test_usage_of_another_seller_is_refused_and_not_stored_for_its_owner(service: Subscription) -> None:
    """§4.8: 009. Naming the other seller's instance first makes no difference."""
    other = make_metered(instance_id="i-other")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    answer = members(send(signed(record(service, 0, instance_id="i-other", metering_sn="x"), record(service, 1))))
    assert [entry["error_code"] for entry in answer["abnormal_usage_data"]] == ["94060009"]
    assert list(Record.objects.values_list("subscription", flat=True)) == [service.pk]


@pytest.mark.parametrize("instance", ["of-nobody", "i-other", "", "x" * 65, "i-1\x00"])
def test_push_with_only_unknown_instances_succeeds_and_its_records_are_refused(
    service: Subscription, instance: str
) -> None:
    """C.5 rule 1: the interface does not fail on bad records. The seller is found by the signature."""
    other = make_metered(instance_id="i-other")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    (valid_record,) = json.loads(signed(record(service)).body)["usage_records"]
    answer = send(signed_body(json.dumps({"usage_records": [valid_record | {"instance_id": instance}]}).encode()))
    assert status_and_code(answer) == (200, "MKT.0000")
    assert len(members(answer)["abnormal_usage_data"]) == 1
    refused = RefusedRecord.objects.get()
    assert (refused.seller_id, refused.code) == (
        service.seller_id,
        "001" if instance not in {"of-nobody", "i-other"} else "009",
    )
    assert not Record.objects.exists()


def test_key_search_is_limited_by_number_and_size(service: Subscription, monkeypatch) -> None:
    """Keys that pushed most recently are tried first, so an active seller is found in a large market."""
    assert status_and_code(send(signed(record(service)))) == (200, "MKT.0000")
    for n in range(3):
        newer = make_seller()
        keys.rotate_signing_key(newer, "base", now=clock.now(), secret=f"a base key of seller {n}")
    monkeypatch.setattr(usage_authentication, "MAX_KEYS", 1)
    unknown = signed(record(service, 1, instance_id="of-nobody"), nonce="n-2")
    assert status_and_code(send(unknown)) == (200, "MKT.0000")
    monkeypatch.setattr(usage_authentication, "MAX_HASHED_BYTES", 100)
    assert status_and_code(send(signed(record(service, 1, instance_id="of-nobody"), nonce="n-3"))) == (401, "94060002")


def test_sellers_can_use_the_same_instance_id(service: Subscription) -> None:
    other = make_metered(instance_id="i-1")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    assert status_and_code(send(signed(record(service)))) == (200, "MKT.0000")
    assert Record.objects.get().subscription == service


def with_authorization(request: Request, *, ak: str, sk: str) -> Request:
    """Add an AK/SK signature, as the Chinese pages hint."""
    return sign(request, ak=ak, sk=sk, now=clock.wall(), signed_headers=("content-type", "host", "x-sdk-date"))


def test_authorization_header_must_belong_to_the_same_seller(shop: Shop, service: Subscription) -> None:
    """C.5: accept the signature alone; if an Authorization header is present verify it too."""
    push = signed(record(service))
    ak, sk = shop.seeded.access_key, shop.seeded.secret_key
    assert status_and_code(send(with_authorization(push, ak=ak, sk="a wrong secret"))) == (401, "94060002")
    foreign_key = keys.create_access_key(make_metered().seller, by=None, now=clock.now())
    assert status_and_code(send(with_authorization(push, ak=foreign_key.key_id, sk=foreign_key.secret))) == (
        401,
        "94060002",
    )
    assert is_nothing_stored()
    assert status_and_code(send(with_authorization(push, ak=ak, sk=sk))) == (200, "MKT.0000")


def test_guessing_address_is_locked(service: Subscription) -> None:
    """C.1: more than five failures in a row lock for five minutes; the body is not read then."""
    for n in range(6):
        assert status_and_code(send(signed(record(service), key="a guess at a key", nonce=f"g-{n}"))) == (
            401,
            "94060002",
        )
    locked = send(signed(record(service)))
    assert status_and_code(locked) == (401, "94060002")
    assert 0 < int(locked["Retry-After"]) <= 300
    assert is_nothing_stored()


def test_busy_database_stores_nothing_and_sets_retry_after(service: Subscription, monkeypatch) -> None:
    """design money.md §5: 502 APIGW.0201 with Retry-After."""

    def fail(*_args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("tradepost.market.metering.intake._finish", fail)
    busy = send(signed(record(service)))
    assert status_and_code(busy) == (502, "APIGW.0201")
    assert int(busy["Retry-After"]) > 0
    assert is_nothing_stored()


def test_rate_and_size_are_limited(service: Subscription, monkeypatch) -> None:
    limit = throttle.RateLimit("1/minute")
    monkeypatch.setattr("tradepost.market.open_api.answers.rate_limit", lambda: limit)
    assert status_and_code(send(signed(record(service)))) == (200, "MKT.0000")
    assert status_and_code(send(signed(record(service, 1), nonce="n-2"))) == (429, "APIGW.0308")
    assert status_and_code(send(signed_body(b" " * (1024 * 1024 + 1)))) == (413, "APIGW.0201")
    assert Record.objects.count() == 1


# --- older editions ---------------------------------------------------------------------------------------------------


def old_item(service: Subscription, hour: int = 0, **changed: object) -> dict[str, object]:
    assert service.started_at
    fields = item(service, service.started_at + hour * HOUR, "2") | {"product_id": service.offer.product_id} | changed
    return {name: value for name, value in fields.items() if name != "metering_sn"}


def push_old(
    shop: Shop, *items: object, path: str = usage_push_old.PATH, name: str = "usage_records", **signed_with: Any
) -> HttpResponse:
    body = json.dumps({name: items}).encode()
    return send(shop.signed("", path=path, method="POST", body=body, **signed_with))


def test_older_edition_does_not_list_invalid_records(shop: Shop, service: Subscription) -> None:
    """C.6: {"error_code":"MKT.0000","error_msg":"success"}; repeated usage of one time is the same usage."""
    for _try in range(2):
        answer = push_old(shop, old_item(service), old_item(service, 1, usage_value="0"))
        assert (answer.status_code, members(answer)) == (200, {"error_code": "MKT.0000", "error_msg": "success"})
    assert [(r.sn, r.quantity) for r in Record.objects.all()] == [("", 20_000)]
    assert list(Push.objects.order_by("pk").values_list("api", "accepted", "repeated", "refused")) == [
        ("old", 1, 0, 1),
        ("old", 0, 1, 1),
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"instance_id": "of-nobody"}, (500, "MKT.9001")),
        ({"product_id": "of-another"}, (500, "MKT.9002")),
        ({"usage_value": "-1"}, (500, "MKT.9002")),
        ({"begin_time": "20200101T000000Z"}, (500, "MKT.9004")),
        ({"end_time": "now"}, (500, "MKT.0100")),
        ({"instance_id": ""}, (400, "MKT.0101")),
    ],
)
def test_call_has_the_common_code_of_its_invalid_records(shop: Shop, service: Subscription, changed, expected) -> None:
    """C.4 table: 9001 "Instance ID not found", 9002 invalid usage entities, also for the seller's own instance with another
    product, 9004 more than 21 days old. They are stored as refused for the seller.
    """
    answer = push_old(shop, old_item(service, **changed), old_item(service, 1, **changed))
    assert status_and_code(answer) == expected
    # wrongRecords prevents retries with parts of a fully invalid batch; MKT.0101 carries no extra_info (C.4).
    assert members(answer).get("extra_info", {}).get("wrongRecords") == (None if expected[1] == "MKT.0101" else 2)
    assert (Record.objects.count(), RefusedRecord.objects.count()) == (0, 2)


def test_call_with_differently_invalid_records_is_no_success(shop: Shop, service: Subscription) -> None:
    """C.4: 9002 invalid usage entities. Nothing was stored, so the seller must not read MKT.0000."""
    answer = push_old(shop, old_item(service, instance_id="of-nobody"), old_item(service, 1, usage_value="-1"))
    assert status_and_code(answer) == (500, "MKT.9002")
    assert members(answer)["extra_info"]["wrongRecords"] == 2
    assert (Record.objects.count(), RefusedRecord.objects.count()) == (0, 2)


def test_empty_list_is_an_invalid_parameter(shop: Shop, service: Subscription) -> None:
    """C.4: 0101 missing mandatory parameter; 9003 is the limit of size."""
    assert status_and_code(push_old(shop)) == (400, "MKT.0101")
    assert status_and_code(push_old(shop, path=PATH_2018, name="usageRecords")) == (400, "MKT.0101")
    assert is_nothing_stored()


def test_more_than_a_thousand_records_and_a_missing_list_are_refused(shop: Shop, service: Subscription) -> None:
    """C.6: MKT.9003 limit 1000."""
    assert status_and_code(push_old(shop, *[{}] * 1001)) == (500, "MKT.9003")
    assert status_and_code(push_old(shop, name="records")) == (400, "MKT.0101")
    assert is_nothing_stored()


def test_older_edition_refuses_a_wrong_signature(shop: Shop, service: Subscription) -> None:
    """C.2: 401 APIGW.0301, as at the order query."""
    assert status_and_code(push_old(shop, old_item(service), secret="a wrong secret")) == (401, "APIGW.0301")
    assert is_nothing_stored()


def test_form_of_2018_is_accepted(shop: Shop, service: Subscription) -> None:
    """C.6: usageEntity with one quantity."""
    new = old_item(service)
    form = {
        "instanceId": new["instance_id"], "recordTime": new["record_time"], "beginTime": new["begin_time"],
        "endTime": new["end_time"], "usageEntity": {"times": "3524"},
    }  # fmt: skip
    assert status_and_code(push_old(shop, form, path=PATH_2018, name="usageRecords")) == (200, "MKT.0000")
    assert Record.objects.get().quantity == 35_240_000


@pytest.mark.parametrize("path", ["/rest/anything", "/v1.0/p/x", "/rest/", "//rest/x", "/v1.0"])
def test_unknown_paths_of_the_old_prefixes_get_the_gateways_404(client, shop: Shop, path: str) -> None:
    """C.2: APIGW.0101."""
    answer = client.generic("POST", "/", headers={"host": HOST}, PATH_INFO=path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")


def test_usage_of_a_monthly_service_is_refused(shop: Shop, service: Subscription) -> None:
    """§4.8: 012."""
    monthly = make_subscription(make_order(paid=True), instance_id="monthly")
    Subscription.objects.filter(pk=monthly.pk).update(seller=Seller.objects.get(pk=service.seller_id))
    answer = members(send(signed(record(service, instance_id="monthly"))))
    assert [entry["error_code"] for entry in answer["abnormal_usage_data"]] == ["94060012"]
