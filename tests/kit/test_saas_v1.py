"""The same functions serve SaaS 1.0 and License 1.0: only ``protocols=`` differs (saas-v1-license A2, B1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.wire import ADDRESS, APP, KEY, NOW, Recorder, nonce, stored_instance
from tradepost.kit import Create, Created, InstanceState, InstanceStatus, Pending, Refresh, Release, Scene, Seller
from tradepost.protocols import registry
from tradepost.protocols.commands import (
    Buyer,
    CallResult,
    ChargingMode,
    Command,
    Done,
    Encryption,
    Expire,
    InstanceInfo,
    Purchase,
    Query,
    Rejected,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.http import Request

BUYER = Buyer(customer_id="c-1", customer_name="测试 公司", mobile_phone="15905222222", email="user@example.com")
PURCHASE = Purchase(
    product_id="00301-1", sku_code="sku-1", period_type="month", period_number=1, expires_at=NOW + timedelta(days=31)
)
CREATE = Create(order_id="CS1", order_line_id="", business_id="b1", buyer=BUYER, purchase=PURCHASE)
CREATED = Done(instance_id="b1", instances=(InstanceInfo(instance_id="b1", app=APP),))
REFRESH = Refresh(
    instance_id="b1",
    scene=Scene.RENEWAL,
    order_id="CS2",
    order_line_id="",
    expires_at=NOW + timedelta(days=396),
    purchase=Purchase(product_id="", amount=Decimal(99)),
)
EXPIRE = Expire(instance_id="b1", order_id="CS1")
RELEASE = Release(instance_id="b1", order_id="CS1")


@pytest.fixture
def seller(tmp_path: Path) -> Recorder:
    return Recorder(store=tmp_path / "seller.db", protocols=("saas_v1",))


def ask(seller: Seller, command: Command, *, protocol: str = "saas_v1") -> CallResult:
    spoken = registry.protocol(protocol)
    request = spoken.encode(command, address=ADDRESS, key=KEY, now=NOW, nonce=nonce())
    response = seller.respond(request, NOW, nonce())
    assert response.status == 200
    return spoken.decode(command, response, key=KEY)


def test_instance_goes_through_the_states_of_section_a7(seller):
    """newInstance → refreshInstance → expireInstance → refreshInstance unfreezes → expireInstance → releaseInstance."""
    assert ask(seller, CREATE) == CREATED
    assert ask(seller, REFRESH) == Done()
    assert stored_instance(seller, "b1").expires_at == REFRESH.expires_at
    assert ask(seller, EXPIRE) == Done()
    assert stored_instance(seller, "b1").state is InstanceState.FROZEN
    assert ask(seller, REFRESH) == Done()
    assert stored_instance(seller, "b1").state is InstanceState.ACTIVE
    assert ask(seller, EXPIRE) == Done()
    assert ask(seller, RELEASE) == Done()
    assert stored_instance(seller, "b1").state is InstanceState.RELEASED
    freeze, unfreeze = InstanceStatus.FREEZE, InstanceStatus.UNFREEZE
    whole = ["create", "refresh", freeze, "refresh", unfreeze, freeze, "release"]
    assert seller.seen == [(what, "b1") for what in whole]


def test_seller_reads_buyer_and_purchase_decrypted_section_a1_4(tmp_path):
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("saas_v1",))
    seen: list[Create] = []

    @seller.on(Create)
    def create(command: Create) -> Created:
        seen.append(command)
        return Created(app=APP)

    weaker = replace(CREATE, encryption=Encryption.AES128)
    assert ask(seller, weaker) == CREATED
    assert seen == [weaker]
    assert stored_instance(seller, "b1").expires_at == PURCHASE.expires_at


def test_repeat_returns_the_same_instance_and_access_data_section_a2_2(seller):
    ask(seller, CREATE)
    assert ask(seller, replace(CREATE, business_id="b2")) == CREATED
    # A renewal by another period changes the productId of later repeats.
    assert ask(seller, replace(CREATE, business_id="b3", purchase=replace(PURCHASE, product_id="00301-2"))) == CREATED
    assert seller.seen == [("create", "b1")]


def test_metered_items_of_one_order_are_separate_instances_section_a2_2(seller):
    metered = Purchase(product_id="p1", charging_mode=ChargingMode.ON_DEMAND)
    assert ask(seller, replace(CREATE, purchase=metered)) == CREATED
    other = ask(seller, replace(CREATE, business_id="b2", purchase=replace(metered, product_id="p2")))
    assert isinstance(other, Done)
    assert other.instance_id == "b2"


def test_slow_provisioning_is_in_progress_until_finished_section_a3(tmp_path):
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("saas_v1",))
    seller.on(Create)(lambda command: Pending())
    assert ask(seller, CREATE) == Pending()
    assert seller.finish("b1", APP)
    assert ask(seller, replace(CREATE, business_id="b2")) == CREATED


def test_status_upgrade_and_query_section_a2(seller):
    ask(seller, CREATE)
    upgrade = Upgrade(instance_id="b1", order_id="CS3", order_line_id="", purchase=PURCHASE)
    assert ask(seller, SetStatus(instance_id="b1", status=InstanceStatus.FREEZE)) == Done()
    assert ask(seller, SetStatus(instance_id="b1", status=InstanceStatus.UNFREEZE)) == Done()
    assert [ask(seller, upgrade), ask(seller, upgrade)] == [Done(), Done()]
    info = InstanceInfo(instance_id="b1", app=APP)
    assert ask(seller, Query(instance_ids=("b1",))) == Done(instances=(info,))
    assert [what for what, _ in seller.seen] == ["create", InstanceStatus.FREEZE, InstanceStatus.UNFREEZE, "upgrade"]


@pytest.mark.parametrize("command", [REFRESH, EXPIRE, RELEASE])
def test_unknown_instance_is_000003_section_a3(seller, command):
    assert ask(seller, command) == Rejected(code="000003", message="no such instance")
    assert seller.seen == []


@pytest.mark.parametrize("command", [CREATE, REFRESH, EXPIRE, RELEASE])
def test_debug_call_succeeds_and_changes_nothing_section_a4(seller, command):
    assert isinstance(ask(seller, replace(command, test=True)), Done)
    assert seller.seen == []
    assert seller.store.find("b1") is None


def test_expiry_without_a_function_is_refused_by_name(tmp_path):
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("saas_v1",))
    assert ask(seller, EXPIRE) == Rejected(code="000002", message="this seller does not offer expireInstance")


def test_seller_may_handle_expiries_apart_from_freezes(seller):
    seen: list[Expire] = []
    seller.on_other(Expire, seen.append)
    ask(seller, CREATE)
    assert ask(seller, EXPIRE) == Done()
    assert (seen, seller.seen) == ([EXPIRE], [("create", "b1")])


def test_refresh_of_saas_2_keeps_a_freeze(tmp_path):
    """saas-v2 §3.4: in that version, a separate UNFREEZE ends a freeze."""
    seller = Recorder(store=tmp_path / "seller.db", protocols=("saas_v2", "saas_v1"))
    ask(seller, CREATE)
    ask(seller, EXPIRE)
    assert wire.ask(seller, wire.refresh("b1")) == Done()
    assert stored_instance(seller, "b1").state is InstanceState.FROZEN


def test_wrong_token_is_a_signed_000001_section_a1(seller):
    spoken = registry.protocol("saas_v1")
    request = spoken.encode(EXPIRE, address=ADDRESS, key=KEY, now=NOW, nonce=nonce())
    forged = Request("GET", request.url.replace("b1", "b2"))
    answer = seller.respond(forged, NOW, nonce())
    assert spoken.decode(EXPIRE, answer, key=KEY) == Rejected(code="000001", message="authToken does not match")


def test_answer_that_does_not_fit_is_an_internal_error(tmp_path):
    """A password of 80 bytes does not fit its encrypted field (saas-v1-license A1.4)."""
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("saas_v1",))
    seller.on(Create)(lambda command: Created(app=replace(APP, password="p" * 80)))
    refused = ask(seller, CREATE)
    assert isinstance(refused, Rejected)
    assert refused.code == "000005"


# --- License 1.0 (B1) --------------------------------------------------------------------------------------------------


@pytest.fixture
def licensor(tmp_path: Path) -> Seller:
    seller = Seller(store=tmp_path / "licenses.db", key=KEY, protocols=("license_v1",))
    seller.on(Create)(lambda command: Created(license=f"licence of {command.business_id}"))
    return seller


def test_license_is_the_same_at_every_repeat_section_b1(licensor):
    buyer = Buyer(customer_id="c-1")
    first = ask(licensor, replace(CREATE, buyer=buyer), protocol="license_v1")
    again = ask(licensor, replace(CREATE, buyer=buyer, business_id="b2"), protocol="license_v1")
    assert first == again == Done(instance_id="b1", license="licence of b1")


def test_debug_call_gets_a_license_text_too_section_b1(licensor):
    test = ask(licensor, replace(CREATE, test=True), protocol="license_v1")
    assert test == Done(instance_id="b1", license="Answer to a test call: no instance was made.")
    assert licensor.store.find("b1") is None


@pytest.mark.parametrize("order", [("saas_v2", "saas_v1"), ("saas_v1", "saas_v2")])
@pytest.mark.parametrize("asked", ["saas_v2", "saas_v1"])
def test_called_version_reports_the_error_section_a3(tmp_path, order, asked):
    """A wrong key: the other version only misses its own parameters, and would mislead."""
    seller = Recorder(store=tmp_path / "seller.db", protocols=order)
    spoken = registry.protocol(asked)
    create = CREATE if asked == "saas_v1" else replace(CREATE, order_line_id="CS1-000001")
    request = spoken.encode(create, address=ADDRESS, key="another key", now=NOW, nonce=nonce())
    refused = spoken.decode(create, seller.respond(request, NOW, nonce()), key=KEY)
    what = {"saas_v2": "signature", "saas_v1": "authToken"}[asked]
    assert refused == Rejected(code="000001", message=f"{what} does not match")
    assert seller.seen == []
