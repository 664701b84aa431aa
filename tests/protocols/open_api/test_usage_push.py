"""Usage pushes of both editions, and the format of 2018 (openapi-jointkit §C.5, §C.6; saas-v2 §3.9)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import usage_push, usage_push_old
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.errors import ApiFailure, read_api_answer
from tradepost.protocols.open_api.signing import MAX_SKEW, sign, verify
from tradepost.protocols.open_api.usage_push import AbnormalRecord, UsageRecord, push_request, push_signature
from tradepost.protocols.open_api.usage_push_old import OldUsageRecord, UsageRecord2018

MARKET = "https://mkt.example.com"
KEY = "0123456789abcdef0123456789ABCDEF"
NONCE = "abc123"
NOW = datetime(2026, 1, 1, 1, 5, tzinfo=UTC)
RECORD = UsageRecord(
    instance_id="10e758d0-31ad-4c4b-8f1b-81d03469a10e",
    recorded_at=NOW,
    begin_at=datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
    end_at=datetime(2026, 1, 1, 1, 0, tzinfo=UTC),
    value=Decimal("1.2500"),
    metering_sn="m-0001",
)


def request_of(*records, now=NOW, key=KEY):
    return push_request(records or (RECORD,), market=MARKET, key=key, now=now, nonce=NONCE)


def open_(request, *, now=NOW, key=KEY, nonce_seen=lambda nonce, until: False):
    return usage_push.open_push(request, key=key, now=now, nonce_seen=nonce_seen)


def refused(request, **how) -> tuple[int, str, str]:
    with pytest.raises(ApiRefused) as refusal:
        open_(request, **how)
    answer = refusal.value.response()
    assert json.loads(answer.body)["error_code"] == refusal.value.error.code
    return answer.status, refusal.value.error.code, refusal.value.detail


def test_vector_of_saas_v2_section_3_9():
    request = push_request((RECORD,), market=MARKET, key=KEY, now=datetime(2026, 1, 1, 1, 5, tzinfo=UTC), nonce=NONCE)
    assert request == Request(
        "POST",
        "https://mkt.example.com/api/mkp-openapi-public/global/v1/isv/usage-data",
        (
            ("Content-Type", "application/json"),
            ("signature", "ipamFmdYQGrq5esi3Xe2QIwF1rWBGOdMuwyLug3QCw0="),
            ("ts", "1767229500000"),
            ("nonce", "abc123"),
        ),
        b'{"usage_records":[{"begin_time":"20260101T000000Z","end_time":"20260101T010000Z",'
        b'"instance_id":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","metering_sn":"m-0001",'
        b'"record_time":"20260101T010500Z","usage_value":"1.2500"}]}',
    )
    assert open_(request) == (RECORD,)


@pytest.mark.parametrize(
    ("key", "ts", "nonce", "body", "expected"),
    [
        (
            "kitAccessKeyExample01",
            "1735689600000",
            "6c63c221-1f6b-4141-8ff4-22f5dfe82b65",
            (
                b'{"usage_records":[{"begin_time":"20250101T080000Z","end_time":"20250101T090000Z",'
                b'"instance_id":"7f141bf1-aec8-4859-8323-fb3a8ad50721","metering_sn":"sn-0001",'
                b'"record_time":"20250101T091000Z","usage_value":"99.5"}]}'
            ),
            "BbweJZGYEx0cp/AuAO1jdJ19JA+j/hBzV2Dw3/mFz6Q=",
        ),
        (
            "test-access-key-0001",
            "1704070800000",
            "abcdef0123456789",
            (
                b'{"usage_records":[{"begin_time":"20240101T000000Z","end_time":"20240101T010000Z",'
                b'"instance_id":"huaweitest123456","record_time":"20240101T010000Z","usage_value":"1.5"}]}'
            ),
            "vHanLSIiU7/WcEI9FRZwlS/Uy71oETWHTpM7XN86D+k=",
        ),
    ],
)
def test_vectors_of_section_c_5_and_e5(key, ts, nonce, body, expected):
    assert push_signature(key=key, ts=ts, nonce=nonce, body=body) == expected


def test_sender_may_sign_the_sorted_form_section_c_5():
    request = request_of()
    loose = json.dumps(json.loads(request.body), indent=1).encode()
    assert open_(replace(request, body=loose)) == (RECORD,)


def with_header(request, name, value):
    return replace(request, headers=(*((n, v) for n, v in request.headers if n != name), (name, value)))


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda r: with_header(r, "ts", ""), "the header ts is not a number of milliseconds"),
        (lambda r: with_header(r, "ts", "1.5"), "the header ts is not a number of milliseconds"),
        (lambda r: with_header(r, "nonce", ""), "the header nonce must have 1 to 128 characters"),
        (lambda r: with_header(r, "nonce", "n" * 129), "the header nonce must have 1 to 128 characters"),
        (lambda r: with_header(r, "nonce", "other"), "the signature does not match"),
        (lambda r: with_header(r, "signature", ""), "the signature does not match"),
        (lambda r: replace(r, body=r.body.replace(b"1.25", b"9.25")), "the signature does not match"),
    ],
)
def test_unsigned_call_is_94060002_section_c_5(change, detail):
    assert refused(change(request_of())) == (401, "94060002", detail)


def test_window_is_fifteen_minutes_and_a_nonce_is_valid_once():
    late = NOW + timedelta(minutes=15, milliseconds=1)
    assert refused(request_of(), now=late)[2] == "ts is more than 15 minutes from the market's clock"
    assert open_(request_of(), now=NOW + timedelta(minutes=15)) == (RECORD,)
    kept: dict[str, datetime] = {}

    def nonce_seen(nonce, until):
        return kept.setdefault(nonce, until) is not until

    assert refused(with_header(request_of(), "signature", "x"), nonce_seen=nonce_seen)[1] == "94060002"
    assert kept == {}
    assert open_(request_of(), nonce_seen=nonce_seen) == (RECORD,)
    assert kept == {NONCE: NOW + 2 * MAX_SKEW + timedelta(seconds=5)}
    assert refused(request_of(), nonce_seen=nonce_seen)[2] == "nonce was used before"


def test_empty_key_signs_nothing():
    assert refused(request_of(key=""), key="")[2] == "the signature does not match"


def signed(body: bytes) -> Request:
    request = request_of()
    ts = request.header("ts") or ""
    return with_header(replace(request, body=body), "signature", push_signature(key=KEY, ts=ts, nonce=NONCE, body=body))


def changed(**change) -> Request:
    record = json.loads(request_of().body)["usage_records"][0]
    return signed(json.dumps({"usage_records": [record | change]}).encode())


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (signed(b"[]"), (400, "94060004", "the body is not a JSON object: a JSON array instead of an object")),
        (signed(b"{}"), (400, "94060004", "usage_records is missing")),
        (signed(b'{"usage_records":[]}'), (400, "94060004", "usage_records holds 0 records, 1 to 1000 are allowed")),
        (signed(b'{"usage_records":["x"]}'), (400, "94060004", "usage_records[0] must be an object; “x” came")),
        (changed(metering_sn=None), (400, "94060004", "usage_records[0].metering_sn is missing")),
        (changed(usage_value="much"), (400, "94060004", "usage_value is not a number")),
        (changed(usage_value="NaN"), (400, "94060004", "usage_value is not a number")),
        (changed(usage_value=True), (400, "94060004", "usage_records[0].usage_value must be a number; “True” came")),
        (changed(begin_time="20260101000000"), (400, "94060005", "begin_time is not a UTC time like 20240101T000000Z")),
        (changed(end_time="20260230T000000Z"), (400, "94060005", "end_time is not a UTC time like 20240101T000000Z")),
    ],
)
def test_body_without_readable_records_section_c_5(request_, expected):
    assert refused(request_) == expected


@pytest.mark.parametrize(("sent", "read"), [("0", "0"), (-1, "-1"), (1.5, "1.5"), ("2.00001", "2.00001"), (7, "7")])
def test_invalid_values_are_accepted_and_judged_later_section_c_5(sent, read):
    assert open_(changed(usage_value=sent))[0].value == Decimal(read)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1.25000", "1.2500"),
        ("1.2500", "1.2500"),
        ("1E+3", "1000"),
        ("0.0001", "0.0001"),
        ("12345678.1234", "12345678.1234"),
    ],
)
def test_values_are_written_as_texts_section_c_5(value, written):
    body = json.loads(request_of(replace(RECORD, value=Decimal(value))).body)
    assert body["usage_records"][0]["usage_value"] == written


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ((replace(RECORD, value=Decimal(0)),), "must be above 0"),
        ((replace(RECORD, value=Decimal("0.00001")),), "at most 4 decimals"),
        ((replace(RECORD, value=Decimal("Infinity")),), "must be above 0"),
        ((replace(RECORD, value=Decimal(10**8)),), "below 100000000"),
        ((replace(RECORD, metering_sn=""),), "usage_records[0].metering_sn is blank"),
        ((replace(RECORD, begin_at=datetime(2026, 1, 1)),), "aware"),  # noqa: DTZ001
        ((RECORD,) * 1001, "1 to 1000 records, not 1001"),
    ],
)
def test_records_that_cannot_be_sent(records, says):
    with pytest.raises(ValueError) as error:
        request_of(*records)
    assert says in str(error.value)
    with pytest.raises(ValueError, match="not 0"):
        push_request((), market=MARKET, key=KEY, now=NOW, nonce=NONCE)


ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64).filter(str.strip)
times = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
values = st.integers(1, 10**12 - 1).map(lambda steps: Decimal(steps).scaleb(-4))
records = st.builds(
    UsageRecord,
    instance_id=ids,
    recorded_at=times,
    begin_at=times,
    end_at=times,
    value=values,
    metering_sn=ids,
    package_instance_id=st.just("") | ids,
)


@given(st.lists(records, min_size=1, max_size=3).map(tuple))
def test_any_push_arrives_unchanged(pushed):
    request = request_of(*pushed)
    assert open_(request) == pushed
    assert set(usage_push.claimed_instances(request.body)) == {record.instance_id for record in pushed}


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(body):
    assert all(isinstance(name, str) for name in usage_push.claimed_instances(body))
    with pytest.raises(ApiRefused):
        open_(signed(body))


def test_answers_of_section_c_5():
    assert usage_push.push_response().body == b'{"error_code":"MKT.0000","error_msg":"Success"}'
    abnormal = AbnormalRecord(metering_sn="m", instance_id="i", code="94060010", message="duplicate")
    assert usage_push.read_pushed(usage_push.push_response([abnormal])) == (abnormal,)
    assert usage_push.read_pushed(usage_push.push_response()) == ()
    failed = usage_push.read_pushed(ApiRefused(usage_push.AUTH_FAILED).response())
    assert failed == ApiFailure(status=401, code="94060002", message="Auth failed!")
    assert usage_push.read_pushed(Response(200, (), b'{"error_code":"MKT.0000","abnormal_usage_data":7}')) == ()


def test_failure_that_names_its_records_is_read_by_record_section_a2_9():
    """saas-v1-license §A2.9: HTTP 200 94060999 Failed with per-record reasons."""
    answer = b'{"error_code":"94060999","error_msg":"Failed","abnormal_usage_data":[{"metering_sn":"m","error_code":"94060007"}]}'
    found = AbnormalRecord(metering_sn="m", instance_id="", code="94060007", message="")
    assert usage_push.read_pushed(Response(200, (), answer)) == (found,)
    unnamed = usage_push.read_pushed(Response(200, (), b'{"error_code":"94060999","error_msg":"Failed"}'))
    assert unnamed == ApiFailure(status=200, code="94060999", message="Failed")


# --- old editions ----------------------------------------------------------------------------------------------------

OLD = OldUsageRecord(
    instance_id="i-1",
    product_id="OFFI1",
    recorded_at=NOW,
    begin_at=RECORD.begin_at,
    end_at=RECORD.end_at,
    value=Decimal("3.5"),
    package_instance_id="pkg-1",
)


def test_old_push_is_signed_with_ak_and_sk_section_c_6():
    request = sign(usage_push_old.push_request([OLD], market=MARKET), ak="AK", sk="SK", now=NOW)
    verify(request, sk="SK", now=NOW)
    assert request.path == "/rest/marketplace/v1/isv/usage-data"
    assert json.loads(request.body) == {
        "usage_records": [
            {
                "instance_id": "i-1",
                "product_id": "OFFI1",
                "record_time": "20260101T010500Z",
                "begin_time": "20260101T000000Z",
                "end_time": "20260101T010000Z",
                "usage_value": "3.5",
                "relate_pkg_instance": "pkg-1",
            }
        ]
    }
    assert usage_push_old.load_records(request.body) == (OLD,)


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"product_id": None}, "MKT.0101", 400),
        ({"usage_value": "x"}, "MKT.0100", 500),
        ({"end_time": "today"}, "MKT.0100", 500),
    ],
)
def test_refusals_of_the_old_push_section_c_6(change, code, status):
    body = json.loads(usage_push_old.push_request([OLD], market=MARKET).body)
    body["usage_records"][0] |= change
    with pytest.raises(ApiRefused) as refusal:
        usage_push_old.load_records(json.dumps(body).encode())
    assert (refusal.value.error.code, refusal.value.error.status) == (code, status)


def test_a_thousand_records_at_most_section_c_6():
    body = json.loads(usage_push_old.push_request([OLD], market=MARKET).body)
    body["usage_records"] *= 1001
    with pytest.raises(ApiRefused, match=r"MKT\.9003"):
        usage_push_old.load_records(json.dumps(body).encode())
    with pytest.raises(ValueError, match="not 1001"):
        usage_push_old.push_request([OLD] * 1001, market=MARKET)


def test_old_table_has_0102_and_not_0250_section_c_6():
    assert usage_push_old.ERRORS["MKT.0102"].message == "Invalid body sign"
    assert "MKT.0250" not in usage_push_old.ERRORS
    assert usage_push_old.push_response().body == b'{"error_code":"MKT.0000","error_msg":"success"}'
    assert read_api_answer(usage_push_old.push_response()) == {"error_code": "MKT.0000", "error_msg": "success"}


def test_format_of_2018_section_c_6():
    record = {
        "instanceId": "i-1",
        "recordTime": "20260101T010500Z",
        "beginTime": "20260101T000000Z",
        "endTime": "20260101T010000Z",
        "usageEntity": {"times": "3524"},
    }
    assert usage_push_old.load_records_2018(json.dumps({"usageRecords": [record]}).encode()) == (
        UsageRecord2018(
            instance_id="i-1",
            recorded_at=NOW,
            begin_at=RECORD.begin_at,
            end_at=RECORD.end_at,
            usage=(("times", Decimal(3524)),),
        ),
    )
    with pytest.raises(ApiRefused, match=r"MKT\.0100"):
        usage_push_old.load_records_2018(
            json.dumps({"usageRecords": [record | {"usageEntity": {"times": []}}]}).encode()
        )
