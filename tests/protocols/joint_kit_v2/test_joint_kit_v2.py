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
    AT,
    AUTH,
    EXCHANGES,
    KIT_KEY,
    ORG,
    TENANT,
    USER,
    commands,
)
from tradepost.protocols.commands import Release
from tradepost.protocols.contract import Denied
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.http import Request
from tradepost.protocols.joint_kit_v2 import PROTOCOL
from tradepost.protocols.joint_kit_v2.fields import REQUESTS
from tradepost.protocols.joint_kit_v2.signing import sign_request, x_sign
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
    """A request with members of this command changed, correctly signed."""
    return post(body_of(command) | change, PROTOCOL.activities[type(command)])


def test_the_registry_finds_the_protocol_with_its_key_class():
    assert protocol("joint_kit_v2") is PROTOCOL
    assert (PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("kit", timedelta(seconds=125))


@EACH
def test_the_golden_exchange_is_what_our_code_writes_and_reads(section, command, outcome):
    name = PROTOCOL.activities[type(command)]
    assert WIRE.golden(name).read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read(name)
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_there_is_one_golden_exchange_for_each_of_the_five_calls():
    assert WIRE.names() == set(PROTOCOL.activities.values())
    assert len(PROTOCOL.activities) == 5


# --- signature -------------------------------------------------------------------------------------------------------

VECTOR_NONCE = "9F3C0E5A7B1D2468ACE013579BDF02468ACE13579BDF02468ACE13579BDF0246"


def test_the_vector_of_section_a_2():
    request = PROTOCOL.encode(TENANT, address="https://example.isv.com", key=KIT_KEY, now=AT, nonce=VECTOR_NONCE)
    assert request == Request(
        "POST",
        "https://example.isv.com/produceAPI/v2/tenantSync",
        (
            ("Content-Type", "application/json"),
            ("x-sign", "4de4457acc035fd27681b0c5b2074df468a8572c3076b121672e95ca8556f218".upper()),
            ("x-timestamp", "1735689600000"),
            ("x-nonce", VECTOR_NONCE),
        ),
        b'{"domainName":"https://acme.example-auth.com","flag":1,"instanceId":"inst-0001","name":"Acme Ltd",'
        b'"orderId":"CS2501010000ABCDE","tenantCode":"acme","tenantId":"tenant-0001","testFlag":0,'
        b'"timeStamp":"20250101080000000"}',
    )
    assert PROTOCOL.open(request, key=KIT_KEY, now=AT, nonce_seen=lambda nonce, until: False) == TENANT


@pytest.mark.parametrize(
    ("body", "timestamp", "nonce", "expected"),
    [
        (
            (
                '{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS",'
                '"orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
            ),
            "1680508066618",
            "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA",
            "7fca16f2d47ae15ca67988662e2195fd44f4fd3feaf29ef043c308b94a3307e6",
        ),
        (
            '{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","status":"FREEZE"}',
            "1680509558159",
            "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510",
            "c024fdaa52473002efdfec9fe06ff6a11874c07de71d9ce179d493ef16ac3888",
        ),
        (
            (
                '{"activity":"changeInstanceCheck","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","productInfo":'
                '{"linearValue":5,"productId":"OFFI461867333479178240","productName":"测试/Test",'
                '"skuCode":"d0abcd12-1234-5678-ab12-11ab111a1a1a"}}'
            ),
            "1680510876429",
            "D8FE86FA6ABE90CA63A72B3256743D3D869648FE99A96354E635F032629F6C21",
            "d1c126a3bce6b97c9d8b375b6a9e70e31cf255de8051703996f88c934c030460",
        ),
    ],
)
def test_the_x_sign_column_of_saas_v2_section_2_7(body, timestamp, nonce, expected):
    assert x_sign(key=KEY, nonce=nonce, timestamp=timestamp, payload=body.encode()) == expected.upper()


def resigned(request, body: bytes, *, over: bytes | None = None) -> Request:
    """The request with other bytes, signed over them or over a form of them."""
    timestamp = str(epoch_ms(NOW))
    sign = x_sign(key=KEY, nonce=NONCE, timestamp=timestamp, payload=body if over is None else over)
    headers = tuple((name, sign.lower() if name == "x-sign" else value) for name, value in request.headers)
    return replace(request, headers=headers, body=body)


def test_a_sender_may_sign_the_sorted_form_without_nulls_section_a_2():
    sent = b'{ "tenantId":"t","orgCode":"D","orgName":"N","note":null,"flag":1,"testFlag":0,"timeStamp":"20250101080000000"}'
    form = b'{"flag":1,"orgCode":"D","orgName":"N","tenantId":"t","testFlag":0,"timeStamp":"20250101080000000"}'
    opened = WIRE.open(resigned(WIRE.encode(ORG), sent, over=form))
    assert opened == replace(ORG, instance_id="", tenant_id="t", department=Department(code="D", name="N"))


def without(request, name):
    return replace(request, headers=tuple(pair for pair in request.headers if pair[0] != name))


def with_header(request, name, value):
    return replace(without(request, name), headers=(*without(request, name).headers, (name, value)))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda r: without(r, "x-timestamp"), ("000002", "timestamp is missing")),
        (lambda r: with_header(r, "x-timestamp", "soon"), ("000002", "timestamp is not a number of milliseconds")),
        (
            lambda r: with_header(r, "x-timestamp", str(epoch_ms(NOW) - 60001)),
            ("000002", "timestamp is 60 s before the receiver's clock, 60 s are allowed"),
        ),
        (lambda r: without(r, "x-nonce"), ("000002", "nonce is missing")),
        (lambda r: without(r, "x-sign"), ("000001", "signature is missing")),
        (lambda r: with_header(r, "x-sign", "0" * 64), ("000001", "signature does not match")),
        (lambda r: replace(r, body=r.body + b" "), None),
        (lambda r: replace(r, body=r.body.replace(b"QA", b"QB")), ("000001", "signature does not match")),
    ],
)
def test_the_checks_of_section_a_2_in_their_order(change, refusal):
    request = change(WIRE.encode(ORG))
    if refusal is None:  # blanks do not change the canonical form
        assert WIRE.open(request) == ORG
    else:
        assert WIRE.denied(request) == refusal


