"""The joint-operation kit 1.0 on the wire, both ends (openapi-jointkit §A)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.exchange import ADDRESS, KEY, NONCE, NOW, Wire, json_values, results
from tests.protocols.sync_samples import ALL_ORGS, AT, AUTH, EXCHANGES, KIT_KEY, ORG, TENANT, USER, commands
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.commands import Done, Release
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request
from tradepost.protocols.joint_kit_v1 import PROTOCOL
from tradepost.protocols.joint_kit_v1.fields import REQUESTS
from tradepost.protocols.joint_kit_v1.signing import sign_request
from tradepost.protocols.registry import protocol
from tradepost.protocols.sync_commands import Department, SyncFlag
from tradepost.protocols.wire_fields import Kind

WIRE = Wire(PROTOCOL)
EACH = pytest.mark.parametrize(
    ("section", "command", "outcome"),
    EXCHANGES,
    ids=[PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES],
)


def body_of(command):
    return json.loads(WIRE.encode(command).body)


def changed(command, change):
    """Return a request with changed members of this command, correctly signed."""
    url = f"{ADDRESS}/produceAPI/{PROTOCOL.activities[type(command)]}"
    return sign_request(body_of(command) | change, url=url, key=KEY)


def test_registry_finds_the_protocol_with_its_key_class():
    assert protocol("joint_kit_v1") is PROTOCOL
    assert (PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("kit", timedelta(0))


@EACH
def test_golden_exchange_is_what_the_code_writes_and_reads(section, command, outcome):
    name = PROTOCOL.activities[type(command)]
    assert WIRE.golden(name).read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read(name)
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_each_of_the_five_calls_has_one_golden_exchange():
    assert WIRE.names() == set(PROTOCOL.activities.values())


def test_vectors_of_section_a_3():
    request = PROTOCOL.encode(TENANT, address="https://example.isv.com", key=KIT_KEY, now=AT, nonce=NONCE)
    assert request.url == "https://example.isv.com/produceAPI/tenantSync"
    assert request.header("authToken") == "jJATmFKPBSaB4b44qj4XIHw/BRworloipsb9AnyDViM="
    assert PROTOCOL.open(request, key=KIT_KEY, now=AT, nonce_seen=lambda nonce, until: False) == TENANT
    answer = PROTOCOL.answer(TENANT, Done(message="success."), key=KIT_KEY, nonce=NONCE)
    assert answer.body == b'{"resultCode":"000000","resultMsg":"success."}'
    assert answer.header("Body-Sign") == (
        'sign_type="HMAC-SHA256", signature= "eir/rHRgvAWBE5AS3TqWsns7+w/g4XVmbnHYses6Z8U="'
    )


def test_answer_must_be_signed_section_a_3():
    answer = WIRE.answer(TENANT, Done())
    assert answer.header("Body-Sign") == body_sign(answer.body, KEY)
    plain = replace(answer, headers=(("Content-Type", "application/json"),))
    assert WIRE.decode(TENANT, plain).fault == "body_sign_missing"


def test_order_of_members_does_not_change_the_token():
    request = WIRE.encode(ORG)
    turned = json.dumps(dict(reversed(body_of(ORG).items())), indent=2).encode()
    assert WIRE.open(replace(request, body=turned)) == ORG


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda r: replace(r, headers=r.headers[:1]), ("000001", "the header authToken is missing")),
        (lambda r: replace(r, headers=(r.headers[0], ("authToken", "x"))), ("000001", "authToken does not match")),
        (lambda r: replace(r, body=r.body.replace(b"QA", b"QB")), ("000001", "authToken does not match")),
        (
            lambda r: replace(r, body=b"[]"),
            ("000002", "the body is not a JSON object: a JSON array instead of an object"),
        ),
        (lambda r: replace(r, method="GET"), ("000002", "the method must be POST")),
        (
            lambda r: replace(r, url="https://isv.example.com/produceAPI/v2/singleOrgSync"),
            ("000002", "the path does not end with /produceAPI/ and the name of a call"),
        ),
    ],
)
def test_requests_refused_before_the_table(change, refusal):
    assert WIRE.denied(change(WIRE.encode(ORG))) == refusal


def test_empty_key_signs_nothing():
    request = PROTOCOL.encode(ORG, address=ADDRESS, key="", now=NOW, nonce=NONCE)
    assert WIRE.denied(request, key="") == ("000001", "authToken does not match")


def test_users_are_json_in_a_text_with_three_attributes_in_both_places_section_a_7():
    written = body_of(AUTH)["userList"]
    assert isinstance(written, str)
    assert json.loads(written)[0] == {
        "userName": "zhang01",
        "name": "张三",
        "orgCode": "D100",
        "role": "admin",
        "enable": "true",
        "position": "Ops",
        "employeeCode": "E7",
        "employeeType": 1,
        "workPlace": "Nanjing",
        "entryDate": "2022-11-9",
        "extension": {"cost center": "CC-9", "employeeType": "1", "workPlace": "Nanjing", "entryDate": "2022-11-9"},
    }


def test_attributes_are_read_from_the_extension_as_in_the_example_section_a_7():
    user = {
        "userName": "zhang01",
        "name": "张三",
        "position": "Ops",
        "orgCode": "D100",
        "role": "admin",
        "enable": "true",
        "employeeCode": "E7",
        "mobile": "",
        "email": "",
        "workPlace": "",
        "extension": {
            "entryDate": "2022-11-9",
            "employeeType": "1",
            "workPlace": "Nanjing",
            "cost center": "CC-9",
        },
    }
    opened = WIRE.open(changed(AUTH, {"userList": json.dumps([user])}))
    assert opened == replace(AUTH, users=(USER,))


def test_departments_have_a_name_section_a_9():
    assert body_of(ALL_ORGS)["orgInfo"] == (
        '[{"orgCode":"D100","name":"总部","parentCode":""},{"orgCode":"D101","name":"QA","parentCode":"D100"}]'
    )
    opened = WIRE.open(changed(ALL_ORGS, {"orgInfo": '[{"orgCode":"D100","orgName":"HQ"}]'}))
    assert opened == replace(ALL_ORGS, departments=(Department(code="D100", name="HQ"),))


@pytest.mark.slow
@given(commands(tenants=2, auths=3))
@settings(max_examples=200)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(commands(tenants=2, auths=3), results)
def test_any_answer_decodes_as_the_same_outcome(command, outcome):
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@EACH
def test_each_mandatory_field_and_length_is_enforced_sections_a_5_to_a_9(section, command, outcome):
    for field in REQUESTS[type(command)]:
        if field.mandatory:
            assert WIRE.denied(changed(command, {field.name: None})) == ("000002", f"{field.name} is missing")
        if field.length is not None and field.kind is Kind.STRING:
            says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
            assert WIRE.denied(changed(command, {field.name: "x" * (field.length + 1)})) == ("000002", says)


@pytest.mark.parametrize(
    ("command", "change", "message"),
    [
        (TENANT, {"flag": 2}, "flag must be one of 0, 1; “2” came"),
        (AUTH, {"flag": 3}, "flag must be one of 0, 1, 2; “3” came"),
        (AUTH, {"userList": []}, "userList must be a string"),
        (AUTH, {"userList": "{}"}, "userList is not a JSON array in a text: a JSON object instead of an array"),
        (AUTH, {"userList": '["x"]'}, "userList[0] must be an object; “x” came"),
        (AUTH, {"userList": '[{"userName":"u"}]'}, "userList[0].name is missing"),
        (ALL_ORGS, {"orgInfo": '[{"orgCode":"D","name":""}]'}, "orgInfoList[0].orgName is blank"),
        (ALL_ORGS, {"orgInfo": "[7]"}, "orgInfoList[0] must be an object; “7” came"),
    ],
)
def test_invalid_value_is_000002(command, change, message):
    code, said = WIRE.denied(changed(command, change))
    assert (code, said[: len(message)]) == ("000002", message)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Release(instance_id="i"), "no call for Release"),
        (replace(TENANT, flag=SyncFlag.MODIFY), "flag must be one of 0, 1"),
        (replace(AUTH, flag=SyncFlag.CANCEL_AUTHORISATION), "flag must be one of 0, 1, 2"),
        (replace(AUTH, users=(replace(USER, name="x" * 65),)), "userList[0].name has 65 characters"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        WIRE.encode(command)
    assert says in str(error.value)


names = ("instanceId", "tenantId", "userList", "orgInfo", "currentSyncTime", "flag", "testFlag", "orgCode", "timeStamp")
user_names = ("userName", "name", "orgCode", "role", "enable", "extension", "employeeType", "workPlace")
wild_lists = st.lists(st.dictionaries(st.sampled_from(user_names), json_values), max_size=2).map(json.dumps)


@given(
    st.dictionaries(st.sampled_from(names), json_values | wild_lists),
    st.sampled_from([command for _, command, _ in EXCHANGES]),
)
def test_any_request_gives_a_command_or_000002(change, command):
    try:
        assert type(WIRE.open(changed(command, change))) is type(command)
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


full_user = {"userName": "u", "name": "n", "orgCode": "o", "role": "user", "enable": "true"}


@given(
    st.dictionaries(
        st.sampled_from(user_names), json_values | st.dictionaries(st.sampled_from(user_names), json_values)
    )
)
def test_any_user_is_read_or_000002(user):
    try:
        assert len(WIRE.open(changed(AUTH, {"userList": json.dumps([full_user | user])})).users) == 1
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


@given(st.text(max_size=40), st.text(max_size=50), st.binary())
def test_unsigned_request_is_only_denied(path, token, body):
    headers = (("Content-Type", "application/json"), ("authToken", token))
    request = Request("POST", f"https://isv.example.com{path}", headers, body)
    assert WIRE.denied(request)[0] in {"000001", "000002"}
    assert WIRE.denied(replace(request, url=f"{ADDRESS}/produceAPI/authSync"))[0] in {"000001", "000002"}


if __name__ == "__main__":
    WIRE.write_golden(EXCHANGES)
