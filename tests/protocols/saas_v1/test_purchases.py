"""Data inside requests of SaaS 1.0: encrypted fields (saas-v1-license A1.4), the purchase (A2.1), the renewal
(A2.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.saas_v1.requesting import (
    BUYER,
    CREATE,
    EXPIRES,
    NEW_INSTANCE,
    REFRESH,
    REFRESH_INSTANCE,
    denied,
    opened,
    parameters,
)
from tests.protocols.saas_v1.wire import KEY, PRODUCT, creations, encode, open_
from tradepost.protocols.commands import Buyer, ChargingMode, Encryption, Purchase, Refresh, Scene
from tradepost.protocols.secret_fields import encrypt

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


def test_ivs_are_derived_from_the_nonce():
    command = replace(CREATE, buyer=replace(BUYER, email="user@example.com"))
    assert encode(command) == encode(command)
    assert encode(command).query["email"] != encode(command, nonce="another nonce").query["email"]


@given(creations, st.sampled_from(Encryption))
def test_creation_opens_with_the_encryption_of_its_sender(command, encryption):
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
def test_undecryptable_field_is_000002_and_not_quoted(name, field):
    code, message = denied({**NEW_INSTANCE, name: field})
    assert code == "000002"
    assert message.startswith(f"{name} cannot be decrypted: ")
    assert field not in message


def test_fields_with_different_encryption_are_000002_section_a1_4():
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
def test_charging_mode_is_a_number_section_a2_1(mode, expires_at, number):
    purchase = Purchase(product_id=PRODUCT, charging_mode=mode, expires_at=expires_at)
    command = replace(CREATE, purchase=purchase)
    assert parameters(command)["chargingMode"] == number
    assert open_(encode(command)) == command


def test_missing_charging_mode_is_a_period_section_a2_1():
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


def test_trial_is_marked_section_a2_1():
    trial = Purchase(product_id=PRODUCT, trial=True, period_type="day", period_number=7, expires_at=EXPIRES)
    command = replace(CREATE, purchase=trial)
    sent = parameters(command)
    assert (sent["trialFlag"], sent["periodType"]) == ("1", "day")
    assert open_(encode(command)) == command
    assert "trialFlag" not in parameters(CREATE)


def test_long_customer_name_is_cut_to_its_field_section_a2_1():
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


def test_trial_that_becomes_paid_section_a2_3():
    command = replace(REFRESH, scene=Scene.TRIAL_TO_FORMAL)
    assert parameters(command) == {**REFRESH_INSTANCE, "trialToFormal": "1"}
    assert open_(encode(command)) == command
    assert opened({**REFRESH_INSTANCE, "trialToFormal": "0"}) == REFRESH


@pytest.mark.parametrize("amount", [Decimal(-10), Decimal(10)])
def test_cancelled_renewal_has_a_negative_amount_section_a2_3(amount):
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
