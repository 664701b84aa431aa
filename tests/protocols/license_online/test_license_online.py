"""The online License on the wire, both ends (saas-v1-license §B3)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.exchange import (
    ADDRESS,
    INSTANCE,
    KEY,
    LINE,
    NONCE,
    NOW,
    ORDER,
    Wire,
    ids,
    json_values,
    messages,
    optional_ids,
    refusals,
    results,
    seconds,
    signed,
    text,
)
from tradepost.protocols.commands import (
    Create,
    Done,
    Fault,
    GetLicenseAsync,
    InstanceStatus,
    Pending,
    Query,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
    Unreachable,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.license_online import PROTOCOL
from tradepost.protocols.license_online.fields import REQUESTS
from tradepost.protocols.license_online.requests import dump_spaced_time, load_spaced_time
from tradepost.protocols.registry import protocol
from tradepost.protocols.signed_url import sign_request

WIRE = Wire(PROTOCOL)
CREATE = Create(order_id=ORDER, order_line_id=LINE, business_id="87b94795-0603-4e24-8ae5-69420d60e3c8")
REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.TRIAL_TO_FORMAL,
    order_id=ORDER,
    order_line_id=LINE,
    product_id="OFFI461867333479178240",
    expires_at=datetime(2027, 7, 1, 15, 59, 59, tzinfo=UTC),
)
LICENSE = GetLicenseAsync(
    instance_id="RA2000000001",
    event_id="EV-0001",
    effective_at=datetime(2023, 10, 27, 10, 30, 15, tzinfo=UTC),
    expires_at=datetime(2024, 10, 27, 10, 30, 15, tzinfo=UTC),
    device_fingerprint="00:16:3E:00:00:01|DISK-1,DISK-2||CPU-1",
)
SECTION = "saas-v1-license §B3"
EXCHANGES = (
    (SECTION, CREATE, Done(instance_id="87b94795-0603-4e24-8ae5-69420d60e3c8")),
    (SECTION, REFRESH, Done()),
    (SECTION, SetStatus(instance_id=INSTANCE, status=InstanceStatus.UNFREEZE), Done()),
    (SECTION, Release(instance_id=INSTANCE, test=True), Rejected(code="000003", message="no such instance")),
    (SECTION, LICENSE, Pending(message="the license is being issued")),
)
EACH = pytest.mark.parametrize(
    ("section", "command", "outcome"),
    EXCHANGES,
    ids=[PROTOCOL.activities[type(command)] for _, command, _ in EXCHANGES],
)

tests = st.booleans()
commands = st.one_of(
    st.builds(
        Create, order_id=ids, order_line_id=ids, business_id=ids, buyer=st.none(), purchase=st.none(), test=tests
    ),
    st.builds(
        Refresh,
        instance_id=ids,
        scene=st.sampled_from([Scene.TRIAL_TO_FORMAL, Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD]),
        order_id=ids,
        order_line_id=ids,
        expires_at=seconds,
        product_id=optional_ids,
        purchase=st.none(),
        test=tests,
    ),
    st.builds(SetStatus, instance_id=ids, status=st.sampled_from(InstanceStatus), order_id=st.just(""), test=tests),
    st.builds(Release, instance_id=ids, order_id=optional_ids, order_line_id=optional_ids, test=tests),
    st.builds(
        GetLicenseAsync,
        instance_id=ids,
        event_id=ids,
        effective_at=seconds,
        expires_at=st.none() | seconds,
        device_fingerprint=text(1024, least=0),
        test=tests,
    ),
)


def post(members):
    return sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)


def test_registry_finds_the_protocol_with_its_key_class():
    assert protocol("license_online") is PROTOCOL
    assert PROTOCOL.key_class == "base"


@EACH
def test_golden_exchange_is_what_the_code_writes_and_reads(section, command, outcome):
    name = PROTOCOL.activities[type(command)]
    assert WIRE.golden(name).read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read(name)
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_each_of_the_five_activities_has_one_golden_exchange():
    assert WIRE.names() == set(PROTOCOL.activities.values())
    assert len(PROTOCOL.activities) == 5


def test_get_license_async_writes_the_times_of_the_sample_section_b3():
    assert json.loads(WIRE.encode(LICENSE).body) == {
        "activity": "getLicenseAsync",
        "eventId": "EV-0001",
        "instanceId": "RA2000000001",
        "effectiveTime": "2023-10-27 10:30:15 z",
        "expireTime": "2024-10-27 10:30:15 z",
        "deviceFingerprint": "00:16:3E:00:00:01|DISK-1,DISK-2||CPU-1",
    }


@pytest.mark.parametrize(
    "written",
    [
        "2023-10-27 10:30:15 z",
        "2023-10-27 10:30:15 Z",
        "2023-10-27 10:30:15",
        "2023-10-27T10:30:15Z",
        "20231027103015",
        "20231027103015000",
    ],
)
def test_time_formats_that_are_read(written):
    assert load_spaced_time(written) == datetime(2023, 10, 27, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["", "z", "2023-02-30 10:30:15 z", "0000-01-01 00:00:00 z", "2023-10-27", "２０２３-10-27 10:30:15"]
)
def test_time_formats_that_are_refused(written):
    with pytest.raises(ValueError):
        load_spaced_time(written)


def test_times_are_utc():
    beijing = timezone(timedelta(hours=8))
    assert dump_spaced_time(datetime(2023, 10, 27, 18, 30, 15, tzinfo=beijing)) == "2023-10-27 10:30:15 z"


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(st.data())
def test_any_answer_decodes_as_the_same_outcome(data):
    command = data.draw(commands)
    creating = (
        st.builds(Done, message=messages, instance_id=ids, instances=st.just(()), license=st.just(""))
        | st.builds(Pending, message=messages, instance_id=optional_ids)
        | refusals
    )
    outcome = data.draw(creating if isinstance(command, Create) else results)
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@EACH
def test_each_mandatory_field_and_length_is_enforced_section_b3(section, command, outcome):
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
    ("command", "changed", "message"),
    [
        (CREATE, {"activity": "queryInstance"}, "activity is missing or unknown"),
        (REFRESH, {"scene": "RENEWAL_CHANGE"}, "scene must be one of TRIAL_TO_FORMAL, RENEWAL, UNSUBSCRIBE_RENEWAL_"),
        (LICENSE, {"effectiveTime": "soon"}, "effectiveTime is not a UTC time yyyy-MM-dd HH:mm:ss z"),
        (LICENSE, {"expireTime": "never"}, "expireTime is not a UTC time yyyy-MM-dd HH:mm:ss z"),
    ],
)
def test_invalid_value_is_000002(command, changed, message):
    code, said = WIRE.denied(post(json.loads(WIRE.encode(command).body) | changed))
    assert (code, said[: len(message)]) == ("000002", message)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Query(instance_ids=("i",)), "no activity for Query"),
        (replace(REFRESH, scene=Scene.RENEWAL_CHANGE), "scene must be one of"),
        (replace(LICENSE, device_fingerprint="x" * 1025), "deviceFingerprint has 1025 characters"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        WIRE.encode(command)
    assert says in str(error.value)


def test_every_call_is_retried_for_two_hours_every_two_minutes_section_b3():
    for kind in PROTOCOL.activities:
        rule = PROTOCOL.retries[kind]
        assert (rule.every, rule.give_up_after) == (timedelta(minutes=2), timedelta(hours=2))
        assert rule.answer_within == timedelta(seconds=5), "§B3: caller timeout 5 s"


def test_result_codes_are_those_of_section_b3():
    common = [f"00000{number}" for number in range(6)]
    assert list(PROTOCOL.result_codes) == [*common, "000100", "000900", "000901", "000902", "000903"]


def test_answer_without_body_sign_is_valid_and_one_about_a_creation_names_its_instance():
    answer = signed({"resultCode": "000000", "instanceId": "i-1"})
    plain = replace(answer, headers=(("Content-Type", "application/json"),))
    assert WIRE.decode(CREATE, plain) == Done(message="", instance_id="i-1")
    nameless = WIRE.decode(CREATE, signed({"resultCode": "000000"}))
    assert isinstance(nameless, Unreachable)
    assert nameless.fault is Fault.MISSING_FIELD
    broken = WIRE.decode(CREATE, replace(answer, status=500))
    assert isinstance(broken, Unreachable)
    assert broken.claimed_instance_id == "i-1"


some_members = st.fixed_dictionaries(
    {"activity": st.sampled_from(sorted(PROTOCOL.activities.values()))},
    optional=dict.fromkeys(
        (
            "instanceId",
            "scene",
            "orderId",
            "businessId",
            "expireTime",
            "effectiveTime",
            "eventId",
            "status",
            "testFlag",
        ),
        json_values,
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
