"""Requests of SaaS 1.0 at both ends (saas-v1-license A2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v1.requesting import (
    CREATE,
    NEW_INSTANCE,
    REFRESH,
    REFRESH_INSTANCE,
    denied,
    opened,
    parameters,
)
from tests.protocols.saas_v1.wire import (
    ADDRESS,
    INSTANCE,
    NOW,
    ORDER,
    PRODUCT,
    SKU,
    commands,
    encode,
    open_,
)
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Expire,
    InstanceStatus,
    Purchase,
    Query,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.registry import protocol
from tradepost.protocols.saas_v1 import PROTOCOL
from tradepost.protocols.saas_v1.fields import REQUESTS
from tradepost.protocols.signed_query import sign_request
from tradepost.protocols.wire_fields import Kind

SAMPLES: dict[Command, dict[str, str]] = {
    CREATE: NEW_INSTANCE,
    Query(instance_ids=("id-1", "id-2")): {"activity": "queryInstance", "instanceId": "id-1,id-2"},
    REFRESH: REFRESH_INSTANCE,
    Expire(instance_id=INSTANCE, order_id=ORDER): {
        "activity": "expireInstance",
        "instanceId": INSTANCE,
        "orderId": ORDER,
    },
    SetStatus(instance_id=INSTANCE, status=InstanceStatus.FREEZE): {
        "activity": "instanceStatus",
        "instanceId": INSTANCE,
        "instanceStatus": "FREEZE",
    },
    Release(instance_id=INSTANCE): {"activity": "releaseInstance", "instanceId": INSTANCE},
    Upgrade(
        instance_id=INSTANCE,
        order_id=ORDER,
        order_line_id="",
        purchase=Purchase(product_id=PRODUCT, sku_code=SKU, quantity=8),
    ): {
        "activity": "upgrade",
        "instanceId": INSTANCE,
        "orderId": ORDER,
        "skuCode": SKU,
        "productId": PRODUCT,
        "amount": "8",
    },
}
EACH = pytest.mark.parametrize(
    ("command", "members"), SAMPLES.items(), ids=[members["activity"] for members in SAMPLES.values()]
)


def test_registry_finds_the_protocol():
    assert protocol("saas_v1") is PROTOCOL
    assert (PROTOCOL.title.zh, PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("SaaS 1.0", "base", timedelta(0))


@EACH
def test_command_has_these_parameters_on_the_wire(command, members):
    assert parameters(command) == members
    assert open_(encode(command)) == command


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert open_(encode(command)) == command


def test_order_lines_are_not_on_the_wire():
    with_line = replace(CREATE, order_line_id=f"{ORDER}-000001")
    assert parameters(with_line) == parameters(CREATE)


def test_test_flag_is_only_sent_for_a_test_section_a2_1():
    test = Release(instance_id=INSTANCE, test=True)
    assert parameters(test)["testFlag"] == "1"
    assert open_(encode(test)) == test


@pytest.mark.parametrize("flag", ["0", ""])
def test_test_flag_zero_empty_and_missing_are_equal_section_g(flag):
    assert opened({**NEW_INSTANCE, "testFlag": flag}) == CREATE


def test_unknown_parameters_and_provision_type_are_ignored_section_a2_1():
    assert opened({**NEW_INSTANCE, "later": "x", "provisionType": "3"}) == CREATE


def test_samples_of_sections_e1_3_to_e1_6_are_read():
    """Vectors whose parameters are complete requests."""
    frozen = {"activity": "instanceStatus", "instanceId": "huaweitest123456", "testFlag": "1"}
    for word, status in (("FREEZE", InstanceStatus.FREEZE), ("NORMAL", InstanceStatus.UNFREEZE)):
        command = SetStatus(instance_id="huaweitest123456", status=status, test=True)
        assert opened({**frozen, "instanceStatus": word}) == command
    renewed = {
        "activity": "refreshInstance",
        "expireTime": "20180725000000",
        "instanceId": "03pf80c2bae96vc49b80b917bea776d7",
        "orderId": "HWS001014ED483AA1E8",
        "testFlag": "1",
    }
    assert opened(renewed).expires_at == datetime(2018, 7, 25, tzinfo=UTC)
    asked_for = {"activity": "queryInstance", "instanceId": "id-1,id-2", "testFlag": "1"}
    assert opened(asked_for) == Query(instance_ids=("id-1", "id-2"), test=True)


# --- the tables ----------------------------------------------------------------------------------------------------------


@EACH
def test_each_mandatory_field_is_enforced_section_a2(command, members):
    for field in REQUESTS[type(command)]:
        if field.mandatory and field.name != "activity":
            without = {name: value for name, value in members.items() if name != field.name}
            assert denied(without) == ("000002", f"{field.name} is missing")
            assert denied({**without, field.name: ""}) == ("000002", f"{field.name} is missing")
            assert denied({**without, field.name: " "}) == ("000002", f"{field.name} is blank")


@EACH
def test_each_length_is_enforced_section_a2(command, members):
    for field in REQUESTS[type(command)]:
        if field.length is None or field.name == "activity":
            continue
        says = f"{field.name} has {field.length + 1} characters, at most {field.length} are allowed"
        assert denied({**members, field.name: "1" * (field.length + 1)}) == ("000002", says)


@EACH
def test_each_number_is_a_number_section_a2(command, members):
    for field in REQUESTS[type(command)]:
        if field.kind is Kind.INTEGER:
            for word in ("x", "1.5", "-1", "٣", "1e3", "9" * 5000):
                code, message = denied({**members, field.name: word})
                assert (code, message.split(";")[0]) == ("000002", f"{field.name} must be an integer")


@pytest.mark.parametrize("activity", [None, "", "newinstance", "updateInstanceStatus", "upgradeInstance"])
def test_unknown_activity_is_000002(activity):
    members = {name: value for name, value in NEW_INSTANCE.items() if name != "activity"}
    if activity is not None:
        members["activity"] = activity
    assert denied(members) == ("000002", "activity is missing or unknown")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({**REFRESH_INSTANCE, "expireTime": "20271302030405"}, "expireTime is not a UTC time yyyyMMddHHmmss"),
        ({**NEW_INSTANCE, "startTime": "2027-01-02"}, "startTime is not a UTC time yyyyMMddHHmmss"),
        ({**NEW_INSTANCE, "testFlag": "2"}, "testFlag must be one of 0, 1; “2” came"),
        ({**NEW_INSTANCE, "trialFlag": "y"}, "trialFlag must be one of 0, 1; “y” came"),
        ({**NEW_INSTANCE, "periodType": "week"}, "periodType must be one of year, month, day; “week” came"),
        ({**NEW_INSTANCE, "orderAmount": "-1"}, "orderAmount is below 0"),
        ({**NEW_INSTANCE, "orderAmount": "NaN"}, "orderAmount is not a plain decimal number"),
        ({**NEW_INSTANCE, "orderAmount": "1e99"}, "orderAmount is not a plain decimal number"),
        ({**NEW_INSTANCE, "orderAmount": "1_0"}, "orderAmount is not a plain decimal number"),
        (
            {"activity": "instanceStatus", "instanceId": "i", "instanceStatus": "UNFREEZE"},
            "instanceStatus must be one of FREEZE, NORMAL; “UNFREEZE” came",
        ),
        (
            {"activity": "queryInstance", "instanceId": "a,,b"},
            "instanceId holds an id that is blank or longer than 64 characters",
        ),
        (
            {"activity": "queryInstance", "instanceId": ",".join("abcde" * 20) + ",x"},
            "instanceId holds 101 ids, at most 100 are allowed",
        ),
    ],
)
def test_invalid_value_is_000002(members, message):
    assert denied(members) == ("000002", message)


def test_a_hundred_ids_are_queried_at_once_section_a2_8():
    query = Query(instance_ids=tuple(f"{number:064}" for number in range(100)))
    assert open_(encode(query)) == query


def test_wrong_token_is_000001_before_other_checks():
    request = sign_request({"activity": "?"}, address=ADDRESS, key="another", now=NOW)
    with pytest.raises(Denied) as refusal:
        open_(request)
    assert (refusal.value.code, refusal.value.message) == ("000001", "authToken does not match")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command(), "SaaS 1.0 has no activity for Command"),
        (CheckChange(instance_id="i", product_id="p", sku_code="s", product_name="n"), "no activity for CheckChange"),
        (replace(CREATE, buyer=None), "sends the buyer and the purchase inside newInstance"),
        (replace(CREATE, purchase=None), "sends the buyer and the purchase inside newInstance"),
        (Upgrade(instance_id="i", order_id="o", order_line_id=""), "sends the purchase inside upgrade"),
        (replace(CREATE, order_id="", business_id="b" * 65), "businessId has 65 characters"),
        (replace(REFRESH, scene=Scene.RENEWAL_CHANGE), "no renewal with change"),
        (replace(REFRESH, purchase=Purchase(product_id="", amount=Decimal(-1))), "a number of 0 or more"),
        (Release(instance_id="i", amount=Decimal("0.0001")), "at most 3 decimals"),
        (Release(instance_id="i", amount=Decimal("1E+400")), "at most 3 decimals"),
        (Release(instance_id="i", amount=Decimal("NaN")), "at most 3 decimals"),
        (Query(instance_ids=()), "a query asks for 1 to 100 instances, not 0"),
        (Query(instance_ids=("a,b",)), "no comma"),
        (Expire(instance_id="\ud800"), "surrogates not allowed"),
    ],
)
def test_command_that_the_wire_cannot_carry_is_the_caller_s_error(command, says):
    with pytest.raises(ValueError) as error:
        encode(command)
    assert says in str(error.value)


some_text = st.text(max_size=70) | st.text("0123456789-.,", max_size=20)
some_parameters = st.dictionaries(
    st.sampled_from(sorted({field.name for table in REQUESTS.values() for field in table} - {"activity"})),
    some_text.filter(lambda value: value.isascii() or value.encode("utf-8", "ignore").decode() == value),
    max_size=6,
)


@given(some_parameters, st.sampled_from(list(SAMPLES.values())))
def test_any_request_gives_a_command_or_000002(members, sample):
    try:
        assert type(opened(sample | members)) in PROTOCOL.activities
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017
