"""License 2.0 with authorisation codes on the wire, both ends (saas-v1-license §B2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.exchange import (
    ADDRESS,
    KEY,
    LINE,
    NONCE,
    NOW,
    ORDER,
    Wire,
    ids,
    json_values,
    optional_ids,
    results,
    seconds,
    signed,
)
from tradepost.protocols.commands import (
    Command,
    Create,
    Done,
    Fault,
    InstanceStatus,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
    Unreachable,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.license_code import PROTOCOL
from tradepost.protocols.license_code.fields import REQUESTS
from tradepost.protocols.registry import protocol
from tradepost.protocols.signed_url import sign_request

WIRE = Wire(PROTOCOL)
CODE = "PL0123456789ABCDEF"
REFRESH = Refresh(
    instance_id=CODE,
    scene=Scene.RENEWAL,
    order_id=ORDER,
    order_line_id=LINE,
    expires_at=datetime(2027, 7, 1, 15, 59, 59, tzinfo=UTC),
)
EXCHANGES = (
    ("saas-v1-license §B2.2", replace(REFRESH, product_id="OFFI461867333479178240"), Done()),
    (
        "saas-v1-license §B2.2",
        SetStatus(instance_id=CODE, status=InstanceStatus.FREEZE, test=True),
        Rejected(code="000003", message="授权码不存在"),
    ),
    ("saas-v1-license §B2.2", Release(instance_id=CODE, order_id=ORDER, order_line_id=LINE), Done()),
)
EACH = pytest.mark.parametrize(
    ("section", "command", "outcome"),
    EXCHANGES,
    ids=[PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES],
)

commands = st.one_of(
    st.builds(
        Refresh,
        instance_id=ids,
        scene=st.sampled_from([Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD]),
        order_id=ids,
        order_line_id=ids,
        expires_at=seconds,
        product_id=optional_ids,
        purchase=st.none(),
        test=st.booleans(),
    ),
    st.builds(
        SetStatus, instance_id=ids, status=st.sampled_from(InstanceStatus), order_id=st.just(""), test=st.booleans()
    ),
    st.builds(Release, instance_id=ids, order_id=optional_ids, order_line_id=optional_ids, test=st.booleans()),
)


def post(members):
    return sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)


def test_registry_finds_the_protocol_with_its_key_class():
    assert protocol("license_code") is PROTOCOL
    assert PROTOCOL.key_class == "license"
    assert PROTOCOL.nonce_kept == timedelta(seconds=125)


@EACH
def test_golden_exchange_is_what_the_code_writes_and_reads(section, command, outcome):
    name = PROTOCOL.activities[type(command)]
    assert WIRE.golden(name).read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read(name)
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_each_activity_has_one_golden_exchange():
    assert WIRE.names() == set(PROTOCOL.activities.values())


def test_code_is_the_member_license_section_b2_2():
    assert json.loads(WIRE.encode(REFRESH).body) == {
        "activity": "refreshLicenseCode",
        "scene": "RENEWAL",
        "orderId": ORDER,
        "orderLineId": LINE,
        "license": CODE,
        "expireTime": "20270701155959",
    }


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(commands, results)
def test_any_answer_decodes_as_the_same_outcome(command, outcome):
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@EACH
def test_each_mandatory_field_and_length_is_enforced_section_b2_2(section, command, outcome):
    members = json.loads(WIRE.encode(command).body)
    for field in REQUESTS[type(command)]:
        if field.name == "activity":
            continue
        if field.mandatory:
            without = {name: value for name, value in members.items() if name != field.name}
            assert WIRE.denied(post(without)) == ("000002", f"{field.name} is missing")
        assert field.length is not None
        too_long = members | {field.name: "x" * (field.length + 1)}
        says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
        assert WIRE.denied(post(too_long)) == ("000002", says)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"activity": "refreshInstance"}, "activity is missing or unknown"),
        ({"activity": ["refreshLicenseCode"]}, "activity is missing or unknown"),
        (
            {"scene": "TRIAL_TO_FORMAL"},
            "scene must be one of RENEWAL, UNSUBSCRIBE_RENEWAL_PERIOD; “TRIAL_TO_FORMAL” came",
        ),
        ({"expireTime": "2027"}, "expireTime is not a UTC time yyyyMMddHHmmss"),
        ({"testFlag": 1}, "testFlag must be a string; “1” came"),
    ],
)
def test_invalid_value_is_000002(changed, message):
    assert WIRE.denied(post(json.loads(WIRE.encode(REFRESH).body) | changed)) == ("000002", message)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Create(order_id="o", order_line_id="l", business_id="b"), "no activity for Create"),
        (Command(), "no activity for Command"),
        (replace(REFRESH, scene=Scene.RENEWAL_CHANGE), "scene must be one of"),
        (Release(instance_id="x" * 65), "license has 65 characters"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        WIRE.encode(command)
    assert says in str(error.value)


def test_sixty_attempts_two_minutes_apart_section_b2_2():
    for kind in PROTOCOL.activities:
        rule = PROTOCOL.retries[kind]
        assert (rule.every, rule.give_up_after) == (timedelta(minutes=2), timedelta(minutes=120))
        assert rule.wait(7, pending=True) == timedelta(minutes=2)


def test_result_codes_are_those_of_section_b2_2():
    assert list(PROTOCOL.result_codes) == [f"00000{number}" for number in range(6)]
    assert PROTOCOL.result_codes["000003"].meaning.en == "the authorization code does not exist"
    assert all(not row.meaning.zh.isascii() for row in PROTOCOL.result_codes.values())


def test_unsigned_answer_is_valid_and_a_wrongly_signed_one_is_not():
    """No Body-Sign is documented for this version (saas-v1-license §0), so it cannot be required."""
    answer = signed({"resultCode": "000000", "resultMsg": "success."})
    plain = replace(answer, headers=(("Content-Type", "application/json"),))
    assert WIRE.decode(REFRESH, plain) == Done(message="success.")
    wrong = WIRE.decode(REFRESH, replace(answer, body=answer.body + b" "))
    assert isinstance(wrong, Unreachable)
    assert wrong.fault is Fault.BODY_SIGN_WRONG


some_members = st.fixed_dictionaries(
    {"activity": st.sampled_from(sorted(PROTOCOL.activities.values()))},
    optional=dict.fromkeys(
        ("license", "scene", "orderId", "orderLineId", "productId", "expireTime", "status", "testFlag"), json_values
    ),
)


@given(some_members, st.sampled_from([command for _, command, _ in EXCHANGES]))
def test_any_request_gives_a_command_or_000002(members, sample):
    request = post(json.loads(WIRE.encode(sample).body) | members)
    try:
        assert type(WIRE.open(request)) in PROTOCOL.activities
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


if __name__ == "__main__":
    WIRE.write_golden(EXCHANGES)
