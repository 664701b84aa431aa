"""Every command through ``respond``: what the market reads, what reached the seller's functions, what was stored."""

from __future__ import annotations

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
    InstanceInfo,
    InstanceState,
    Pending,
    Query,
    Refresh,
    Release,
    Seller,
    Upgrade,
)
from tradepost.protocols.commands import Done
from tradepost.protocols.http import Request

STILL = Pending(message="the instance is still being provisioned")


@pytest.fixture
def seller(tmp_path: Path) -> Recorder:
    return Recorder(store=tmp_path / "seller.db")


@pytest.fixture
def bare(tmp_path: Path) -> Seller:
    return Seller(store=tmp_path / "seller.db", key=KEY)


def test_created_instance_has_the_business_id_of_the_first_call(seller):
    """saas-v2 §3.1: recommended instanceId, the businessId of the first call for that order."""
    assert ask(seller, wire.create(business_id="b1")) == Done(instance_id="b1")
    assert seller.seen == [("create", "b1")]


def test_repeat_has_the_same_instance_and_creates_no_new_one(seller):
    """saas-v2 §3.1: same orderId + orderLineId gives the same instanceId; businessId differs on every call."""
    ask(seller, wire.create(business_id="b1"))
    assert ask(seller, wire.create(business_id="b2")) == Done(instance_id="b1")
    assert seller.seen == [("create", "b1")]


def test_other_line_of_the_order_is_another_instance(seller):
    assert ask(seller, wire.create(line=1, business_id="b1")) == Done(instance_id="b1")
    assert ask(seller, wire.create(line=2, business_id="b2")) == Done(instance_id="b2")


def test_query_returns_one_entry_per_id_with_the_access_data(seller):
    """saas-v2 §3.2: one entry per requested id."""
    ask(seller, wire.create("A", business_id="b1"))
    ask(seller, wire.create("B", business_id="b2"))
    info = tuple(InstanceInfo(instance_id=name, app=APP) for name in ("b1", "b2"))
    assert ask(seller, wire.query("b1", "b2")) == Done(instances=info)


def test_unknown_instance_is_000003_for_every_command(seller):
    """saas-v2 §4: 000003, instance id does not exist; §3.2 CHOICE, §3.5."""
    for command in (
        wire.query("nobody"),
        wire.refresh("nobody"),
        wire.freeze("nobody"),
        wire.release("nobody"),
        wire.upgrade("nobody"),
        wire.check_change("nobody"),
    ):
        assert rejected(seller, command) == ("000003", "no such instance")
    assert seller.seen == []


def test_refresh_sets_the_expiry(seller):
    """saas-v2 §3.3: expiry is absolute, replay is idempotent."""
    ask(seller, wire.create(business_id="b1"))
    expires_at = NOW + timedelta(days=31)
    assert ask(seller, wire.refresh("b1", expires_at)) == Done()
    assert ask(seller, wire.refresh("b1", expires_at)) == Done()
    assert stored_instance(seller, "b1").expires_at == expires_at


def test_freeze_and_unfreeze_may_be_repeated(seller):
    """saas-v2 §3.4: repeating the same status returns success."""
    ask(seller, wire.create(business_id="b1"))
    states = []
    for command in (wire.freeze("b1"), wire.freeze("b1"), wire.unfreeze("b1"), wire.unfreeze("b1")):
        assert ask(seller, command) == Done()
        states.append(stored_instance(seller, "b1").state)
    assert states == [InstanceState.FROZEN] * 2 + [InstanceState.ACTIVE] * 2


def test_release_runs_once_and_erases_the_access_data(seller):
    """saas-v2 §3.5: repeating for a released id returns success."""
    ask(seller, wire.create(business_id="b1"))
    assert ask(seller, wire.release("b1")) == Done()
    assert ask(seller, wire.release("b1")) == Done()
    assert seller.seen == [("create", "b1"), ("release", "b1")]
    gone = stored_instance(seller, "b1")
    assert (gone.state, gone.app) == (InstanceState.RELEASED, None)


def test_released_instance_is_unknown_to_other_commands(seller):
    ask(seller, wire.create(business_id="b1"))
    ask(seller, wire.release("b1"))
    for command in (wire.query("b1"), wire.refresh("b1"), wire.unfreeze("b1"), wire.upgrade("b1")):
        assert rejected(seller, command) == ("000003", "the instance was released")
    assert seller.seen[-1] == ("release", "b1")


