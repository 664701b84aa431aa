"""License 1.0 at both ends (saas-v1-license B1)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.license_v1.samples import CREATE, REFRESH
from tests.protocols.license_v1.wire import (
    BUSINESS,
    INSTANCE,
    ORDER,
    answer,
    asked,
    commands,
    decode,
    encode,
    open_,
    outcomes,
    signed,
)
from tradepost.protocols.commands import (
    Buyer,
    Command,
    Create,
    Done,
    Expire,
    Fault,
    Pending,
    Purchase,
    Query,
    Refresh,
    Rejected,
    Release,
    Scene,
    Unreachable,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Response
from tradepost.protocols.license_v1 import PROTOCOL
from tradepost.protocols.license_v1.fields import REQUESTS, SUCCESSES
from tradepost.protocols.registry import protocol

HOUR = timedelta(hours=1)
SUCCESS = {"resultCode": "000000", "resultMsg": "success."}
LICENSED = {**SUCCESS, "license": "*****", "instanceId": INSTANCE}


def parameters(command) -> dict[str, str]:
    query = encode(command).query
    return {name: value for name, value in query.items() if name not in {"timeStamp", "authToken"}}


def denied(members) -> tuple[str, str]:
    with pytest.raises(Denied) as refusal:
        open_(asked(members))
    return refusal.value.code, refusal.value.message


def fault(command, members) -> Unreachable:
    result = decode(command, signed(members))
    assert isinstance(result, Unreachable), result
    return result


def test_registry_finds_the_protocol():
    assert protocol("license_v1") is PROTOCOL
    assert (PROTOCOL.title.zh, PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("License 1.0", "license", timedelta(0))


def test_every_activity_has_its_plan_and_its_tables():
    for table in (PROTOCOL.retries, REQUESTS, SUCCESSES):
        assert table.keys() == PROTOCOL.activities.keys()


def test_license_is_requested_hourly_for_three_hours_and_other_calls_once_section_b1():
    rule = PROTOCOL.retries[Create]
    assert (rule.every, rule.give_up_after) == (HOUR, 3 * HOUR)
    assert {PROTOCOL.retries[kind].give_up_after for kind in (Refresh, Expire, Release)} == {timedelta(0)}


def test_result_codes_are_the_common_ones_section_b1():
    assert list(PROTOCOL.result_codes) == [f"00000{number}" for number in range(6)]


# --- requests ----------------------------------------------------------------------------------------------------------


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert open_(encode(command)) == command


def test_members_of_a_license_request_section_b1():
    sent = parameters(CREATE)
    assert sent.pop("saasExtendParams")
    assert sent == {
        "activity": "getLicense",
        "amount": "10",
        "businessId": BUSINESS,
        "chargingMode": "1",
        "customerId": "68cbc86abc2018ab880d92f36422fa0e",
        "customerName": "测试 公司",
        "expireTime": "20270701155959",
        "orderId": ORDER,
        "periodNumber": "1",
        "periodType": "year",
        "productId": "00301-666666-0--0",
        "skuCode": "sku-1",
    }


def test_phone_and_mail_are_not_sent_section_b1():
    buyer = Buyer(customer_id="c", mobile_phone="15905222222", email="user@example.com")
    sent = parameters(replace(CREATE, buyer=buyer))
    assert sent.keys() & {"mobilePhone", "email"} == set()


def test_all_members_of_a_live_server_are_read_section_b1():
    full = parameters(CREATE) | {"testFlag": "1", "provisionType": "1", "userId": "u", "userName": "n", "x": "y"}
    read = open_(asked(full))
    assert isinstance(read, Create)
    assert read.buyer is not None
    assert (read.test, read.buyer.user_id, read.buyer.user_name) == (True, "u", "n")
    assert read.purchase == CREATE.purchase


@pytest.mark.parametrize("scene", [Scene.RENEWAL, Scene.TRIAL_TO_FORMAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD])
def test_refresh_has_no_reason_section_b1(scene):
    assert open_(encode(replace(REFRESH, scene=scene))) == REFRESH


@pytest.mark.parametrize("command", [CREATE, REFRESH, Expire(instance_id="i"), Release(instance_id="i")])
def test_each_mandatory_field_and_length_is_enforced_section_b1(command):
    members = parameters(command)
    for field in REQUESTS[type(command)]:
        if field.name == "activity":
            continue
        without = {name: value for name, value in members.items() if name != field.name}
        if field.mandatory:
            assert denied(without) == ("000002", f"{field.name} is missing")
        if field.length is not None:
            says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
            assert denied({**without, field.name: "1" * (field.length + 1)}) == ("000002", says)


def test_lengths_are_those_of_section_b1():
    lengths = {
        PROTOCOL.activities[command]: {field.name: (field.length, field.mandatory) for field in fields}
        for command, fields in REQUESTS.items()
    }
    flag = {"activity": (20, True), "testFlag": (2, False)}
    assert lengths["getLicense"] == flag | {
        "customerId": (100, True),
        "customerName": (64, False),
        "userId": (64, False),
        "userName": (64, False),
        "businessId": (64, True),
        "orderId": (64, True),
        "skuCode": (64, False),
        "productId": (64, True),
        "expireTime": (20, False),
        "periodType": (10, False),
        "periodNumber": (5, False),
        "amount": (7, False),
        "chargingMode": (3, False),
        "saasExtendParams": (2048, False),
        "provisionType": (2, False),
    }
    assert lengths["refreshLicense"] == flag | {
        "orderId": (64, True),
        "instanceId": (64, True),
        "productId": (64, False),
        "expireTime": (20, True),
        "periodType": (10, False),
        "periodNumber": (5, False),
    }
    for activity in ("expireLicense", "releaseLicense"):
        assert lengths[activity] == flag | {"orderId": (64, False), "instanceId": (64, True)}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"activity": "newInstance"}, "activity is missing or unknown"),
        ({}, "activity is missing or unknown"),
        (parameters(CREATE) | {"saasExtendParams": "?"}, "saasExtendParams is not the Base64 of a text in UTF-8"),
        (parameters(CREATE) | {"amount": "ten"}, "amount must be an integer; “ten” came"),
        (parameters(REFRESH) | {"expireTime": "soon"}, "expireTime is not a UTC time yyyyMMddHHmmss"),
    ],
)
def test_invalid_value_is_000002(members, message):
    assert denied(members) == ("000002", message)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command(), "License 1.0 has no activity for Command"),
        (Query(instance_ids=("i",)), "License 1.0 has no activity for Query"),
        (replace(CREATE, buyer=None), "sends the buyer and the purchase inside getLicense"),
        (replace(CREATE, purchase=Purchase(product_id="p" * 65)), "productId has 65 characters"),
        (replace(REFRESH, scene=Scene.RENEWAL_CHANGE), "no renewal with change"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        encode(command)
    assert says in str(error.value)


@given(
    st.dictionaries(
        st.sampled_from(sorted({field.name for table in REQUESTS.values() for field in table} - {"activity"})),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
        max_size=6,
    ),
    st.sampled_from([CREATE, REFRESH, Expire(instance_id="i"), Release(instance_id="i")]),
)
def test_any_request_gives_a_command_or_000002(members, command):
    try:
        assert type(open_(asked(parameters(command) | members))) is type(command)
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


# --- answers -----------------------------------------------------------------------------------------------------------


@given(st.data())
def test_any_answer_is_decoded(data):
    command = data.draw(commands)
    outcome = data.draw(outcomes(command))
    assert decode(command, answer(command, outcome)) == outcome


def test_documented_answer_section_b1():
    raw = (
        b'{"resultCode":"000000","resultMsg":"success.","license":"*****","instanceId":"4ef28f-312d3d-gad335f-3132hkf"}'
    )
    assert json.loads(raw) == LICENSED
    assert decode(CREATE, signed(LICENSED)) == Done(message="success.", instance_id=INSTANCE, license="*****")
    assert answer(CREATE, Done(message="success.", instance_id=INSTANCE, license="*****")).body == raw


@pytest.mark.parametrize(
    ("members", "kind", "detail"),
    [
        (SUCCESS, Fault.MISSING_FIELD, "instanceId is missing"),
        ({**SUCCESS, "instanceId": INSTANCE}, Fault.MISSING_FIELD, "license is missing"),
        ({**LICENSED, "license": " "}, Fault.MISSING_FIELD, "license is blank"),
        ({**LICENSED, "license": {"text": "secret"}}, Fault.BAD_FIELD, "license must be a string"),
        ({**LICENSED, "license": 123456}, Fault.BAD_FIELD, "license must be a string"),
    ],
)
def test_answer_that_breaks_its_table_section_b1(members, kind, detail):
    found = fault(CREATE, members)
    assert (found.fault, found.detail) == (kind, detail)
    assert found.claimed_instance_id == members.get("instanceId", "")


@pytest.mark.parametrize("done", [Done(instance_id=INSTANCE), Done(license="text")])
def test_success_without_license_or_instance_is_the_caller_s_error(done):
    with pytest.raises(ValueError, match=r"License 1\.0 cannot carry this answer to Create"):
        answer(CREATE, done)


@given(
    commands,
    st.dictionaries(
        st.sampled_from(["resultCode", "resultMsg", "license", "instanceId"]),
        st.none() | st.integers() | st.text(max_size=70) | st.just("000000") | st.lists(st.text(), max_size=2),
    ),
)
def test_any_answer_is_a_result_and_never_an_exception(command, members):
    assert isinstance(decode(command, signed(members)), Done | Pending | Rejected | Unreachable)


@given(commands, st.binary(max_size=60), st.integers(100, 599))
def test_random_bytes_are_unreachable(command, raw, status):
    assert isinstance(decode(command, Response(status, (), raw)), Unreachable)
