"""A seller's refusals and errors: a result code, a message, a signature, and no partial changes."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.wire import APP, KEY, NOW, Recorder, ask, rejected, stored_instance
from tradepost.kit import (
    AppInfo,
    Create,
    Created,
    Instance,
    InstanceState,
    NotifyOrder,
    Pending,
    Query,
    Refresh,
    Reject,
    Seller,
)
from tradepost.kit.testing import Market
from tradepost.protocols.commands import Done, Rejected


@pytest.fixture
def seller(tmp_path: Path) -> Recorder:
    return Recorder(store=tmp_path / "seller.db")


@pytest.fixture
def bare(tmp_path: Path) -> Seller:
    return Seller(store=tmp_path / "seller.db", key=KEY)


@pytest.mark.parametrize("code", sorted(set(wire.PROTOCOL.result_codes) - {"000000", "000004"}))
def test_every_refusal_of_the_protocol_reaches_the_market(bare, code):
    """saas-v2 §4."""

    @bare.on(Create)
    def create(command: Create) -> Created:
        raise Reject(code, "售罄 sold out")

    assert rejected(bare, wire.create()) == (code, "售罄 sold out")


def test_result_codes_are_those_of_the_specification():
    """saas-v2 §4. Without this, the test above could shrink unnoticed."""
    codes = {f"00000{n}" for n in range(6)} | {f"00010{n}" for n in range(8)}
    assert set(wire.PROTOCOL.result_codes) == codes


def test_reject_with_000004_means_pending(bare):
    @bare.on(Create)
    def create(command: Create) -> Created:
        raise Reject("000004", "come back later")

    assert ask(bare, wire.create()) == Pending(message="come back later")


@pytest.mark.parametrize("code", ["000000", "999999", "", "sold out"])
def test_reject_with_an_unknown_code_is_000005(bare, code, caplog):
    @bare.on(Create)
    def create(command: Create) -> Created:
        raise Reject(code, "reason")

    assert rejected(bare, wire.create())[0] == "000005"
    assert caplog.records[0].levelno == logging.ERROR


def test_any_exception_is_a_signed_000005_logged_without_secrets(bare, caplog):
    """saas-v2 §3.0: HTTP 200 always; ``ask`` verified status and Body-Sign."""

    @bare.on(Create)
    def create(command: Create) -> Created:
        raise RuntimeError("the password of the database is hunter2")

    assert rejected(bare, wire.create()) == ("000005", "internal error; the seller's log says more")
    assert "hunter2" in caplog.text


def test_repeat_after_an_exception_retries_with_the_first_business_id(bare):
    tries: list[str] = []

    @bare.on(Create)
    def create(command: Create) -> Created:
        tries.append(command.business_id)
        if len(tries) == 1:
            raise RuntimeError("half made")
        return Created(app=APP)

    assert rejected(bare, wire.create(business_id="b1"))[0] == "000005"
    assert bare.store.find("b1") is None
    assert ask(bare, wire.create(business_id="b2")) == Done(instance_id="b1")
    assert tries == ["b1", "b1"]


@pytest.mark.parametrize(
    "said",
    [None, "b1", Created(instance_id="x" * 65), Created(instance_id="a,b")],
    ids=["none", "text", "long", "comma"],
)
def test_create_that_returns_nonsense_is_000005_and_stores_nothing(bare, said):
    bare.on(Create)(lambda command: said)
    assert rejected(bare, wire.create(business_id="b1"))[0] == "000005"
    assert bare.store.find("b1") is None
    bare.on(Create)(lambda command: Created(app=APP))
    assert ask(bare, wire.create(business_id="b2")) == Done(instance_id="b1")


def test_instance_id_of_another_order_is_refused(bare):
    bare.on(Create)(lambda command: Created(app=APP, instance_id="same"))
    assert ask(bare, wire.create("A")) == Done(instance_id="same")
    assert rejected(bare, wire.create("B"))[0] == "000005"
    assert stored_instance(bare, "same").order_id == "A"


def test_answer_that_does_not_fit_the_wire_is_000005(bare, caplog):
    """saas-v2 §3.2: frontEndUrl is mandatory in appInfo."""
    bare.on(Create)(lambda command: Created())
    bare.on(Query)(lambda command, instance: AppInfo(user_name="admin"))
    ask(bare, wire.create(business_id="b1"))
    assert rejected(bare, wire.query("b1"))[0] == "000005"
    assert "does not fit" in caplog.text


def test_invalid_result_is_not_stored_so_a_corrected_function_runs_again(bare, caplog):
    """saas-v2 §3.2: frontEndUrl is mandatory in appInfo, memo has at most 1024 characters."""
    apps = [AppInfo(user_name="admin"), replace(APP, memo="x" * 1025), APP]
    bare.on(Create)(lambda command: Created(app=apps.pop(0)))
    for words in ("appInfo.frontEndUrl is missing", "appInfo.memo has 1025 characters"):
        assert rejected(bare, wire.create(business_id="b1"))[0] == "000005"
        assert words in caplog.text
        assert bare.store.find("b1") is None
    assert ask(bare, wire.create(business_id="b2")) == Done(instance_id="b1")


def test_finish_refuses_what_no_answer_can_carry(bare):
    """saas-v2 §3.2: frontEndUrl has at most 512 characters."""
    bare.on(Create)(lambda command: Pending())
    ask(bare, wire.create(business_id="b1"))
    with pytest.raises(ValueError, match="frontEndUrl has 533 characters"):
        bare.finish("b1", AppInfo(front_end_url=f"https://app.example.com/{'x' * 509}"))
    assert stored_instance(bare, "b1").state is InstanceState.PENDING


def test_missing_function_is_000002_and_the_log_says_what_to_write(bare, caplog):
    """saas-v2 §10 seller server 1: an activity that is none of ours, else 000002."""
    for command, activity, method in (
        (wire.create(), "newInstance", "on_create"),
        (wire.create(test=True), "newInstance", "on_create"),
        (wire.refresh("b1"), "refreshInstance", "on_refresh"),
        (wire.freeze("b1"), "updateInstanceStatus", "on_status"),
        (wire.release("b1", test=True), "releaseInstance", "on_release"),
        (wire.upgrade("b1"), "upgradeInstance", "on_upgrade"),
        (wire.check_change("b1"), "changeInstanceCheck", "on_check_change"),
    ):
        caplog.clear()
        assert rejected(bare, command) == ("000002", f"this seller does not offer {activity}")
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.getMessage() == (
            f"{activity} was asked for, and there is no function for it: write {method} in your Seller, or decorate a"
            f" function with @seller.on({type(command).__name__})"
        )


def test_method_that_only_calls_its_parent_is_000002_too(tmp_path, caplog):
    class Unfinished(Seller):
        def on_create(self, command: Create) -> Created | Pending:
            return super().on_create(command)

        def on_refresh(self, command: Refresh, instance: Instance) -> Pending | None:
            return super().on_refresh(command, instance)

    seller = Unfinished(store=tmp_path / "seller.db", key=KEY)
    assert rejected(seller, wire.create()) == ("000002", "this seller does not offer newInstance")
    assert "write on_create in your Seller" in caplog.text
    assert seller.adopt("b1", now=NOW)
    assert rejected(seller, wire.refresh("b1")) == ("000002", "this seller does not offer refreshInstance")
    assert "write on_refresh in your Seller" in caplog.text


def test_activity_of_another_protocol_names_on_other(tmp_path, caplog):
    """saas-v1-license §D1."""
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("order_notice",))
    market = Market(seller, key=KEY, protocol="order_notice")
    refused = market.call(NotifyOrder(order_id="CS1", order_line_id="CS1-000001"))
    assert refused == Rejected(code="000002", message="this seller does not offer orderNotify")
    assert "decorate one with @seller.on_other(NotifyOrder)" in caplog.text


def test_wrong_signature_is_logged_with_what_to_check(seller, caplog):
    """saas-v2 §1.3: a key is bound to one class of interface."""
    seller.respond(wire.encode(wire.create(), key="another key"), NOW, wire.nonce())
    (message,) = caplog.messages
    assert message == (
        "SaaS 2.0: refused a request: 000001: signature does not match; is this server's key the one that the market has"
        " for this class of interface?"
    )


def test_wrong_signature_is_000001_and_reaches_no_function(seller):
    """saas-v2 §2.4."""
    command = wire.create()
    response = seller.respond(wire.encode(command, key="another key"), NOW, wire.nonce())
    outcome = wire.decode(command, response)
    assert getattr(outcome, "code", None) == "000001"
    assert seller.seen == []


def test_replayed_nonce_is_000001_in_another_process_too(tmp_path):
    """saas-v2 §2.4 CHOICE: nonces are kept for at least 120 s."""
    command = wire.create(business_id="b1")
    request = wire.encode(command)
    first, second = (Recorder(store=tmp_path / "seller.db") for _ in range(2))
    assert wire.decode(command, first.respond(request, NOW, wire.nonce())) == Done(instance_id="b1")
    again = wire.decode(command, second.respond(request, NOW + timedelta(seconds=50), wire.nonce()))
    assert getattr(again, "code", None) == "000001"
    assert second.seen == []
