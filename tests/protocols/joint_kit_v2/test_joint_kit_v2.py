"""The joint-operation kit 2.0 on the wire, both ends (openapi-jointkit §A)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.exchange import ADDRESS, KEY, NONCE, NOW, Wire, json_values, results
from tests.protocols.sync_samples import (
    ALL_ORGS,
    APPLICATION,
    AUTH,
    EXCHANGES,
    TENANT,
    USER,
    commands,
)
from tradepost.protocols.commands import Release
from tradepost.protocols.contract import Denied
from tradepost.protocols.joint_kit_v2 import PROTOCOL
from tradepost.protocols.joint_kit_v2.fields import REQUESTS
from tradepost.protocols.joint_kit_v2.signing import sign_request
from tradepost.protocols.registry import protocol
from tradepost.protocols.sync_commands import Department, SyncAllOrgs, SyncAuth, SyncFlag
from tradepost.protocols.sync_fields import USER as USER_TABLE
from tradepost.protocols.wire_fields import Kind

WIRE = Wire(PROTOCOL)
EACH = pytest.mark.parametrize(
    ("section", "command", "outcome"),
    EXCHANGES,
    ids=[PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES],
)


def post(members, word, *, address=ADDRESS):
    return sign_request(members, url=f"{address}/produceAPI/v2/{word}", key=KEY, now=NOW, nonce=NONCE)


def body_of(command):
    return json.loads(WIRE.encode(command).body)


def changed(command, change):
    """Return a request with changed members of this command, correctly signed."""
    return post(body_of(command) | change, PROTOCOL.activities[type(command)])


def test_registry_finds_the_protocol_with_its_key_class():
    assert protocol("joint_kit_v2") is PROTOCOL
    assert (PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("kit", timedelta(seconds=125))


@EACH
def test_golden_exchange_is_what_the_code_writes_and_reads(section, command, outcome):
    name = PROTOCOL.activities[type(command)]
    assert WIRE.golden(name).read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read(name)
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_each_of_the_five_calls_has_one_golden_exchange():
    assert WIRE.names() == set(PROTOCOL.activities.values())
    assert len(PROTOCOL.activities) == 5


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_users_are_an_array_section_a_7():
    assert body_of(AUTH)["userList"] == [
        {
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
            "extension": {"cost center": "CC-9"},
        },
        {"userName": "li02", "name": "Li", "orgCode": "D101", "role": "user", "enable": "false"},
    ]
    assert body_of(AUTH)["currentSyncTime"] == "20250101080002000"


def test_departments_are_an_array_section_a_9():
    assert body_of(ALL_ORGS) == {
        "instanceId": "",
        "tenantId": "tenant-0001",
        "orgInfoList": [
            {"orgCode": "D100", "orgName": "总部", "parentCode": ""},
            {"orgCode": "D101", "orgName": "QA", "parentCode": "D100"},
        ],
        "testFlag": 1,
        "timeStamp": "20260701200000000",
    }


@pytest.mark.slow
@given(commands(tenants=3, auths=4))
@settings(max_examples=200)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(commands(tenants=3, auths=4), results)
def test_any_answer_decodes_as_the_same_outcome(command, outcome):
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@pytest.mark.parametrize(
    "written",
    [
        '[{"orgCode":"D100","orgName":"a: b","parentCode":""}]',
        '[{orgCode:"D100",orgName:"a: b",parentCode:""}]',
        '[ { orgCode : "D100" , orgName:"a: b" } ]',
    ],
)
def test_departments_may_be_a_text_with_bare_names_section_a_9(written):
    opened = WIRE.open(changed(ALL_ORGS, {"orgInfoList": written, "flag": 1}))
    assert opened == replace(ALL_ORGS, departments=(Department(code="D100", name="a: b"),))


def test_numbers_as_texts_and_booleans_are_read():
    user = body_of(AUTH)["userList"][0] | {"employeeType": "1", "enable": True, "mobile": None}
    opened = WIRE.open(changed(AUTH, {"userList": [user], "flag": "3", "testFlag": "1"}))
    assert opened == replace(AUTH, users=(USER,), flag=SyncFlag.CANCEL_AUTHORISATION, test=True)


def test_attributes_that_are_not_texts_arrive_as_their_json():
    user = body_of(AUTH)["userList"][1] | {"extension": {"n": 1, "l": ["a", 1.5], "z": None}}
    opened = WIRE.open(changed(AUTH, {"userList": [user]}))
    assert isinstance(opened, SyncAuth)
    assert opened.users[0].extension == (("l", '["a","1.5"]'), ("n", "1"))


def test_instance_and_order_may_be_absent_section_a_5():
    members = {name: value for name, value in body_of(TENANT).items() if name not in {"instanceId", "orderId"}}
    assert WIRE.open(post(members, "tenantSync")) == replace(TENANT, instance_id="", order_id="")


@EACH
def test_each_mandatory_field_and_length_is_enforced_sections_a_5_to_a_9(section, command, outcome):
    for field in REQUESTS[type(command)]:
        if field.mandatory:
            assert WIRE.denied(changed(command, {field.name: None})) == ("000002", f"{field.name} is missing")
        if field.length is not None and field.kind is Kind.STRING:
            says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
            assert WIRE.denied(changed(command, {field.name: "x" * (field.length + 1)})) == ("000002", says)


def test_each_field_of_a_user_is_enforced_section_a_7():
    first = body_of(AUTH)["userList"][0]
    for field in USER_TABLE:
        if field.mandatory:
            broken = changed(AUTH, {"userList": [first | {field.name: None}]})
            assert WIRE.denied(broken) == ("000002", f"userList[0].{field.name} is missing")
        if field.length is not None and field.kind is Kind.STRING:
            broken = changed(AUTH, {"userList": [first | {field.name: "x" * (field.length + 1)}]})
            code, said = WIRE.denied(broken)
            assert (code, said.split(" has ")[0]) == ("000002", f"userList[0].{field.name}")


@pytest.mark.parametrize(
    ("command", "change", "message"),
    [
        (TENANT, {"flag": 3}, "flag must be one of 0, 1, 2; “3” came"),
        (TENANT, {"flag": True}, "flag must be an integer; “True” came"),
        (APPLICATION, {"clientSecret": 7}, "clientSecret must be a string"),
        (AUTH, {"flag": 4}, "flag must be one of 0, 1, 2, 3; “4” came"),
        (AUTH, {"userList": "[]"}, "userList must be an array; “[]” came"),
        (AUTH, {"userList": ["x"]}, "userList[0] must be an object; “x” came"),
        (AUTH, {"currentSyncTime": "00010101000000000"}, "currentSyncTime is not a time yyyyMMddHHmmssSSS"),
        (ALL_ORGS, {"orgInfoList": "[{"}, "orgInfoList is not a JSON array: not JSON: Expecting property name"),
        (ALL_ORGS, {"orgInfoList": "{}"}, "orgInfoList is not a JSON array: a JSON object instead of an array"),
        (ALL_ORGS, {"testFlag": 2}, "testFlag must be one of 0, 1; “2” came"),
    ],
)
def test_invalid_value_is_000002(command, change, message):
    code, said = WIRE.denied(changed(command, change))
    assert (code, said[: len(message)]) == ("000002", message)


def test_five_hundred_users_at_most_section_a_7():
    users = tuple(replace(USER, user_name=f"u{number}") for number in range(500))
    assert WIRE.open(WIRE.encode(replace(AUTH, users=users))) == replace(AUTH, users=users)
    with pytest.raises(ValueError, match="up to 500 users, not 501"):
        WIRE.encode(replace(AUTH, users=(*users, USER)))
    members = body_of(AUTH)
    too_many = post(members | {"userList": members["userList"][:1] * 501}, "authSync")
    assert WIRE.denied(too_many) == ("000002", "userList holds 501 users, at most 500 are allowed")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Release(instance_id="i"), "no call for Release"),
        (replace(TENANT, flag=SyncFlag.CANCEL_AUTHORISATION), "flag must be one of 0, 1, 2"),
        (replace(TENANT, name=""), "name is blank"),
        (SyncAllOrgs(tenant_id="t", departments=(Department(code="", name="n"),)), "orgInfoList[0].orgCode is blank"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        WIRE.encode(command)
    assert says in str(error.value)


def test_no_call_is_retried_section_a_5():
    assert {rule.give_up_after for rule in PROTOCOL.retries.values()} == {timedelta(0)}
    assert PROTOCOL.retries.keys() == PROTOCOL.activities.keys() == REQUESTS.keys()


def test_result_codes_are_those_of_section_a_4():
    common = [f"00000{number}" for number in range(6)]
    subscription = [f"00010{number}" for number in range(8)]
    assert list(PROTOCOL.result_codes) == [*common, *subscription, "000900", "000901", "000902", "000903"]


names = ("instanceId", "tenantId", "userList", "orgInfoList", "currentSyncTime", "flag", "testFlag", "orgCode", "name")
wild_users = st.lists(st.dictionaries(st.sampled_from([field.name for field in USER_TABLE]), json_values), max_size=2)


@given(
    st.dictionaries(st.sampled_from(names), json_values | wild_users),
    st.sampled_from([command for _, command, _ in EXCHANGES]),
)
def test_any_request_gives_a_command_or_000002(change, command):
    try:
        assert type(WIRE.open(changed(command, change))) is type(command)
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


if __name__ == "__main__":
    WIRE.write_golden(EXCHANGES)