def test_upgrade_runs_once_per_order(seller):
    """saas-v2 §3.6: repeating an orderId returns success without doing it again."""
    ask(seller, wire.create(business_id="b1"))
    assert ask(seller, wire.upgrade("b1", "CS3")) == Done()
    assert ask(seller, wire.upgrade("b1", "CS3")) == Done()
    assert ask(seller, wire.upgrade("b1", "CS4")) == Done()
    assert seller.seen == [("create", "b1"), ("upgrade", "b1"), ("upgrade", "b1")]


@pytest.mark.parametrize("answer", [None, True])
def test_check_change_allows_by_default(bare, answer):
    bare.on(Create)(lambda command: Created(app=APP))
    bare.on_other(type(wire.check_change("b1")), lambda command, instance: answer)
    ask(bare, wire.create(business_id="b1"))
    assert ask(bare, wire.check_change("b1")) == Done()


def test_check_change_that_returns_false_blocks_with_000005(bare):
    """saas-v2 §3.7 CHOICE: seller answers 000005 + reason."""
    bare.on(Create)(lambda command: Created(app=APP))
    bare.on_other(type(wire.check_change("b1")), lambda command, instance: False)
    ask(bare, wire.create(business_id="b1"))
    assert rejected(bare, wire.check_change("b1")) == ("000005", "the instance cannot be changed to this product")


# --- asynchronous provisioning --------------------------------------------------------------------------------------


def test_pending_until_finished(bare):
    """saas-v2 §3.1: 000004 with the id at once; §3.2 CHOICE: pending 000004 with no info."""
    bare.on(Create)(lambda command: Pending())
    assert ask(bare, wire.create(business_id="b1")) == Pending(instance_id="b1")
    assert ask(bare, wire.create(business_id="b2")) == Pending(instance_id="b1")
    assert ask(bare, wire.query("b1")) == STILL
    assert [instance.instance_id for instance in bare.store.pending()] == ["b1"]

    assert bare.finish("b1", APP)
    assert ask(bare, wire.query("b1")) == Done(instances=(InstanceInfo(instance_id="b1", app=APP),))
    assert ask(bare, wire.create(business_id="b3")) == Done(instance_id="b1")
    assert not bare.finish("b1", AppInfo(front_end_url="https://other.example.com/"))
    assert stored_instance(bare, "b1").app == APP
    assert bare.store.pending() == []


def test_commands_on_a_pending_instance_are_postponed(tmp_path):
    seller = Recorder(store=tmp_path / "seller.db")
    seller.on(Create)(lambda command: Pending())
    ask(seller, wire.create(business_id="b1"))
    for command in (wire.refresh("b1"), wire.freeze("b1"), wire.upgrade("b1"), wire.check_change("b1")):
        assert ask(seller, command) == STILL
    assert seller.seen == []
    assert ask(seller, wire.release("b1")) == Done()
    assert seller.seen == [("release", "b1")]
    assert not seller.finish("b1", APP)


def test_background_work_may_end_before_on_create_returns(bare):
    @bare.on(Create)
    def create(command: Create) -> Pending:
        assert bare.finish(command.business_id, APP)
        assert rejected(bare, wire.query(command.business_id)) == ("000003", "no such instance")
        return Pending()

    assert ask(bare, wire.create(business_id="b1")) == Done(instance_id="b1")
    assert ask(bare, wire.query("b1")) == Done(instances=(InstanceInfo(instance_id="b1", app=APP),))


def test_failed_provisioning_is_reported_and_can_still_be_finished(bare):
    bare.on(Create)(lambda command: Pending())
    ask(bare, wire.create(business_id="b1"))
    assert bare.fail("b1", "no capacity in this region")
    assert rejected(bare, wire.query("b1")) == ("000005", "no capacity in this region")
    assert rejected(bare, wire.create(business_id="b2")) == ("000005", "no capacity in this region")
    assert bare.finish("b1", APP)
    assert ask(bare, wire.create()) == Done(instance_id="b1")


def test_not_yet_is_000004_and_is_not_stored_as_done(tmp_path):
    """saas-v2 §3.10: 000004 outside newInstance is not success, and tried again; §3.5, §3.6: then done once."""
    seller = Recorder(store=tmp_path / "seller.db")
    seen: list[str] = []

    def slowly(command: Release | Upgrade, instance: Instance) -> Pending | None:
        seen.append(type(command).__name__)
        return Pending() if seen.count(type(command).__name__) == 1 else None

    seller.on(Upgrade)(slowly)
    seller.on(Release)(slowly)
    seller.on(Refresh)(lambda command, instance: Pending(message="not before midnight"))
    ask(seller, wire.create(business_id="b1"))
    assert ask(seller, wire.refresh("b1")) == Pending(message="not before midnight")
    assert stored_instance(seller, "b1").expires_at is None
    assert [ask(seller, wire.upgrade("b1")) for _ in range(3)] == [Pending(), Done(), Done()]
    assert [ask(seller, wire.release("b1")) for _ in range(3)] == [Pending(), Done(), Done()]
    assert seen == ["Upgrade", "Upgrade", "Release", "Release"]


