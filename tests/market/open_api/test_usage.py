"""The usage pushes as sellers' servers make them, both editions and the form of 2018 (openapi-jointkit §C.5, §C.6)."""

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

KEY = "a base key that only this test knows"
HOUR = timedelta(hours=1)
PATH_2018 = "/v1.0/p-1/billing/bill-mgr/push-usage-data"


@pytest.fixture
def service(db: None, settings) -> Subscription:
    """Of a seller with a base key and an access key; open for ten hours."""
    settings.ALLOWED_HOSTS = [HOST]
    seller = make_seller(signing_key=KEY)
    return make_metered(seller=seller, instance_id="i-1", started_at=clock.now() - 10 * HOUR)


@pytest.fixture
def shop(service: Subscription) -> Shop:
    """How its server asks with AK/SK; nothing of the demo is needed."""
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


def signed(*records: UsageRecord, key: str = KEY, nonce: str = "n-1", late: timedelta = timedelta()) -> Request:
    return push_request(records, market=f"http://{HOST}", key=key, now=clock.wall() - late, nonce=nonce)


def resigned(body: bytes, *, nonce: str = "n-1") -> Request:
    """Any body, signed as it is."""
    ts = str(int(clock.wall().timestamp() * 1000))
    signature = usage_push.push_signature(key=KEY, ts=ts, nonce=nonce, body=body)
    return Request("POST", f"http://{HOST}{PATH}", (("signature", signature), ("ts", ts), ("nonce", nonce)), body)


