"""Answers of SaaS 1.0 at both ends (saas-v1-license A2.2, A2.8, A3, A9)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v1.golden_samples import APP, CREATE
from tests.protocols.saas_v1.vectors import VECTORS
from tests.protocols.saas_v1.wire import BUSINESS, INSTANCE, KEY, answer, commands, decode, outcomes, signed
from tradepost.protocols.body_sign import HEADER, body_sign, body_sign_problem
from tradepost.protocols.commands import (
    AppInfo,
    Create,
    Done,
    Encryption,
    Expire,
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
from tradepost.protocols.secret_fields import encrypt

IV = "AbCdEfGh12345678"
DONE = Done(instance_id=BUSINESS, instances=(InstanceInfo(instance_id=BUSINESS, app=APP),))
QUERY = Query(instance_ids=(INSTANCE,))
RELEASE = Release(instance_id=INSTANCE)
SUCCESS = {"resultCode": "000000", "resultMsg": "success."}
CREATED = {**SUCCESS, "instanceId": BUSINESS}
URL = {"frontEndUrl": "https://app.isv.example.com/"}


def body(response: Response) -> dict[str, object]:
    members: dict[str, object] = json.loads(response.body)
    return members


def fault(command, members) -> tuple[Fault, str]:
    result = decode(command, signed(members))
    assert isinstance(result, Unreachable), result
    return result.fault, result.detail


@given(st.data())
def test_any_answer_is_decoded(data):
    command = data.draw(commands)
    if isinstance(command, Create):
        command = replace(command, encryption=data.draw(st.sampled_from(Encryption)))
    outcome = data.draw(outcomes(command))
    assert decode(command, answer(command, outcome)) == outcome


@pytest.mark.parametrize("vector", VECTORS["body_sign"], ids=["refreshed", "created"])
def test_body_sign_vectors_of_section_e2(vector):
    headers = ((HEADER, f'sign_type="HMAC-SHA256", signature= "{vector["signature"]}"'),)
    assert body_sign(vector["body"].encode(), KEY) == headers[0][1]
    assert body_sign_problem(headers, vector["body"].encode(), KEY) is None


# --- newInstance answers the access data at once (A2.2) ------------------------------------------------------------------


def test_access_data_comes_with_the_instance_encrypted_section_a2_2():
    members = body(answer(CREATE, DONE))
    app = members["appInfo"]
    assert isinstance(app, dict)
    assert list(members) == ["resultCode", "resultMsg", "encryptType", "instanceId", "appInfo"]
    assert (members["encryptType"], app["frontEndUrl"], app["memo"]) == ("1", APP.front_end_url, APP.memo)
    for name, plain in (("userName", APP.user_name), ("password", APP.password)):
        assert app[name] == encrypt(plain, key=KEY, iv=app[name][:16], encryption=Encryption.AES256)
    assert app["userName"][:16] != app["password"][:16]
    assert decode(CREATE, answer(CREATE, DONE)) == DONE


def test_ivs_are_derived_from_the_nonce():
    assert answer(CREATE, DONE) == answer(CREATE, DONE)
    assert body(answer(CREATE, DONE, nonce="another")) != body(answer(CREATE, DONE))


def test_secrets_are_never_sent_unencrypted():
    sent = answer(CREATE, DONE)
    assert APP.password.encode() not in sent.body
    assert b'"admin"' not in sent.body


@pytest.mark.parametrize("vector", VECTORS["fields"], ids=lambda vector: vector["plain"])
@pytest.mark.parametrize("encrypt_type", ["1", "2"])
def test_fields_of_section_e4_are_decrypted(vector, encrypt_type):
    field = vector[encrypt_type]
    members = {**CREATED, "encryptType": encrypt_type, "appInfo": {**URL, "userName": field, "password": field}}
    app = AppInfo(front_end_url=URL["frontEndUrl"], user_name=vector["plain"], password=vector["plain"])
    instance = InstanceInfo(instance_id=BUSINESS, app=app)
    assert decode(CREATE, signed(members)) == Done(message="success.", instance_id=BUSINESS, instances=(instance,))


def test_missing_encrypt_type_is_aes_256_section_a2_2():
    members = {**CREATED, "appInfo": {**URL, "userName": VECTORS["fields"][2]["1"]}}
    result = decode(CREATE, signed(members))
    assert isinstance(result, Done)
    assert result.instances[0].app == AppInfo(front_end_url=URL["frontEndUrl"], user_name="admin")


def test_access_data_may_be_omitted_section_a2_2():
    assert decode(CREATE, signed(CREATED)) == Done(message="success.", instance_id=BUSINESS)
    assert body(answer(CREATE, Done(instance_id=BUSINESS))) == {**CREATED, "resultMsg": "success"}


def test_access_data_without_secrets_names_no_strength():
    plain = replace(DONE, instances=(InstanceInfo(instance_id=BUSINESS, app=AppInfo(front_end_url="https://a/")),))
    assert "encryptType" not in body(answer(CREATE, plain))


@pytest.mark.parametrize("name", ["userName", "password"])
@pytest.mark.parametrize(
    "field", ["admin", IV, IV + "!!!!", IV + "AAAA", IV + "A" * 22 + "==", "first-password-in-clear"]
)
def test_undecryptable_field_is_a_fault_that_does_not_quote_it_section_a1_4(name, field):
    members = {**CREATED, "appInfo": {**URL, name: field}}
    result = decode(CREATE, signed(members))
    assert isinstance(result, Unreachable)
    assert (result.fault, result.claimed_instance_id) == (Fault.BAD_FIELD, BUSINESS)
    assert result.detail.startswith(f"appInfo.{name} cannot be decrypted with AES256_CBC_PKCS5Padding: ")
    assert field not in result.detail


def test_wrong_encrypt_type_is_found():
    field = VECTORS["fields"][2]["2"]
    kind, detail = fault(CREATE, {**CREATED, "encryptType": "1", "appInfo": {**URL, "password": field}})
    assert kind is Fault.BAD_FIELD
    assert detail.endswith("it decrypts to no text; it was encrypted with another key or another strength")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (SUCCESS, (Fault.MISSING_FIELD, "instanceId is missing")),
        (
            {**SUCCESS, "instanceId": "x" * 65},
            (Fault.BAD_FIELD, "instanceId has 65 characters, at most 64 are allowed"),
        ),
        (
            {**SUCCESS, "instanceId": "a,b"},
            (Fault.BAD_FIELD, "instanceId holds a comma, which separates the ids of queryInstance"),
        ),
        ({**CREATED, "appInfo": {}}, (Fault.MISSING_FIELD, "appInfo.frontEndUrl is missing")),
        ({**CREATED, "appInfo": []}, (Fault.BAD_FIELD, "appInfo must be an object")),
        ({**CREATED, "encryptType": "3"}, (Fault.BAD_FIELD, "encryptType must be one of 1, 2; “3” came")),
        (
            {**CREATED, "appInfo": {**URL, "password": "p" * 129}},
            (Fault.BAD_FIELD, "appInfo.password has 129 characters, at most 128 are allowed"),
        ),
        ({**CREATED, "appInfo": {**URL, "password": 5}}, (Fault.BAD_FIELD, "appInfo.password must be a string")),
    ],
)
def test_answer_that_breaks_its_table_section_a9(members, expected):
    assert fault(CREATE, members) == expected


def test_seventy_nine_bytes_fit_and_eighty_do_not_section_a1_4():
    def with_password(password: str) -> Done:
        app = AppInfo(front_end_url="https://a/", password=password)
        return Done(instance_id=BUSINESS, instances=(InstanceInfo(instance_id=BUSINESS, app=app),))

    fits = with_password("p" * 79)
    assert replace(fits, message="success") == decode(CREATE, answer(CREATE, fits))
    with pytest.raises(ValueError, match=r"appInfo\.password has 144 characters, at most 128 are allowed"):
        answer(CREATE, with_password("p" * 80))


# --- queryInstance (A2.8) ----------------------------------------------------------------------------------------------


def test_query_answers_encrypted_access_data_and_usage_section_a2_8():
    usage = UsageInfo(value=Decimal("12.5"), at=datetime(2026, 7, 1, 11, tzinfo=UTC), related_instance_id="other")
    done = Done(instances=(InstanceInfo(instance_id=INSTANCE, app=APP, usage=(usage,)),))
    members = body(answer(QUERY, done))
    assert members["encryptType"] == "1"
    assert decode(QUERY, answer(QUERY, done)) == done


def test_two_instances_of_one_answer_have_different_ivs():
    query = Query(instance_ids=("a", "b"))
    done = Done(instances=tuple(InstanceInfo(instance_id=name, app=APP) for name in "ab"))
    info = body(answer(query, done))["info"]
    assert isinstance(info, list)
    assert len({entry["appInfo"][name][:16] for entry in info for name in ("userName", "password")}) == 4


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (None, (Fault.MISSING_FIELD, "info is missing; expected one entry for each instance that was asked for")),
        ([], (Fault.OTHER_INSTANCE, f"info lacks the instance “{INSTANCE}”, which was asked for")),
        (
            [{"instanceId": "other"}],
            (Fault.OTHER_INSTANCE, "info holds the instance “other”, which was not asked for"),
        ),
        ([{"instanceId": INSTANCE}] * 2, (Fault.BAD_FIELD, "info holds an instance twice")),
        ([5], (Fault.BAD_FIELD, "info[0] must be an object; “5” came")),
        ([{"appInfo": URL}], (Fault.MISSING_FIELD, "info[0].instanceId is missing")),
        (
            [{"instanceId": INSTANCE, "usageInfo": [{"usageValue": 1}]}],
            (Fault.MISSING_FIELD, "info[0].usageInfo[0].statisticalTime is missing"),
        ),
        (
            [{"instanceId": INSTANCE, "usageInfo": [{"usageValue": -1, "statisticalTime": "20260701110000000"}]}],
            (Fault.BAD_FIELD, "info[0].usageInfo[0].usageValue must be a number of 0 or more; “-1” came"),
        ),
        (
            [{"instanceId": INSTANCE, "usageInfo": [{"usageValue": 1, "statisticalTime": "yesterday"}]}],
            (
                Fault.BAD_FIELD,
                "info[0].usageInfo[0].statisticalTime must be a UTC time yyyyMMddHHmmssSSS; “yesterday” came",
            ),
        ),
    ],
)
def test_query_answer_that_breaks_its_table_section_a2_8(info, expected):
    assert fault(QUERY, {**SUCCESS, "info": info}) == expected


def test_query_names_the_entry_that_cannot_be_decrypted():
    entry = {"instanceId": INSTANCE, "appInfo": {**URL, "password": "clear"}}
    kind, detail = fault(QUERY, {**SUCCESS, "info": [entry]})
    assert (kind, detail.partition(" cannot")[0]) == (Fault.BAD_FIELD, "info[0].appInfo.password")


# --- every activity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [CREATE, RELEASE, Expire(instance_id=INSTANCE)])
def test_in_progress_has_no_instance_section_a2_2(command):
    pending = Pending(message="wait", instance_id=BUSINESS)
    response = answer(command, pending)
    assert body(response) == {"resultCode": "000004", "resultMsg": "wait"}
    assert decode(command, response) == Pending(message="wait")
    assert decode(command, signed({**CREATED, "resultCode": "000004"})) == Pending(message="success.")


def test_refusal_has_its_code_section_a3():
    refusal = Rejected(code="000106", message="sold out")
    assert decode(CREATE, answer(CREATE, refusal)) == refusal
    assert body(answer(None, Rejected(code="000001"))) == {"resultCode": "000001", "resultMsg": "refused"}


@pytest.mark.parametrize("code", ["000000", "000004", "1", "abcdef", ""])
def test_success_is_never_written_as_a_refusal(code):
    with pytest.raises(ValueError, match="is no refusal"):
        answer(CREATE, Rejected(code=code))


def test_body_must_be_signed_section_a1_3():
    response = answer(RELEASE, Done())
    unsigned = Response(200, (("Content-Type", "application/json"),), response.body)
    missing = decode(RELEASE, unsigned)
    assert isinstance(missing, Unreachable)
    assert missing.fault is Fault.BODY_SIGN_MISSING
    assert decode(RELEASE, unsigned, require_body_sign=False) == Done()
    forged = decode(RELEASE, replace(response, body=response.body + b"\n"), require_body_sign=False)
    assert isinstance(forged, Unreachable)
    assert forged.fault is Fault.BODY_SIGN_WRONG


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=70),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["instanceId", "appInfo", "frontEndUrl", "userName", "password", "usageInfo", "usageValue"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
mad_answers = st.fixed_dictionaries(
    {"resultCode": st.sampled_from(["000000", "000004", "000005"]) | json_values},
    optional=dict.fromkeys(("resultMsg", "encryptType", "instanceId", "appInfo", "info"), json_values),
)


@given(commands, mad_answers)
def test_any_answer_is_a_result_and_never_an_exception(command, members):
    assert isinstance(decode(command, signed(members)), Done | Pending | Rejected | Unreachable)


@given(commands, st.binary(max_size=60), st.integers(100, 599))
def test_random_bytes_are_unreachable(command, raw, status):
    assert isinstance(decode(command, Response(status, (), raw)), Unreachable)