def test_query_result_of_another_instance_is_000005(bare, caplog):
    """saas-v2 §3.2: one entry per requested id."""
    bare.on(Create)(lambda command: Created())
    bare.on(Query)(lambda command, instance: InstanceInfo(instance_id="b2", app=APP))
    ask(bare, wire.create(business_id="b1"))
    assert rejected(bare, wire.query("b1"))[0] == "000005"
    assert "on_query was asked about 'b1' and answered about 'b2'" in caplog.text


# --- test calls -----------------------------------------------------------------------------------------------------


def test_test_calls_succeed_and_change_nothing(seller):
    """saas-v2 §10 seller server 3: newInstance: id = businessId; queryInstance: one entry per id with a frontEndUrl."""
    assert ask(seller, wire.create(business_id="b1", test=True)) == Done(instance_id="b1")
    answer = ask(seller, wire.query("x", "y", test=True))
    assert isinstance(answer, Done)
    assert [info.instance_id for info in answer.instances] == ["x", "y"]
    assert {info.app.front_end_url for info in answer.instances if info.app} == {"https://seller.example.com/"}
    for command in (
        wire.refresh("x", test=True),
        wire.freeze("x", test=True),
        wire.release("x", test=True),
        wire.upgrade("x", test=True),
        wire.check_change("x", test=True),
    ):
        assert ask(seller, command) == Done()
    assert seller.seen == []
    assert seller.store.find("b1") is None


def test_test_page_is_shown_in_test_answers(tmp_path):
    seller = Recorder(store=tmp_path / "seller.db", test_page="https://app.example.com/demo")
    answer = ask(seller, wire.query("x", test=True))
    assert isinstance(answer, Done)
    assert answer.instances[0].app is not None
    assert answer.instances[0].app.front_end_url == "https://app.example.com/demo"


# --- what a seller writes -------------------------------------------------------------------------------------------


def test_on_query_answers_from_the_seller_s_own_database(bare):
    bare.on(Create)(lambda command: Created())

    @bare.on(Query)
    def query(command: Query, instance: Instance) -> AppInfo:
        return AppInfo(front_end_url=f"https://{instance.instance_id}.example.com/")

    ask(bare, wire.create(business_id="b1"))
    app = AppInfo(front_end_url="https://b1.example.com/")
    assert ask(bare, wire.query("b1")) == Done(instances=(InstanceInfo(instance_id="b1", app=app),))


def test_decorated_function_replaces_the_method(seller):
    released: list[str] = []
    seller.on(Release)(lambda command, instance: released.append(instance.instance_id))
    ask(seller, wire.create(business_id="b1"))
    ask(seller, wire.release("b1"))
    assert released == ["b1"]
    assert ("release", "b1") not in seller.seen


def test_keys_are_passed_by_class_or_protocol_and_are_required(tmp_path):
    store = tmp_path / "seller.db"
    for keys in ({"base": KEY}, {"saas_v2": KEY}):
        seller = Seller(store=store, keys=keys)
        assert rejected(seller, wire.create())[0] == "000002"
    with pytest.raises(ValueError, match="no key for saas_v2"):
        Seller(store=store)
    with pytest.raises(ValueError, match="at least one protocol"):
        Seller(store=store, key=KEY, protocols=())
    with pytest.raises(LookupError, match="no protocol 'saas_v9'"):
        Seller(store=store, key=KEY, protocols=("saas_v9",))


def test_failing_store_is_000005(seller, caplog):
    seller.store.close()
    seller.store.path.write_bytes(b"not a database" * 1000)
    assert rejected(seller, wire.create())[0] == "000005"
    assert seller.seen == []


def test_refuse_is_a_signed_000002(seller):
    response = seller.refuse("too long", wire.nonce())
    assert getattr(wire.decode(wire.create(), response), "code", None) == "000002"


def test_get_is_refused(seller):
    request = wire.encode(wire.create())
    response = seller.respond(Request("GET", request.url), NOW, wire.nonce())
    outcome = wire.decode(wire.create(), response)
    assert getattr(outcome, "code", "").startswith("00000")
    assert seller.seen == []
