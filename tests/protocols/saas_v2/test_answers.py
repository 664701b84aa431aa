"""Answers of SaaS 2.0 at both ends (saas-v2 §2.6, §3.0, §3.1, §3.2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v2.wire import INSTANCE, KEY, LINE, ORDER, answer, commands, decode, outcomes, signed
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.commands import (
    AppInfo,
    Create,
    Done,
    Fault,
    InstanceInfo,
    Pending,
    Query,
    Rejected,
    Release,
    Unreachable,
    UsageInfo,
)
from tradepost.protocols.http import Response

CREATE = Create(order_id=ORDER, order_line_id=LINE, business_id="b-1")
QUERY = Query(instance_ids=("a",))
RELEASE = Release(instance_id=INSTANCE)
SUCCESS = {"resultCode": "000000", "resultMsg": "success"}
GOOD = signed(SUCCESS)
AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@given(st.data())
def test_any_answer_decodes_as_the_same_outcome(data):
    command = data.draw(commands)
    outcome = data.draw(outcomes(command))
    assert decode(command, answer(command, outcome)) == outcome


def test_answer_is_http_200_signed_ascii_json_section_3_0():
    response = answer(RELEASE, Done(message="完成"))
    assert response.status == 200
    assert response.body == b'{"resultCode":"000000","resultMsg":"\\u5b8c\\u6210"}'
    assert response.headers == (
        ("Content-Type", "application/json"),
        ("Body-Sign", body_sign(response.body, KEY)),
    )


@pytest.mark.parametrize(
    ("command", "outcome", "members"),
    [
        (CREATE, Done(instance_id="i-1"), {**SUCCESS, "instanceId": "i-1"}),
        (CREATE, Pending(instance_id="i-1"), {"resultCode": "000004", "resultMsg": "processing", "instanceId": "i-1"}),
        (QUERY, Pending(message=""), {"resultCode": "000004", "resultMsg": "processing"}),
        (RELEASE, Done(message="", instance_id="i-1"), SUCCESS),
        (None, Rejected(code="000001", message=""), {"resultCode": "000001", "resultMsg": "refused"}),
        (RELEASE, Rejected(code="000003", message="x" * 300), {"resultCode": "000003", "resultMsg": "x" * 255}),
        (None, Rejected(code="000002", message="a\ud800b"), {"resultCode": "000002", "resultMsg": "a\ufffdb"}),
    ],
)
def test_members_of_answers_section_3_0(command, outcome, members):
    assert json.loads(answer(command, outcome).body) == members


def test_query_is_answered_with_instance_app_and_usage_section_3_2():
    usage = UsageInfo(value=Decimal("12.5000"), at=AT, related_instance_id="r", dashboard_url="https://d")
    app = AppInfo(front_end_url="https://f", admin_url="https://a", user_name="u", password="p", memo="说明")
    done = Done(instances=(InstanceInfo(instance_id="a", app=app, usage=(usage,)),))
    assert json.loads(answer(QUERY, done).body)["info"] == [
        {
            "instanceId": "a",
            "appInfo": {
                "frontEndUrl": "https://f",
                "adminUrl": "https://a",
                "userName": "u",
                "password": "p",
                "memo": "说明",
            },
            "usageInfo": [
                {
                    "relatedInstanceId": "r",
                    "usageValue": 12.5,
                    "statisticalTime": "20260701120000000",
                    "dashboardUrl": "https://d",
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    ("command", "outcome", "says"),
    [
        (CREATE, Done(), "instanceId is blank"),
        (CREATE, Done(instance_id="i" * 65), "instanceId has 65 characters, at most 64 are allowed"),
        (CREATE, Done(instance_id="a,b"), "comma"),
        (RELEASE, Rejected(code="000000"), "no refusal"),
        (RELEASE, Rejected(code="000004"), "no refusal"),
        (RELEASE, Rejected(code="E1"), "no refusal"),
        (
            QUERY,
            Done(instances=(InstanceInfo(instance_id="a", app=AppInfo()),)),
            "info[0].appInfo.frontEndUrl is missing",
        ),
        (
            QUERY,
            Done(instances=(InstanceInfo(instance_id="a", usage=(UsageInfo(value=Decimal("0.00001"), at=AT),)),)),
            "at most 4 decimals",
        ),
        (
            QUERY,
            Done(instances=(InstanceInfo(instance_id="a", usage=(UsageInfo(value=Decimal(-1), at=AT),)),)),
            "0 or more",
        ),
        (
            QUERY,
            Done(instances=(InstanceInfo(instance_id="a", usage=(UsageInfo(value=Decimal(10) ** 8, at=AT),)),)),
            "below 100000000,",
        ),
        (
            QUERY,
            Done(instances=(InstanceInfo(instance_id="a", usage=(UsageInfo(value=Decimal("NaN"), at=AT),)),)),
            "0 or more",
        ),
    ],
)
def test_outcome_that_the_wire_cannot_carry_is_the_handler_s_error(command, outcome, says):
    with pytest.raises(ValueError) as error:
        answer(command, outcome)
    assert says in str(error.value)


# --- faults, in the order that a market looks -------------------------------------------------------------------------


def with_header(response: Response, name: str, value: str | None) -> Response:
    kept = tuple(pair for pair in response.headers if pair[0].lower() != name.lower())
    return replace(response, headers=kept if value is None else (*kept, (name, value)))


def fault(command, response, **options) -> tuple[Fault, str]:
    result = decode(command, response, **options)
    assert isinstance(result, Unreachable), result
    return result.fault, result.detail


def test_redirect_only_names_its_target_host():
    moved = Response(302, (("Location", "https://login.example.com/p?token=1"),), b"")
    assert fault(RELEASE, moved) == (
        Fault.REDIRECT,
        "HTTP status 302 redirects to the host “login.example.com”; expected 200 without a redirect",
    )


@pytest.mark.parametrize("location", ["https://[", "/login", None])
def test_redirect_without_a_target_is_still_a_redirect(location):
    headers = () if location is None else (("Location", location),)
    assert fault(RELEASE, Response(301, headers))[0] is Fault.REDIRECT


def test_other_status_than_200_is_a_fault_even_with_a_valid_body_section_3_0():
    assert fault(RELEASE, replace(GOOD, status=201))[0] is Fault.HTTP_STATUS
    assert fault(RELEASE, Response(502, (), b"Bad\nGateway")) == (
        Fault.HTTP_STATUS,
        r"HTTP status 502; expected 200. The body is “Bad\nGateway”",
    )


def test_content_encoding_is_a_fault_except_identity():
    assert fault(RELEASE, with_header(GOOD, "Content-Encoding", "gzip"))[0] is Fault.CONTENT_ENCODING
    assert decode(RELEASE, with_header(GOOD, "Content-Encoding", "Identity")) == Done()


@pytest.mark.parametrize("content_type", [None, "", "text/html", "application/jsonx", "text/json"])
def test_other_content_type_is_a_fault_section_9_4(content_type):
    assert fault(RELEASE, with_header(GOOD, "Content-Type", content_type))[0] is Fault.CONTENT_TYPE


@pytest.mark.parametrize("content_type", ["application/json;charset=utf8", "Application/JSON ; charset=UTF-8"])
def test_parameters_of_the_content_type_are_tolerated(content_type):
    assert decode(RELEASE, with_header(GOOD, "Content-Type", content_type)) == Done()


def test_body_sign_may_be_optional_but_never_wrong_section_2_6():
    unsigned = with_header(GOOD, "Body-Sign", None)
    assert fault(RELEASE, unsigned) == (Fault.BODY_SIGN_MISSING, "the answer has no Body-Sign header")
    assert decode(RELEASE, unsigned, require_body_sign=False) == Done()
    wrong = with_header(GOOD, "Body-Sign", body_sign(b"other", KEY))
    assert fault(RELEASE, wrong)[0] is Fault.BODY_SIGN_WRONG
    assert fault(RELEASE, wrong, require_body_sign=False)[0] is Fault.BODY_SIGN_WRONG


def test_lowercase_body_sign_is_missing_and_reported_section_2_6():
    lower = with_header(GOOD, "body-sign", body_sign(GOOD.body, KEY))
    assert fault(RELEASE, lower) == (
        Fault.BODY_SIGN_MISSING,
        "the answer has the header “body-sign”; its name must be spelled exactly Body-Sign",
    )
    assert decode(RELEASE, lower, require_body_sign=False) == Done()


@pytest.mark.parametrize(
    "body", [b"", b"OK", b"[]", b'{"resultCode":"000000"', b"\xef\xbb\xbf{}", b"\xff", b"[" * 99999]
)
def test_body_that_is_not_an_object_is_not_json_section_9_3(body):
    response = Response(200, (("Content-Type", "application/json"), ("Body-Sign", body_sign(body, KEY))), body)
    assert fault(RELEASE, response)[0] is Fault.NOT_JSON


def test_quoted_body_hides_passwords_and_the_key():
    body = f'{{"password":"hunter2","k":"{KEY}"'.encode()
    response = Response(200, (("Content-Type", "application/json"), ("Body-Sign", body_sign(body, KEY))), body)
    detail = fault(QUERY, response)[1]
    assert detail.endswith('It is “{"password":"***","k":"***"”')


@pytest.mark.parametrize(
    ("command", "members", "expected"),
    [
        (RELEASE, {"resultMsg": "ok"}, (Fault.MISSING_FIELD, "resultCode is missing")),
        (RELEASE, {"resultCode": 0}, (Fault.BAD_FIELD, "resultCode must be a string; “0” came")),
        (
            RELEASE,
            {"resultCode": "0000004"},
            (Fault.BAD_FIELD, "resultCode has 7 characters, at most 6 are allowed"),
        ),
        (RELEASE, {"resultCode": "000000", "resultMsg": 1}, (Fault.BAD_FIELD, "resultMsg must be a string; “1” came")),
        (CREATE, SUCCESS, (Fault.MISSING_FIELD, "instanceId is missing")),
        (CREATE, {**SUCCESS, "instanceId": ""}, (Fault.MISSING_FIELD, "instanceId is blank")),
        (CREATE, {**SUCCESS, "instanceId": 7}, (Fault.BAD_FIELD, "instanceId must be a string; “7” came")),
        (
            CREATE,
            {**SUCCESS, "instanceId": "i" * 65},
            (Fault.BAD_FIELD, "instanceId has 65 characters, at most 64 are allowed"),
        ),
        (
            CREATE,
            {**SUCCESS, "instanceId": "a,b"},
            (Fault.BAD_FIELD, "instanceId “a,b” holds a comma: queryInstance cannot ask for it"),
        ),
        (
            CREATE,
            {"resultCode": "000004", "instanceId": 7},
            (Fault.BAD_FIELD, "instanceId must be a string of 1 to 64 characters"),
        ),
        (
            QUERY,
            SUCCESS,
            (Fault.MISSING_FIELD, "info is missing; expected one entry for each instance that was asked for"),
        ),
        (QUERY, {**SUCCESS, "info": {}}, (Fault.BAD_FIELD, "info must be an array")),
        (QUERY, {**SUCCESS, "info": [1]}, (Fault.BAD_FIELD, "info[0] must be an object; “1” came")),
        (QUERY, {**SUCCESS, "info": []}, (Fault.OTHER_INSTANCE, "info lacks the instance “a”, which was asked for")),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a"}, {"instanceId": "b"}]},
            (Fault.OTHER_INSTANCE, "info holds the instance “b”, which was not asked for"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a"}, {"instanceId": "a"}]},
            (Fault.BAD_FIELD, "info holds an instance twice"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a", "appInfo": {"memo": "m"}}]},
            (Fault.MISSING_FIELD, "info[0].appInfo.frontEndUrl is missing"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a", "appInfo": {"frontEndUrl": "f", "password": ["p"]}}]},
            (Fault.BAD_FIELD, "info[0].appInfo.password must be a string"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a", "usageInfo": [{"statisticalTime": "20260701120000000"}]}]},
            (Fault.MISSING_FIELD, "info[0].usageInfo[0].usageValue is missing"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a", "usageInfo": [{"usageValue": "-1", "statisticalTime": "x"}]}]},
            (Fault.BAD_FIELD, "info[0].usageInfo[0].usageValue must be a number of 0 or more; “-1” came"),
        ),
        (
            QUERY,
            {**SUCCESS, "info": [{"instanceId": "a", "usageInfo": [{"usageValue": 1, "statisticalTime": "now"}]}]},
            (
                Fault.BAD_FIELD,
                "info[0].usageInfo[0].statisticalTime must be a UTC time yyyyMMddHHmmssSSS; “now” came",
            ),
        ),
    ],
)
def test_members_that_break_their_table_are_faults_section_3(command, members, expected):
    assert fault(command, signed(members)) == expected


def test_fault_of_a_creation_keeps_the_id_as_a_hint():
    claiming = signed({**SUCCESS, "instanceId": "i-1"})
    for broken in (
        replace(claiming, status=500),
        with_header(claiming, "Content-Type", "text/html"),
        with_header(claiming, "Body-Sign", None),
        signed({"resultCode": 0, "instanceId": "i-1"}),
    ):
        result = decode(CREATE, broken)
        assert isinstance(result, Unreachable)
        assert result.claimed_instance_id == "i-1"
        other = decode(RELEASE, broken)
        assert isinstance(other, Unreachable)
        assert other.claimed_instance_id == ""


@pytest.mark.parametrize(("claimed", "kept"), [("i" * 64, "i" * 64), ("i" * 65, ""), (" ", ""), (7, ""), (None, "")])
def test_only_a_possible_id_is_kept_as_a_hint(claimed, kept):
    result = decode(CREATE, replace(signed({"instanceId": claimed}), status=500))
    assert isinstance(result, Unreachable)
    assert result.claimed_instance_id == kept


def test_processing_is_pending_for_every_command_section_3_10():
    for command in (CREATE, QUERY, RELEASE):
        assert decode(command, signed({"resultCode": "000004", "resultMsg": "wait"})) == Pending(message="wait")


def test_other_code_is_a_refusal_that_may_be_retried_section_3_10():
    assert decode(CREATE, signed({"resultCode": "000106"})) == Rejected(code="000106", message="", retryable=True)


def test_long_message_is_cut_and_does_not_hide_its_code():
    assert decode(CREATE, signed({"resultCode": "000005", "resultMsg": "x" * 300})) == Rejected(
        code="000005", message="x" * 255
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [("1.5", "1.5"), (1.5, "1.5"), (1e7, "10000000"), ("1.0E7", "10000000"), (0.30000000000000004, "0.3"), (0, "0")],
)
def test_usage_is_read_as_number_or_text_section_11_25(sent, read):
    info = [{"instanceId": "a", "usageInfo": [{"usageValue": sent, "statisticalTime": "20260701120000"}]}]
    done = decode(QUERY, signed({**SUCCESS, "info": info}))
    assert isinstance(done, Done)
    assert done.instances[0].usage == (UsageInfo(value=Decimal(read), at=AT),)


def test_leftover_encrypt_type_is_ignored_section_3_2():
    members = {**SUCCESS, "encryptType": "1", "info": [{"instanceId": "a", "appInfo": {"frontEndUrl": "f"}}]}
    done = decode(QUERY, signed(members))
    assert isinstance(done, Done)
    assert done.instances == (InstanceInfo(instance_id="a", app=AppInfo(front_end_url="f")),)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = ("resultMsg", "instanceId", "info")
inner = ("instanceId", "appInfo", "usageInfo", "frontEndUrl", "usageValue", "statisticalTime")
entries = st.recursive(json_values, lambda value: st.lists(value) | st.dictionaries(st.sampled_from(inner), value))
answers = st.fixed_dictionaries(
    {"resultCode": st.sampled_from(["000000", "000004", "000003"]) | json_values},
    optional=dict.fromkeys(names, json_values | entries),
)


@given(command=commands, body=st.binary(max_size=60) | answers.map(lambda value: json.dumps(value).encode()))
def test_decode_never_raises_for_signed_answers(command, body):
    headers = (("Content-Type", "application/json"), ("Body-Sign", body_sign(body, KEY)))
    assert isinstance(decode(command, Response(200, headers, body)), Done | Pending | Rejected | Unreachable)


@given(
    status=st.integers(100, 599),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["Content-Type", "Location", "Body-Sign", "body-sign", "Content-Encoding"]),
            st.text(max_size=40),
        )
    ).map(tuple),
    body=st.binary(max_size=60),
)
def test_decode_never_raises_for_any_bytes(status, headers, body):
    result = decode(CREATE, Response(status, headers, body))
    assert isinstance(result, Unreachable)
    assert result.detail.isprintable()