def said(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, members(response)["error_code"]


def nothing_is_stored() -> bool:
    return not any(model.objects.exists() for model in (Push, Record, RefusedRecord, Nonce))


# --- new edition ------------------------------------------------------------------------------------------------------


def test_a_push_is_answered_with_those_that_are_bad_and_the_others_are_stored(service: Subscription) -> None:
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


def test_a_repeat_of_the_kit_is_a_success(service: Subscription) -> None:
    """An answer that got lost: the same records with a new nonce (kit ``push_usage``)."""
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
def test_who_did_not_sign_is_refused_and_nothing_is_stored(service: Subscription, change, detail: str) -> None:
    """C.5: 401 94060002. A nonce is not burned by somebody else's signature."""
    answer = send(change(service))
    assert said(answer) == (401, "94060002")
    assert detail in members(answer)["error_msg"]
    assert nothing_is_stored()
    assert said(send(signed(record(service)))) == (200, "MKT.0000")


def test_a_nonce_counts_once(service: Subscription) -> None:
    assert said(send(signed(record(service)))) == (200, "MKT.0000")
    again = send(signed(record(service, 1)))
    assert said(again) == (401, "94060002")
    assert "nonce was used before" in members(again)["error_msg"]
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"usage_records":[]}', b"\xff", b'{"usage_records":[' + b"{}," * 1000 + b"{}]}"]
)
def test_what_is_no_list_of_records_is_a_bad_parameter(service: Subscription, body: bytes) -> None:
    """C.5: 400 94060004; at most 1,000 records."""
    assert said(send(resigned(body))) == (400, "94060004")
    assert nothing_is_stored()


def test_what_two_readers_would_read_in_two_ways_is_refused_once_a_key_fits(service: Subscription, monkeypatch) -> None:
    """A body is read strictly only when a key of its instances' sellers signed it: garbage costs little (§C.5, 94060002 and 94060004)."""
    body = signed(record(service)).body.replace(b'"instance_id"', b'"instance_id":"i-2","instance_id"', 1)
    assert said(send(resigned(body))) == (400, "94060004")
    assert nothing_is_stored()
    unsigned = signed(record(service), key="another key of somebody")
    monkeypatch.setattr(usage_authentication, "load_each", lambda body: pytest.fail("it was read"))
    assert said(send(unsigned)) == (401, "94060002")
    assert nothing_is_stored()


@pytest.mark.parametrize(
    "instance", [7, None, ["i-1"], "\ud800", "i-1\x00", "", "x" * 65]
)  # what cannot be asked for beside one that can
def test_a_push_is_of_the_seller_of_the_instances_that_can_be_read(service: Subscription, instance: object) -> None:
    (sound,) = json.loads(signed(record(service)).body)["usage_records"]
    answer = send(resigned(json.dumps({"usage_records": [sound | {"instance_id": instance}, sound]}).encode()))
    assert said(answer) == (200, "MKT.0000")
    assert [one["error_code"] for one in members(answer)["abnormal_usage_data"]] == ["001"]
    assert Record.objects.count() == 1


def test_usage_of_another_seller_is_refused_alone_and_not_taken_for_its_owner(service: Subscription) -> None:
    """§4.8: 009. Naming another's instance first changes nothing."""
    other = make_metered(instance_id="i-other")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    answer = members(send(signed(record(service, 0, instance_id="i-other", metering_sn="x"), record(service, 1))))
    assert [one["error_code"] for one in answer["abnormal_usage_data"]] == ["94060009"]
    assert list(Record.objects.values_list("subscription", flat=True)) == [service.pk]


@pytest.mark.parametrize("instance", ["of-nobody", "i-other", "", "x" * 65, "i-1\x00"])
def test_a_push_about_unknown_instances_alone_is_taken_and_its_records_are_refused(
    service: Subscription, instance: str
) -> None:
    """C.5 rule 1: the interface does not fail on bad records. Its seller is found by the signature."""
    other = make_metered(instance_id="i-other")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    (sound,) = json.loads(signed(record(service)).body)["usage_records"]
    answer = send(resigned(json.dumps({"usage_records": [sound | {"instance_id": instance}]}).encode()))
    assert said(answer) == (200, "MKT.0000")
    assert len(members(answer)["abnormal_usage_data"]) == 1
    refused = RefusedRecord.objects.get()
    assert (refused.seller_id, refused.code) == (
        service.seller_id,
        "001" if instance not in {"of-nobody", "i-other"} else "009",
    )
    assert not Record.objects.exists()


def test_the_search_for_a_key_is_limited_by_number_and_size(service: Subscription, monkeypatch) -> None:
    """Those that pushed last are tried first, so an active seller is found in a large market."""
    assert said(send(signed(record(service)))) == (200, "MKT.0000")
    for n in range(3):
        newer = make_seller()
        keys.rotate_signing_key(newer, "base", now=clock.now(), secret=f"a base key of seller {n}")
    monkeypatch.setattr(usage_authentication, "MOST_KEYS", 1)
    unknown = signed(record(service, 1, instance_id="of-nobody"), nonce="n-2")
    assert said(send(unknown)) == (200, "MKT.0000")
    monkeypatch.setattr(usage_authentication, "MOST_HASHED", 100)
    assert said(send(signed(record(service, 1, instance_id="of-nobody"), nonce="n-3"))) == (401, "94060002")


def test_the_same_name_at_two_sellers_is_each_ones_own(service: Subscription) -> None:
    other = make_metered(instance_id="i-1")
    keys.rotate_signing_key(other.seller, "base", now=clock.now(), secret="the base key of another")
    assert said(send(signed(record(service)))) == (200, "MKT.0000")
    assert Record.objects.get().subscription == service


def with_authorization(request: Request, *, ak: str, sk: str) -> Request:
    """Signed with AK/SK as well, as the Chinese pages hint."""
    return sign(request, ak=ak, sk=sk, now=clock.wall(), signed_headers=("content-type", "host", "x-sdk-date"))


def test_an_authorization_header_must_be_of_the_same_seller(shop: Shop, service: Subscription) -> None:
    """C.5: accept the signature alone; if an Authorization header is present verify it too."""
    push = signed(record(service))
    ak, sk = shop.seeded.access_key, shop.seeded.secret_key
    assert said(send(with_authorization(push, ak=ak, sk="a wrong secret"))) == (401, "94060002")
    theirs = keys.create_access_key(make_metered().seller, by=None, now=clock.now())
    assert said(send(with_authorization(push, ak=theirs.key_id, sk=theirs.secret))) == (401, "94060002")
    assert nothing_is_stored()
    assert said(send(with_authorization(push, ak=ak, sk=sk))) == (200, "MKT.0000")


def test_who_guesses_a_key_is_locked_by_its_address(service: Subscription) -> None:
    """C.1: more than five failures in a row lock for five minutes; nothing of the body is read then."""
    for n in range(6):
        assert said(send(signed(record(service), key="a guess at a key", nonce=f"g-{n}"))) == (401, "94060002")
    locked = send(signed(record(service)))
    assert said(locked) == (401, "94060002")
    assert 0 < int(locked["Retry-After"]) <= 300
    assert nothing_is_stored()


def test_a_busy_database_stores_nothing_and_says_when_to_come_again(service: Subscription, monkeypatch) -> None:
    """design money.md §5: 502 APIGW.0201 with Retry-After."""

    def away(*_args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("tradepost.market.metering.intake._finish", away)
    busy = send(signed(record(service)))
    assert said(busy) == (502, "APIGW.0201")
    assert int(busy["Retry-After"]) > 0
    assert nothing_is_stored()


def test_too_often_and_too_large(service: Subscription, monkeypatch) -> None:
    limit = throttle.RateLimit("1/minute")
    monkeypatch.setattr("tradepost.market.open_api.answers.rate_limit", lambda: limit)
    assert said(send(signed(record(service)))) == (200, "MKT.0000")
    assert said(send(signed(record(service, 1), nonce="n-2"))) == (429, "APIGW.0308")
    assert said(send(resigned(b" " * (1024 * 1024 + 1)))) == (413, "APIGW.0201")
    assert Record.objects.count() == 1


# --- older editions ---------------------------------------------------------------------------------------------------


def old(service: Subscription, hour: int = 0, **changed: object) -> dict[str, object]:
    assert service.started_at
    given = item(service, service.started_at + hour * HOUR, "2") | {"product_id": service.offer.product_id} | changed
    return {name: value for name, value in given.items() if name != "metering_sn"}


def push_old(
    shop: Shop, *items: object, path: str = usage_push_old.PATH, name: str = "usage_records", **signed_with: Any
) -> HttpResponse:
    body = json.dumps({name: items}).encode()
    return send(shop.signed("", path=path, method="POST", body=body, **signed_with))


def test_the_older_edition_names_no_records(shop: Shop, service: Subscription) -> None:
    """C.6: {"error_code":"MKT.0000","error_msg":"success"}; repeated usage of one time is the same usage."""
    for _try in range(2):
        answer = push_old(shop, old(service), old(service, 1, usage_value="0"))
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
def test_when_all_are_wrong_alike_the_call_has_their_code(shop: Shop, service: Subscription, changed, expected) -> None:
    """C.4 table: 9001 "Instance ID not found", 9002 invalid usage entities, also for the seller's own instance with another
    product, 9004 more than 21 days old. They are kept for the seller."""
    answer = push_old(shop, old(service, **changed), old(service, 1, **changed))
    assert said(answer) == expected
    # So that nobody pushes the parts of a batch of which all is wrong; MKT.0101 carries no extra_info (C.4).
    assert members(answer).get("extra_info", {}).get("wrongRecords") == (None if expected[1] == "MKT.0101" else 2)
    assert (Record.objects.count(), RefusedRecord.objects.count()) == (0, 2)


def test_when_all_are_wrong_in_different_ways_the_call_is_no_success(shop: Shop, service: Subscription) -> None:
    """C.4: 9002 invalid usage entities. Nothing was stored, so the seller must not read MKT.0000."""
    answer = push_old(shop, old(service, instance_id="of-nobody"), old(service, 1, usage_value="-1"))
    assert said(answer) == (500, "MKT.9002")
    assert members(answer)["extra_info"]["wrongRecords"] == 2
    assert (Record.objects.count(), RefusedRecord.objects.count()) == (0, 2)


def test_no_record_at_all_is_an_invalid_parameter(shop: Shop, service: Subscription) -> None:
    """C.4: 0101 missing mandatory parameter; 9003 is the limit of size."""
    assert said(push_old(shop)) == (400, "MKT.0101")
    assert said(push_old(shop, path=PATH_2018, name="usageRecords")) == (400, "MKT.0101")
    assert nothing_is_stored()


def test_more_than_a_thousand_and_no_list_at_all(shop: Shop, service: Subscription) -> None:
    """C.6: MKT.9003 limit 1000."""
    assert said(push_old(shop, *[{}] * 1001)) == (500, "MKT.9003")
    assert said(push_old(shop, name="records")) == (400, "MKT.0101")
    assert nothing_is_stored()


def test_who_did_not_sign_with_a_living_key(shop: Shop, service: Subscription) -> None:
    """C.2: 401 APIGW.0301, as at the order query."""
    assert said(push_old(shop, old(service), secret="a wrong secret")) == (401, "APIGW.0301")
    assert nothing_is_stored()


def test_the_form_of_2018(shop: Shop, service: Subscription) -> None:
    """C.6: usageEntity with one quantity."""
    new = old(service)
    form = {
        "instanceId": new["instance_id"], "recordTime": new["record_time"], "beginTime": new["begin_time"],
        "endTime": new["end_time"], "usageEntity": {"times": "3524"},
    }  # fmt: skip
    assert said(push_old(shop, form, path=PATH_2018, name="usageRecords")) == (200, "MKT.0000")
    assert Record.objects.get().quantity == 35_240_000


@pytest.mark.parametrize("path", ["/rest/anything", "/v1.0/p/x", "/rest/", "//rest/x", "/v1.0"])
def test_other_addresses_of_the_old_prefixes_answer_as_the_gateway(client, shop: Shop, path: str) -> None:
    """C.2: APIGW.0101."""
    answer = client.generic("POST", "/", headers={"host": HOST}, PATH_INFO=path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")


def test_a_monthly_service_is_not_on_demand(shop: Shop, service: Subscription) -> None:
    """§4.8: 012."""
    monthly = make_subscription(make_order(paid=True), instance_id="monthly")
    Subscription.objects.filter(pk=monthly.pk).update(seller=Seller.objects.get(pk=service.seller_id))
    answer = members(send(signed(record(service, instance_id="monthly"))))
    assert [one["error_code"] for one in answer["abnormal_usage_data"]] == ["94060012"]
