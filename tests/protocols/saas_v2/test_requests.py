"""Requests of SaaS 2.0 at both ends (saas-v2 §3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v2.wire import ADDRESS, INSTANCE, KEY, LINE, NONCE, NOW, ORDER, commands, encode, open_
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    InstanceStatus,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.registry import protocol
from tradepost.protocols.saas_v2 import PROTOCOL
from tradepost.protocols.saas_v2.fields import REQUESTS
from tradepost.protocols.signed_url import sign_request
from tradepost.protocols.wire_fields import Kind

CREATE = Create(order_id=ORDER, order_line_id=LINE, business_id="b-1")
REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.RENEWAL,
    order_id=ORDER,
    order_line_id=LINE,
    expires_at=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
)
CHECK = CheckChange(instance_id=INSTANCE, product_id="OFFI1", sku_code="sku", product_name="测试", linear_value=5)
SAMPLES: dict[Command, dict[str, Any]] = {
    CREATE: {"activity": "newInstance", "orderId": ORDER, "orderLineId": LINE, "businessId": "b-1"},
    Query(instance_ids=("a", "b")): {"activity": "queryInstance", "instanceId": "a,b"},
    REFRESH: {
        "activity": "refreshInstance",
        "scene": "RENEWAL",
        "orderId": ORDER,
        "orderLineId": LINE,
        "instanceId": INSTANCE,
        "expireTime": "20270102030405",
    },
    SetStatus(instance_id=INSTANCE, status=InstanceStatus.UNFREEZE): {
        "activity": "updateInstanceStatus",
        "instanceId": INSTANCE,
        "status": "UNFREEZE",
    },
    Release(instance_id=INSTANCE): {"activity": "releaseInstance", "instanceId": INSTANCE},
    Upgrade(instance_id=INSTANCE, order_id=ORDER, order_line_id=LINE): {
        "activity": "upgradeInstance",
        "instanceId": INSTANCE,
        "orderId": ORDER,
        "orderLineId": LINE,
    },
    CHECK: {
        "activity": "changeInstanceCheck",
        "instanceId": INSTANCE,
        "productInfo": {"productId": "OFFI1", "skuCode": "sku", "productName": "测试", "linearValue": 5},
    },
}
EACH = pytest.mark.parametrize(
    ("command", "members"), SAMPLES.items(), ids=[members["activity"] for members in SAMPLES.values()]
)


def denied(members) -> tuple[str, str]:
    request = sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)
    with pytest.raises(Denied) as refusal:
        open_(request)
    return refusal.value.code, refusal.value.message


def test_registry_finds_the_protocol():
    assert protocol("saas_v2") is PROTOCOL
    assert (PROTOCOL.title.zh, PROTOCOL.key_class) == ("SaaS 2.0", "base")


@EACH
def test_command_has_these_members_on_the_wire(command, members):
    assert json.loads(encode(command).body) == members
    assert open_(encode(command)) == command


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert open_(encode(command)) == command


def test_test_flag_is_only_sent_for_a_test_section_3_0():
    test = Release(instance_id=INSTANCE, test=True)
    assert json.loads(encode(test).body)["testFlag"] == "1"
    assert open_(encode(test)) == test


@pytest.mark.parametrize("flag", ["0", "", None])
def test_test_flag_zero_and_missing_are_equal_section_3_0(flag):
    members = SAMPLES[CREATE] | {"testFlag": flag}
    assert open_(sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)) == CREATE


def test_unknown_members_are_tolerated():
    members = SAMPLES[CREATE] | {"activity": "newInstance", "later": {"a": [1, 2.5]}}
    assert open_(sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)) == CREATE


@EACH
def test_each_mandatory_field_is_enforced_section_3(command, members):
    for field in REQUESTS[type(command)]:
        if not field.mandatory or field.name == "activity":
            continue
        without = {name: value for name, value in members.items() if name != field.name}
        assert denied(without) == ("000002", f"{field.name} is missing")
        assert denied(without | {field.name: None}) == ("000002", f"{field.name} is missing")
        if field.kind is Kind.STRING:
            assert denied(without | {field.name: " "}) == ("000002", f"{field.name} is blank")


@EACH
def test_each_length_is_enforced_section_3(command, members):
    for field in REQUESTS[type(command)]:
        if field.length is None or field.name == "activity":
            continue
        long = members | {field.name: "x" * (field.length + 1)}
        says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
        assert denied(long) == ("000002", says)


@EACH
def test_each_type_is_enforced_section_3(command, members):
    for field in REQUESTS[type(command)]:
        if field.name != "activity":
            code, message = denied(members | {field.name: [1]})
            assert (code, message[: len(field.name) + 8]) == ("000002", f"{field.name} must be")


@pytest.mark.parametrize("activity", [None, "", "newinstance", "expireInstance", 1, ["newInstance"], {}])
def test_unknown_activity_is_000002(activity):
    assert denied(SAMPLES[CREATE] | {"activity": activity}) == ("000002", "activity is missing or unknown")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (SAMPLES[REFRESH] | {"expireTime": "20271302030405"}, "expireTime is not a UTC time yyyyMMddHHmmss"),
        (SAMPLES[REFRESH] | {"expireTime": "2027-01-02"}, "expireTime is not a UTC time yyyyMMddHHmmss"),
        (
            SAMPLES[REFRESH] | {"scene": "RENEW"},
            "scene must be one of TRIAL_TO_FORMAL, RENEWAL, UNSUBSCRIBE_RENEWAL_PERIOD, RENEWAL_CHANGE; “RENEW” came",
        ),
        (
            {"activity": "updateInstanceStatus", "instanceId": "i", "status": "NORMAL"},
            "status must be one of FREEZE, UNFREEZE; “NORMAL” came",
        ),
        (SAMPLES[CREATE] | {"testFlag": "2"}, "testFlag must be one of 0, 1; “2” came"),
        (
            {"activity": "queryInstance", "instanceId": "a,,b"},
            "instanceId holds an id that is blank or longer than 64 characters",
        ),
        (
            {"activity": "queryInstance", "instanceId": "a," + "b" * 65},
            "instanceId holds an id that is blank or longer than 64 characters",
        ),
        (
            {"activity": "queryInstance", "instanceId": ",".join("abcde" * 20) + ",x"},
            "instanceId holds 101 ids, at most 100 are allowed",
        ),
        (SAMPLES[CHECK] | {"productInfo": {"productId": "p", "skuCode": "s"}}, "productInfo.productName is missing"),
        (
            SAMPLES[CHECK] | {"productInfo": {**SAMPLES[CHECK]["productInfo"], "linearValue": "5"}},
            "productInfo.linearValue must be an integer; “5” came",
        ),
        (
            SAMPLES[CHECK] | {"productInfo": {**SAMPLES[CHECK]["productInfo"], "linearValue": True}},
            "productInfo.linearValue must be an integer; “True” came",
        ),
    ],
)
def test_invalid_value_is_000002(members, message):
    assert denied(members) == ("000002", message)


def test_a_hundred_ids_are_queried_at_once_section_3_2():
    query = Query(instance_ids=tuple(f"{number:064}" for number in range(100)))
    assert open_(encode(query)) == query


def test_expire_time_may_have_17_digits_and_is_sent_with_14_section_3_3():
    members = SAMPLES[REFRESH] | {"expireTime": "20270102030405256"}
    opened = open_(sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE))
    assert isinstance(opened, Refresh)
    assert opened.expires_at == datetime(2027, 1, 2, 3, 4, 5, 256000, tzinfo=UTC)
    assert json.loads(encode(opened).body)["expireTime"] == "20270102030405"


def test_expire_time_is_utc_section_3_3():
    in_beijing = datetime(2027, 1, 2, 11, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    assert (
        encode(
            Refresh(
                instance_id=INSTANCE, scene=Scene.RENEWAL, order_id=ORDER, order_line_id=LINE, expires_at=in_beijing
            )
        ).body
        == encode(REFRESH).body
    )


def test_long_product_name_is_cut_to_its_field_section_3_7():
    check = CheckChange(instance_id=INSTANCE, product_id="p", sku_code="s", product_name="名" * 70)
    assert json.loads(encode(check).body)["productInfo"]["productName"] == "名" * 64


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command(), "SaaS 2.0 has no activity for Command"),
        (
            Create(order_id="", order_line_id=LINE, business_id="b" * 65),
            "orderId is blank; businessId has 65 characters",
        ),
        (Query(instance_ids=()), "a query asks for 1 to 100 instances, not 0"),
        (Query(instance_ids=("a,b",)), "no comma"),
        (Query(instance_ids=("",)), "1 to 64 characters"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        encode(command)
    assert says in str(error.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
some_members = st.fixed_dictionaries(
    {"activity": st.sampled_from(sorted(PROTOCOL.activities.values()))},
    optional=dict.fromkeys(
        (
            "orderId",
            "orderLineId",
            "businessId",
            "instanceId",
            "scene",
            "status",
            "expireTime",
            "productInfo",
            "testFlag",
        ),
        json_values,
    ),
)


@given(some_members, st.sampled_from(list(SAMPLES.values())))
def test_any_request_gives_a_command_or_000002(members, sample):
    body = json.dumps(sample | members).encode()
    request = sign_request({}, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)
    signed_again = sign_bytes(body, request)
    try:
        assert type(open_(signed_again)) in PROTOCOL.activities
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


def sign_bytes(body, like):
    """Return the request ``like`` with other bytes, signed over them: bodies that the project's serialisers do not
    write."""
    from dataclasses import replace

    from tradepost.protocols.freshness import epoch_ms
    from tradepost.protocols.signed_url import signature

    timestamp = str(epoch_ms(NOW))
    mine = signature(key=KEY, nonce=NONCE, timestamp=timestamp, payload=body)
    return replace(like, url=f"{ADDRESS}?signature={mine}&timestamp={timestamp}&nonce={NONCE}", body=body)
