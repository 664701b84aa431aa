"""How a seller refuses, and what becomes of its mistakes: a result code, words, a signature, nothing half made."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.wire import APP, KEY, NOW, Recorder, ask, rejected, remembered
from tradepost.kit import AppInfo, Create, Created, Pending, Reject, Seller
from tradepost.protocols.commands import Done


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


def test_the_result_codes_are_those_of_the_specification():
    """saas-v2 §4; without this the test above could shrink unnoticed."""
    codes = {f"00000{n}" for n in range(6)} | {f"00010{n}" for n in range(8)}
    assert set(wire.PROTOCOL.result_codes) == codes


def test_reject_with_000004_means_pending(bare):
    @bare.on(Create)
    def create(command: Create) -> Created:
        raise Reject("000004", "come back later")

    assert ask(bare, wire.create()) == Pending(message="come back later")


@pytest.mark.parametrize("code", ["000000", "999999", "", "sold out"])
def test_reject_with_a_code_that_is_none_is_000005(bare, code, caplog):
    @bare.on(Create)
    def create(command: Create) -> Created:
        raise Reject(code, "reason")

    assert rejected(bare, wire.create())[0] == "000005"
    assert caplog.records[0].levelno == logging.ERROR


def test_any_exception_is_000005_signed_and_logged_and_tells_no_secret(bare, caplog):
    """saas-v2 §3.0: HTTP 200 always; ``ask`` verified status and Body-Sign."""

    @bare.on(Create)
    def create(command: Create) -> Created:
        raise RuntimeError("the password of the database is hunter2")

    assert rejected(bare, wire.create()) == ("000005", "internal error; the seller's log says more")
    assert "hunter2" in caplog.text


def test_after_an_exception_a_repeat_tries_again_with_the_first_business_id(bare):
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
def test_a_create_that_returns_nonsense_is_000005_and_keeps_nothing(bare, said):
    bare.on(Create)(lambda command: said)
    assert rejected(bare, wire.create(business_id="b1"))[0] == "000005"
    assert bare.store.find("b1") is None
    bare.on(Create)(lambda command: Created(app=APP))
    assert ask(bare, wire.create(business_id="b2")) == Done(instance_id="b1")


def test_an_instance_id_of_another_order_is_refused(bare):
    bare.on(Create)(lambda command: Created(app=APP, instance_id="same"))
    assert ask(bare, wire.create("A")) == Done(instance_id="same")
    assert rejected(bare, wire.create("B"))[0] == "000005"
    assert remembered(bare, "same").order_id == "A"


def test_an_answer_that_does_not_fit_the_wire_is_000005(bare, caplog):
    """saas-v2 §3.2: frontEndUrl is mandatory in appInfo."""
    bare.on(Create)(lambda command: Created(app=AppInfo(user_name="admin")))
    ask(bare, wire.create(business_id="b1"))
    assert rejected(bare, wire.query("b1"))[0] == "000005"
    assert "does not fit" in caplog.text


def test_an_activity_without_a_function_is_000002_with_words(bare):
    for command, activity in (
        (wire.create(), "newInstance"),
        (wire.create(test=True), "newInstance"),
        (wire.refresh("b1"), "refreshInstance"),
        (wire.freeze("b1"), "updateInstanceStatus"),
        (wire.release("b1", test=True), "releaseInstance"),
        (wire.upgrade("b1"), "upgradeInstance"),
        (wire.check_change("b1"), "changeInstanceCheck"),
    ):
        assert rejected(bare, command) == ("000002", f"this seller does not offer {activity}")


def test_a_wrong_signature_is_000001_and_reaches_nothing(seller):
    """saas-v2 §2.4."""
    command = wire.create()
    response = seller.respond(wire.encode(command, key="another key"), NOW, wire.nonce())
    outcome = wire.decode(command, response)
    assert getattr(outcome, "code", None) == "000001"
    assert seller.seen == []


def test_a_replayed_nonce_is_000001_also_by_another_process(tmp_path):
    """saas-v2 §2.4 CHOICE: nonces are kept for at least 120 s."""
    command = wire.create(business_id="b1")
    request = wire.encode(command)
    first, second = (Recorder(store=tmp_path / "seller.db") for _ in range(2))
    assert wire.decode(command, first.respond(request, NOW, wire.nonce())) == Done(instance_id="b1")
    again = wire.decode(command, second.respond(request, NOW + timedelta(seconds=50), wire.nonce()))
    assert getattr(again, "code", None) == "000001"
    assert second.seen == []
