"""Debug cases: every form is built from the folder's own table, and the input becomes a request that its own reader
reads.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tradepost.protocols import registry
from tradepost.protocols.cases import Case, CaseRefused, Need, cases_of
from tradepost.protocols.commands import Command, Create, Encryption, Scene
from tradepost.protocols.sync_commands import SyncApplication

KEY = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
NONCE = "N" * 64
EVERY = [(name, case) for name in registry.protocols() for case in cases_of(name).cases]
NAMES = [f"{name}-{case.activity}-{case.variant}" for name, case in EVERY]
MORE = {"clientSecret": "QUJD"}
"""Activities without a sample."""


def values(name: str, case: Case, **typed: str) -> dict[str, str]:
    return {**cases_of(name).values(case, now=NOW, known={}), **(MORE if case.kind is SyncApplication else {}), **typed}


def sent(name: str, command: Command) -> Command:
    """Return the command as the seller's end of the same folder opens it."""
    protocol = registry.protocol(name)
    request = protocol.encode(command, address="https://a.example/p", key=KEY, now=NOW, nonce=NONCE)
    return protocol.open(request, key=KEY, now=NOW, nonce_seen=lambda nonce, until: False)


@pytest.mark.parametrize(("name", "case"), EVERY, ids=NAMES)
def test_new_form_is_a_request_that_the_seller_end_opens(name: str, case: Case) -> None:
    command = cases_of(name).command(case, values(name, case))
    assert (type(command), command.test) == (case.kind, True), "testFlag is 1 (saas-v2 §5.2)"
    assert sent(name, command) == command


@pytest.mark.parametrize(("name", "case"), EVERY, ids=NAMES)
def test_every_field_is_explained_and_generated_ones_are_omitted(name: str, case: Case) -> None:
    for one in cases_of(name).fields(case):
        assert one.path not in {"activity", "testFlag", "timeStamp", "authToken", "businessId"}
        spoken = one.words.zh or one.path.split(".")[-1] in {"position", "employeeCode", "mobile", "email", "workPlace"}
        assert spoken, f"{one.path} needs a sentence"


def test_each_activity_of_each_protocol_has_a_case() -> None:
    for name, protocol in registry.protocols().items():
        known = {(case.kind, case.activity) for case in cases_of(name).cases}
        assert known == set(protocol.activities.items()), name
        keys = [(case.activity, case.variant) for case in cases_of(name).cases]
        assert len(keys) == len(set(keys)), name


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ({"orderId": ""}, "orderId"),
        ({"orderId": "x" * 65}, "orderId"),
        ({"scene": "WHENEVER"}, "scene"),
        ({"expireTime": "tomorrow"}, "expireTime"),
        ({"instanceId": "   "}, "instanceId"),
    ],
)
def test_invalid_input_is_refused_beside_its_field(typed: dict[str, str], path: str) -> None:
    cases = cases_of("saas_v2")
    case = cases.case("refreshInstance")
    assert case is not None
    with pytest.raises(CaseRefused) as refused:
        cases.command(case, values("saas_v2", case, **typed))
    assert list(refused.value.errors) == [path]
    assert refused.value.errors[path].zh


def test_fields_of_an_object_and_numbers_are_refused_by_their_path() -> None:
    cases = cases_of("saas_v2")
    case = cases.case("changeInstanceCheck")
    assert case is not None
    with pytest.raises(CaseRefused) as refused:
        cases.command(case, values("saas_v2", case, **{"productInfo.linearValue": "many", "productInfo.skuCode": ""}))
    assert set(refused.value.errors) == {"productInfo.linearValue", "productInfo.skuCode"}


def test_fields_that_make_a_variant_cannot_be_changed() -> None:
    """saas-v1-license A2.3: productId empty and set, trialToFormal absent and 1."""
    cases = cases_of("saas_v1")
    found = {}
    for variant in ("RENEWAL", "RENEWAL_PRODUCT", "TRIAL_TO_FORMAL", "TRIAL_TO_FORMAL_PRODUCT"):
        case = cases.case("refreshInstance", variant)
        assert case is not None
        command = cases.command(case, values("saas_v1", case, trialToFormal="1", productId="OFFI1"))
        found[variant] = (command.scene, command.product_id)  # type: ignore[attr-defined]
    assert found == {
        "RENEWAL": (Scene.RENEWAL, ""),
        "RENEWAL_PRODUCT": (Scene.RENEWAL, "OFFI1"),
        "TRIAL_TO_FORMAL": (Scene.TRIAL_TO_FORMAL, ""),
        "TRIAL_TO_FORMAL_PRODUCT": (Scene.TRIAL_TO_FORMAL, "OFFI1"),
    }
    needs = cases.case("refreshInstance", "RENEWAL_PRODUCT")
    assert needs is not None
    with pytest.raises(CaseRefused) as refused:
        cases.command(needs, values("saas_v1", needs, productId=""))
    assert list(refused.value.errors) == ["productId"]


@pytest.mark.parametrize("strength", list(Encryption))
def test_private_fields_are_entered_in_plain_text_and_sent_encrypted(strength: Encryption) -> None:
    """saas-v1-license A1.4."""
    cases = cases_of("saas_v1")
    case = cases.case("newInstance", "PERIOD")
    assert case is not None
    typed = values("saas_v1", case, mobilePhone="13800138000", encryptType=str(strength.value))
    command = cases.command(case, typed)
    assert isinstance(command, Create)
    assert command.buyer is not None
    assert (command.buyer.mobile_phone, command.encryption) == ("13800138000", strength)
    request = registry.protocol("saas_v1").encode(command, address="https://a.example/", key=KEY, now=NOW, nonce=NONCE)
    assert "13800138000" not in request.url
    opened = sent("saas_v1", command)
    assert isinstance(opened, Create)
    assert opened.buyer == command.buyer


def test_buyer_input_is_entered_as_json() -> None:
    cases = cases_of("saas_v1")
    case = cases.case("newInstance", "PERIOD")
    assert case is not None
    command = cases.command(case, values("saas_v1", case, saasExtendParams='[{"name":"ip","value":"127.0.0.1"}]'))
    assert isinstance(command, Create)
    assert command.purchase is not None
    assert command.purchase.extend_params == (("ip", "127.0.0.1"),)


def test_new_form_has_the_seller_s_values_unless_the_case_has_its_own() -> None:
    cases = cases_of("saas_v2")
    case = cases.case("queryInstance")
    assert case is not None
    assert cases.values(case, now=NOW, known={"instanceId": "i-of-the-seller"})["instanceId"] == "i-of-the-seller"


def test_needs_list_every_charging_mode_and_a_folder_without_cases_has_none() -> None:
    assert {"PERIOD", "ONE_TIME", "ON_DEMAND", "ON_DEMAND_PKG"} < set(Need)
    assert replace(cases_of("saas_v2"), cases=()).case("x") is None
    with pytest.raises(LookupError):
        cases_of("no_such_protocol")
