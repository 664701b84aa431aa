"""Requests of SaaS 1.0 at both ends (saas-v1-license A2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v1.wire import (
    ADDRESS,
    BUSINESS,
    INSTANCE,
    KEY,
    NOW,
    ORDER,
    PRODUCT,
    SKU,
    asked,
    commands,
    creations,
    encode,
    open_,
)
from tradepost.protocols.commands import (
    Buyer,
    ChargingMode,
    CheckChange,
    Command,
    Create,
    Encryption,
    Expire,
    InstanceStatus,
    Purchase,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.registry import protocol
from tradepost.protocols.saas_v1 import PROTOCOL
from tradepost.protocols.saas_v1.fields import REQUESTS
from tradepost.protocols.secret_fields import encrypt
from tradepost.protocols.signed_query import sign_request
from tradepost.protocols.wire_fields import Kind

EXPIRES = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
BUYER = Buyer(customer_id="c-1", customer_name="Example")
CREATE = Create(
    order_id=ORDER,
    order_line_id="",
    business_id=BUSINESS,
    buyer=BUYER,
    purchase=Purchase(product_id=PRODUCT, sku_code=SKU, period_type="month", period_number=1, expires_at=EXPIRES),
)
NEW_INSTANCE = {
    "activity": "newInstance",
    "customerId": "c-1",
    "customerName": "Example",
    "businessId": BUSINESS,
    "orderId": ORDER,
    "skuCode": SKU,
    "productId": PRODUCT,
    "expireTime": "20270102030405",
    "chargingMode": "1",
    "periodType": "month",
    "periodNumber": "1",
}
REFRESH = Refresh(
    instance_id=INSTANCE,
    scene=Scene.RENEWAL,
    order_id=ORDER,
    order_line_id="",
    expires_at=EXPIRES,
    purchase=Purchase(product_id="", expires_at=EXPIRES),
)
REFRESH_INSTANCE = {
    "activity": "refreshInstance",
    "orderId": ORDER,
    "instanceId": INSTANCE,
    "expireTime": "20270102030405",
}
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


def parameters(command) -> dict[str, str]:
    query = encode(command).query
    return {name: value for name, value in query.items() if name not in {"timeStamp", "authToken"}}


def opened(members) -> Any:
    return open_(asked(members))


def denied(members) -> tuple[str, str]:
    with pytest.raises(Denied) as refusal:
        opened(members)
    return refusal.value.code, refusal.value.message


def test_the_registry_finds_the_protocol():
    assert protocol("saas_v1") is PROTOCOL
    assert (PROTOCOL.title, PROTOCOL.key_class, PROTOCOL.nonce_kept) == ("SaaS 1.0", "base", timedelta(0))


@EACH
def test_a_command_is_these_parameters_on_the_wire(command, members):
    assert parameters(command) == members
    assert open_(encode(command)) == command


@given(commands)
def test_whatever_is_encoded_opens_as_the_same_command(command):
    assert open_(encode(command)) == command


def test_order_lines_are_not_on_the_wire():
    with_line = replace(CREATE, order_line_id=f"{ORDER}-000001")
    assert parameters(with_line) == parameters(CREATE)


def test_the_test_flag_is_sent_only_when_it_is_a_test_section_a2_1():
    test = Release(instance_id=INSTANCE, test=True)
    assert parameters(test)["testFlag"] == "1"
    assert open_(encode(test)) == test


@pytest.mark.parametrize("flag", ["0", ""])
def test_test_flag_zero_and_empty_and_absent_are_alike_section_g(flag):
    assert opened({**NEW_INSTANCE, "testFlag": flag}) == CREATE


def test_unknown_parameters_are_tolerated_and_provision_type_is_not_branched_on_section_a2_1():
    assert opened({**NEW_INSTANCE, "later": "x", "provisionType": "3"}) == CREATE


def test_the_samples_of_sections_e1_3_to_e1_6_are_read():
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


# --- encrypted fields (A1.4) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encryption", Encryption)
def test_phone_and_mail_are_encrypted_and_names_are_not_section_a1_4(encryption):
    buyer = Buyer(customer_id="c", user_id="u", user_name="iam", mobile_phone="15905222222", email="user@example.com")
    command = replace(CREATE, buyer=buyer, encryption=encryption)
    sent = parameters(command)
    for name, plain in (("mobilePhone", "15905222222"), ("email", "user@example.com")):
        assert sent[name] == encrypt(plain, key=KEY, iv=sent[name][:16], encryption=encryption)
    assert sent["mobilePhone"][:16] != sent["email"][:16]
    assert (sent["userName"], sent["userId"]) == ("iam", "u")
    assert open_(encode(command)) == command


def test_the_ivs_come_from_the_nonce():
    command = replace(CREATE, buyer=replace(BUYER, email="user@example.com"))
    assert encode(command) == encode(command)
    assert encode(command).query["email"] != encode(command, nonce="another nonce").query["email"]


@given(creations, st.sampled_from(Encryption))
def test_a_creation_opens_with_the_strength_that_it_was_encrypted_with(command, encryption):
    command = replace(command, encryption=encryption)
    private = command.buyer.mobile_phone or command.buyer.email
    assert open_(encode(command)) == (command if private else replace(command, encryption=Encryption.AES256))


@pytest.mark.parametrize("name", ["mobilePhone", "email"])
@pytest.mark.parametrize(
    "field",
    [
        "user@example.com",
        "AbCdEfGh12345678",
        "AbCdEfGh12345678!!!!",
        "AbCdEfGh12345678AAAA",
        "AbCdEfGh12345678" + "A" * 22 + "==",
        "x" * 512,
    ],
)
def test_a_field_that_cannot_be_decrypted_is_000002_and_not_quoted(name, field):
    code, message = denied({**NEW_INSTANCE, name: field})
    assert code == "000002"
    assert message.startswith(f"{name} cannot be decrypted: ")
    assert field not in message


def test_two_fields_of_two_strengths_are_000002_section_a1_4():
    iv = "AbCdEfGh12345678"
    mixed = {
        "mobilePhone": encrypt("1", key=KEY, iv=iv, encryption=Encryption.AES256),
        "email": encrypt("2", key=KEY, iv=iv, encryption=Encryption.AES128),
    }
    assert denied(NEW_INSTANCE | mixed)[0] == "000002"


# --- newInstance (A2.1) ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expires_at", "number"),
    [
        (ChargingMode.PERIOD, EXPIRES, "1"),
        (ChargingMode.ONE_TIME, None, "3"),
        (ChargingMode.ON_DEMAND, None, "0"),
        (ChargingMode.ON_DEMAND_PKG, EXPIRES, "0"),
    ],
)
def test_the_charging_mode_is_a_number_section_a2_1(mode, expires_at, number):
    purchase = Purchase(product_id=PRODUCT, charging_mode=mode, expires_at=expires_at)
    command = replace(CREATE, purchase=purchase)
    assert parameters(command)["chargingMode"] == number
    assert open_(encode(command)) == command


def test_an_absent_charging_mode_is_a_period_section_a2_1():
    members = {name: value for name, value in NEW_INSTANCE.items() if name != "chargingMode"}
    assert opened(members) == CREATE


def test_one_time_and_pay_per_use_have_no_expiry_and_no_period_section_a2_1():
    purchase = Purchase(
        product_id=PRODUCT,
        charging_mode=ChargingMode.ONE_TIME,
        period_type="year",
        period_number=1,
        expires_at=EXPIRES,
    )
    sent = parameters(replace(CREATE, purchase=purchase))
    assert sent.keys() & {"expireTime", "periodType", "periodNumber"} == set()


def test_a_trial_says_so_section_a2_1():
    trial = Purchase(product_id=PRODUCT, trial=True, period_type="day", period_number=7, expires_at=EXPIRES)
    command = replace(CREATE, purchase=trial)
    sent = parameters(command)
    assert (sent["trialFlag"], sent["periodType"]) == ("1", "day")
    assert open_(encode(command)) == command
    assert "trialFlag" not in parameters(CREATE)


def test_a_long_customer_name_is_cut_to_its_field_section_a2_1():
    command = replace(CREATE, buyer=Buyer(customer_id="c", customer_name="名" * 70))
    assert parameters(command)["customerName"] == "名" * 64


def test_extension_parameters_are_base64_of_json_section_a2_1():
    sample = (("idNum", "352255555555656"), ("userName", "huawei123"), ("custEmail", "123@huawei.com"))
    assert CREATE.purchase is not None
    command = replace(CREATE, purchase=replace(CREATE.purchase, extend_params=sample))
    assert parameters(command)["saasExtendParams"].startswith("W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1")
    assert open_(encode(command)) == command
    assert denied({**NEW_INSTANCE, "saasExtendParams": "e30="}) == (
        "000002",
        "saasExtendParams does not hold a JSON array",
    )


# --- refreshInstance (A2.3) --------------------------------------------------------------------------------------------


def test_a_trial_that_becomes_formal_section_a2_3():
    command = replace(REFRESH, scene=Scene.TRIAL_TO_FORMAL)
    assert parameters(command) == {**REFRESH_INSTANCE, "trialToFormal": "1"}
    assert open_(encode(command)) == command
    assert opened({**REFRESH_INSTANCE, "trialToFormal": "0"}) == REFRESH


@pytest.mark.parametrize("amount", [Decimal(-10), Decimal(10)])
def test_a_cancelled_renewal_is_told_by_its_negative_amount_section_a2_3(amount):
    purchase = Purchase(product_id="", amount=amount)
    command = replace(REFRESH, scene=Scene.UNSUBSCRIBE_RENEWAL_PERIOD, purchase=purchase)
    assert parameters(command)["orderAmount"] == "-10"
    read = open_(encode(command))
    assert isinstance(read, Refresh)
    assert read.purchase is not None
    assert (read.scene, read.purchase.amount) == (Scene.UNSUBSCRIBE_RENEWAL_PERIOD, Decimal(-10))


@pytest.mark.parametrize(("digits", "micro"), [("20270102030405", 0), ("20270102030405256", 256000)])
def test_expire_time_has_14_or_17_digits_section_g(digits, micro):
    assert opened({**REFRESH_INSTANCE, "expireTime": digits}).expires_at == EXPIRES.replace(microsecond=micro)


def test_expire_time_is_utc():
    in_beijing = datetime(2027, 1, 2, 11, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    assert parameters(replace(REFRESH, expires_at=in_beijing)) == REFRESH_INSTANCE


# --- the tables ----------------------------------------------------------------------------------------------------------


@EACH
def test_each_mandatory_field_is_missed_section_a2(command, members):
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
def test_an_unknown_activity_is_000002(activity):
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
def test_a_value_that_breaks_its_rule_is_000002(members, message):
    assert denied(members) == ("000002", message)


def test_a_hundred_ids_are_asked_for_at_once_section_a2_8():
    query = Query(instance_ids=tuple(f"{number:064}" for number in range(100)))
    assert open_(encode(query)) == query


def test_a_wrong_token_is_000001_before_anything_else():
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
def test_a_command_that_the_wire_cannot_carry_is_the_callers_mistake(command, says):
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
def test_a_market_gone_mad_gets_a_command_or_000002(members, sample):
    try:
        assert type(opened(sample | members)) in PROTOCOL.activities
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017