def test_a_nonce_is_good_once_and_only_a_signed_request_uses_it_up():
    seen: set[str] = set()

    def nonce_seen(nonce, until):
        known = nonce in seen
        seen.add(nonce)
        return known

    request = WIRE.encode(ORG)
    with pytest.raises(Denied):
        PROTOCOL.open(with_header(request, "x-sign", "00"), key=KEY, now=NOW, nonce_seen=nonce_seen)
    assert PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=nonce_seen) == ORG
    with pytest.raises(Denied, match="000001: nonce was used before"):
        PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=nonce_seen)


def test_an_empty_key_signs_nothing():
    request = PROTOCOL.encode(ORG, address=ADDRESS, key="", now=NOW, nonce=NONCE)
    assert WIRE.denied(request, key="") == ("000001", "signature does not match")


# --- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://example.isv.com", "https://example.isv.com/produceAPI/v2/authSync"),
        ("https://example.isv.com/", "https://example.isv.com/produceAPI/v2/authSync"),
        ("https://example.isv.com/isv/produce", "https://example.isv.com/isv/produce/produceAPI/v2/authSync"),
        ("https://example.isv.com/p?site=cn#x", "https://example.isv.com/p/produceAPI/v2/authSync?site=cn"),
    ],
)
def test_the_path_follows_the_address_section_a_0(address, url):
    request = WIRE.encode(AUTH, address=address)
    assert request.url == url
    assert WIRE.open(request) == AUTH


