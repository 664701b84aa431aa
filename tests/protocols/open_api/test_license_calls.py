"""License calls and software usage (openapi-jointkit §C.8 to §C.10, saas-v1-license §B2.3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Request
from tradepost.protocols.open_api import license_calls as calls
from tradepost.protocols.open_api import software_usage
from tradepost.protocols.open_api.bodies import ApiRefused, BadBody
from tradepost.protocols.open_api.errors import ApiFailure, read_api_answer
from tradepost.protocols.open_api.license_calls import Activate, LicenseInfo, LicenseStatus, QueryLicenses
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.software_usage import SoftwareUsage

MARKET = "https://mkt.example.com"
SINCE = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
INFO = LicenseInfo(
    license_code="PL1",
    status=LicenseStatus.ALIVE,
    expires_at=datetime(2023, 7, 26, 12, 16, 46, tzinfo=UTC),
    product_id="12345",
    order_id="CS123",
    amount=2,
)

codes = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64).filter(str.strip)
times = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
many = st.lists(codes, min_size=1, max_size=3).map(tuple)


def members(response):
    answer = read_api_answer(response)
    assert isinstance(answer, dict)
    return answer


def refused(load, body: bytes) -> tuple[int, str, str]:
    with pytest.raises(ApiRefused) as refusal:
        load(body)
    return refusal.value.error.status, refusal.value.error.code, refusal.value.detail


def test_vector_of_section_c_1_signs_this_path():
    headers = (("x-stage", "RELEASE"), ("Content-Type", "application/json"))
    request = Request("POST", f"https://mkt.myhuaweicloud.com{calls.ACTIVATE_V1}", headers)
    at = datetime(2024, 3, 17, 14, 42, 37, tzinfo=UTC)
    names = ("content-type", "host", "x-sdk-date", "x-stage")
    signed = sign(request, ak="test", sk="123", now=at, signed_headers=names)
    assert (signed.header("Authorization") or "").endswith(
        "Signature=77595ad624b6e4e49990b8c4e84bf1c287457fca61069c4e60b9b6765b52053d"
    )


def test_bodies_of_sections_c_8_and_c_9():
    v1 = calls.activate_v1_request(Activate(licenses=("PL1",), since=SINCE), market=MARKET)
    v2 = calls.activate_v2_request(Activate(licenses=("PL1", "PL2")), market=MARKET)
    query_v1 = calls.query_v1_request(QueryLicenses(licenses=("PL1",), account="a", ip="::1"), market=MARKET)
    query_v2 = calls.query_v2_request(QueryLicenses(licenses=("PL1",)), market=MARKET)
    assert [
        (r.url.removeprefix(MARKET + "/api/mkp-openapi-public/global"), r.body) for r in (v1, v2, query_v1, query_v2)
    ] == [
        ("/v1/license/activate", b'{"license":"PL1","real_effect_time":"20260701120000"}'),
        ("/v2/license/activate", b'{"license_list":["PL1","PL2"]}'),
        ("/v1/license/heartbeat", b'{"heartbeatInfo":{"ip":"::1","thirdPartyAccount":"a"},"license":"PL1"}'),
        ("/v2/license/heartbeat", b'{"license_list":["PL1"]}'),
    ]


@given(many, st.none() | times)
def test_any_activation_arrives_unchanged(licenses, since):
    one, all_ = Activate(licenses=licenses[:1], since=since), Activate(licenses=licenses, since=since)
    assert calls.load_activate(calls.activate_v1_request(one, market=MARKET).body, version=1) == one
    assert calls.load_activate(calls.activate_v2_request(all_, market=MARKET).body, version=2) == all_


@given(many, codes)
def test_any_query_arrives_unchanged(licenses, account):
    one, all_ = QueryLicenses(licenses=licenses[:1], account=account, ip="ip"), QueryLicenses(licenses=licenses)
    assert calls.load_query(calls.query_v1_request(one, market=MARKET).body, version=1) == one
    assert calls.load_query(calls.query_v2_request(all_, market=MARKET).body, version=2) == all_


def test_answer_of_an_activation_is_json_in_a_text_section_c_8():
    told = members(calls.activated_response(INFO))
    assert told["data"] == {
        "license_code_info": '{"status":"ALIVE","expire_time":"20230726121646","product_id":"12345","order_id":"CS123","amount":2}'
    }
    assert calls.load_activated(told, "PL1") == INFO
    assert members(calls.activated_response()) == {"error_code": "92020000", "error_msg": "success"}


infos = st.builds(
    LicenseInfo,
    license_code=codes,
    status=st.sampled_from(LicenseStatus),
    activated_at=st.none() | times,
    expires_at=st.none() | times,
    product_id=st.just("") | codes,
    order_id=st.just("") | codes,
    amount=st.none() | st.integers(0, 10**9),
)


@given(st.lists(infos, min_size=1, max_size=3).map(tuple))
def test_any_answer_about_codes_is_read(told):
    assert calls.load_queried(members(calls.query_response(told[:1], version=1))) == told[:1]
    assert calls.load_queried(members(calls.query_response(told, version=2))) == told


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": []},
        {"data": {}},
        {"data": {"license_code_info": 7}},
        {"data": {"license_code_info": "\ud800"}},
        {"data": {"license_code_info": "{"}},
        {"data": {"license_code_info": "{}"}},
        {"data": {"license_code_info": '{"status":"ALIVE","expire_time":"soon"}'}},
    ],
)
def test_answer_without_data_is_invalid(answer):
    with pytest.raises(BadBody):
        calls.load_activated(answer, "PL1")


def test_unknown_members_are_ignored_section_b2_3():
    data = {"license_code": "PL1", "status": "PAUSED", "activate_time": "20260701120000", "later": [1]}
    assert calls.load_queried({"data": data}) == (LicenseInfo(license_code="PL1", status="PAUSED", activated_at=SINCE),)
    bad: list[dict[str, object]] = [{}, {"data": None}, {"data": [7]}, {"data": {}}]
    for answer in bad:
        with pytest.raises(BadBody):
            calls.load_queried(answer)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"x", (400, "95000004", "the body is not a JSON object: not JSON: Expecting value at character 0")),
        (b"{}", (400, "95000001", "license is missing")),
        (b'{"license":"%s"}' % (b"x" * 65), (400, "95000001", "license has 65 characters, at most 64 are allowed")),
        (
            b'{"license":"PL1","real_effect_time":"20261301000000"}',
            (200, "92020002", "real_effect_time is not a UTC time yyyyMMddHHmmss"),
        ),
    ],
)
def test_refusals_of_version_1_section_b2_3(body, expected):
    assert refused(lambda sent: calls.load_activate(sent, version=1), body) == expected


@pytest.mark.parametrize(
    "licenses", ["[]", '"PL1"', "[7]", '[" "]', '["' + "x" * 65 + '"]', "[" + ",".join(['"x"'] * 101) + "]"]
)
def test_refusals_of_version_2_section_c_8(licenses):
    body = f'{{"license_list":{licenses}}}'.encode()
    for load in (calls.load_activate, calls.load_query):
        assert refused(lambda sent, load=load: load(sent, version=2), body)[:2] == (400, "95000001")


@pytest.mark.parametrize(
    "send",
    [
        lambda: calls.activate_v1_request(Activate(licenses=("a", "b")), market=MARKET),
        lambda: calls.activate_v1_request(Activate(licenses=("x" * 65,)), market=MARKET),
        lambda: calls.activate_v2_request(Activate(licenses=()), market=MARKET),
        lambda: calls.activate_v2_request(Activate(licenses=("x",) * 101), market=MARKET),
        lambda: calls.query_v1_request(QueryLicenses(licenses=("a",), account="a" * 257), market=MARKET),
        lambda: calls.query_v2_request(QueryLicenses(licenses=(" ",)), market=MARKET),
    ],
)
def test_calls_that_cannot_be_sent(send):
    with pytest.raises(ValueError):
        send()


def test_error_tables_of_both_generations_section_c_8():
    assert {code: error.status for code, error in calls.ERRORS.items()} == {
        **dict.fromkeys([f"9202000{n}" for n in range(1, 6)], 200),
        "92020011": 200,
        "92020020": 200,
        "95000001": 400,
        "95000002": 405,
        "95000003": 415,
        "95000004": 400,
    }
    failure = read_api_answer(ApiRefused(calls.ERRORS["92020003"]).response())
    assert failure == ApiFailure(status=200, code="92020003", message="illegal state")


# --- software usage --------------------------------------------------------------------------------------------------


def test_body_of_section_c_10_has_its_capital():
    usage = SoftwareUsage(license="PL1", clients=("account1",))
    request = software_usage.usage_request([usage], market=MARKET)
    assert request.url == f"{MARKET}/api/mkp-openapi-public/global/v2/license/software-usage-info"
    assert request.body == b'{"usage_info":[{"license":"PL1","software_usage_Info":[{"id":"account1"}]}]}'


usages = st.builds(
    SoftwareUsage,
    license=codes,
    clients=st.lists(codes.map(str.strip), min_size=1, max_size=3).map(tuple),
    active=st.none(),
) | st.builds(SoftwareUsage, license=codes, clients=st.just(()), active=st.integers(0, 999_999_999))


@given(st.lists(usages, min_size=1, max_size=3).map(tuple))
def test_any_report_arrives_unchanged(reported):
    assert software_usage.load_usages(software_usage.usage_request(reported, market=MARKET).body) == reported


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], "95000001"),
        ([{}], "92020002"),
        ([{"id": "a", "active_num": 1}], "92020002"),
        ([{"id": "a"}, {"active_num": 1}], "92020002"),
        ([{"active_num": 1}, {"active_num": 1}], "92020002"),
        ([{"active_num": -1}], "92020002"),
        ([{"active_num": "1"}], "95000001"),
        ([{"id": "x" * 257}], "95000001"),
        ([{"id": "a"}] * 101, "95000001"),
        ("a", "95000001"),
    ],
)
def test_exactly_one_of_id_and_number_section_c_10(items, code):
    body = json.dumps({"usage_info": [{"license": "PL1", "software_usage_Info": items}]}).encode()
    assert refused(software_usage.load_usages, body)[1] == code


@pytest.mark.parametrize(
    "usage",
    [
        SoftwareUsage(license="PL1"),
        SoftwareUsage(license="PL1", clients=("a",), active=1),
        SoftwareUsage(license="PL1", clients=(" ",)),
        SoftwareUsage(license="PL1", active=-1),
        SoftwareUsage(license="PL1", clients=("a",) * 101),
        SoftwareUsage(license="", active=1),
    ],
)
def test_reports_that_cannot_be_sent(usage):
    with pytest.raises(ValueError):
        software_usage.usage_request([usage], market=MARKET)


def test_failed_licenses_are_found_under_any_member_name_section_c_10():
    assert software_usage.load_failed(members(software_usage.report_response(["PL1"]))) == ("PL1",)
    assert software_usage.load_failed(members(software_usage.report_response())) == ()
    assert software_usage.load_failed({"data": {"check_fail_x": [{"license": "PL2"}, 7, ""]}}) == ("PL2",)
    assert software_usage.load_failed({"data": [1]}) == ()


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    loads = [
        software_usage.load_usages,
        lambda sent: calls.load_activate(sent, version=1),
        lambda sent: calls.load_query(sent, version=2),
    ]
    for load in loads:
        with pytest.raises(ApiRefused):
            load(body)