@pytest.mark.parametrize(
    "url",
    [
        "https://isv.example.com/produce",
        "https://isv.example.com/produceAPI/tenantSync",
        "https://isv.example.com/produceAPI/v2/tenantsync",
        "https://isv.example.com/produceAPI/v2/tenantSync/x",
        "https://isv.example.com/x?y=/produceAPI/v2/tenantSync",
        "https://[isv/produceAPI/v2/tenantSync",
    ],
)
def test_another_path_is_000002(url):
    assert WIRE.denied(replace(WIRE.encode(TENANT), url=url))[0] == "000002"


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_users_travel_as_an_array_section_a_7():
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


def test_departments_travel_as_an_array_section_a_9():
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


@given(commands(tenants=3, auths=4))
@settings(max_examples=200)
def test_whatever_is_encoded_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(commands(tenants=3, auths=4), results)
def test_whatever_is_answered_decodes_as_the_same_outcome(command, outcome):
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@pytest.mark.parametrize(
    "written",
    [
        '[{"orgCode":"D100","orgName":"a: b","parentCode":""}]',
        '[{orgCode:"D100",orgName:"a: b",parentCode:""}]',
        '[ { orgCode : "D100" , orgName:"a: b" } ]',
    ],
)
def test_departments_may_come_as_a_text_with_bare_names_section_a_9(written):
    opened = WIRE.open(changed(ALL_ORGS, {"orgInfoList": written, "flag": 1}))
    assert opened == replace(ALL_ORGS, departments=(Department(code="D100", name="a: b"),))


def test_numbers_as_texts_and_truth_values_are_read():
    user = body_of(AUTH)["userList"][0] | {"employeeType": "1", "enable": True, "mobile": None}
    opened = WIRE.open(changed(AUTH, {"userList": [user], "flag": "3", "testFlag": "1"}))
    assert opened == replace(AUTH, users=(USER,), flag=SyncFlag.CANCEL_AUTHORISATION, test=True)


def test_attributes_that_are_no_texts_arrive_as_their_json():
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
def test_a_value_that_breaks_its_rule_is_000002(command, change, message):
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
def test_a_command_that_the_wire_cannot_carry_is_the_callers_mistake(command, says):
    with pytest.raises(ValueError) as error:
        WIRE.encode(command)
    assert says in str(error.value)


def test_nothing_is_tried_again_section_a_5():
    assert {rule.give_up_after for rule in PROTOCOL.retries.values()} == {timedelta(0)}
    assert PROTOCOL.retries.keys() == PROTOCOL.activities.keys() == REQUESTS.keys()


def test_the_result_codes_are_those_of_section_a_4():
    common = [f"00000{number}" for number in range(6)]
    subscription = [f"00010{number}" for number in range(8)]
    assert list(PROTOCOL.result_codes) == [*common, *subscription, "000900", "000901", "000902", "000903"]


names = ("instanceId", "tenantId", "userList", "orgInfoList", "currentSyncTime", "flag", "testFlag", "orgCode", "name")
wild_users = st.lists(st.dictionaries(st.sampled_from([field.name for field in USER_TABLE]), json_values), max_size=2)


@given(
    st.dictionaries(st.sampled_from(names), json_values | wild_users),
    st.sampled_from([command for _, command, _ in EXCHANGES]),
)
def test_a_market_gone_mad_gets_a_command_or_000002(change, command):
    try:
        assert type(WIRE.open(changed(command, change))) is type(command)
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


@given(
    st.text(max_size=40), st.dictionaries(st.sampled_from(["x-sign", "x-timestamp", "x-nonce"]), st.text()), st.binary()
)
def test_a_stranger_is_denied_and_nothing_else(path, headers, body):
    request = Request("POST", f"https://isv.example.com{path}", (*headers.items(),), body)
    assert WIRE.denied(request)[0] in {"000001", "000002"}
    assert WIRE.denied(replace(request, url=f"{ADDRESS}/produceAPI/v2/authSync"))[0] in {"000001", "000002"}


if __name__ == "__main__":
    WIRE.write_golden(EXCHANGES)
