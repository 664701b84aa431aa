"""Instances that were not created here: authorisation codes of the market, and orders from before the kit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from tests import waiting
from tests.kit import wire
from tests.kit.stores import kind, place, store
from tests.kit.wire import APP, KEY, NOW, Recorder, ask, rejected, stored_instance
from tradepost.kit import AppInfo, InstanceInfo, InstanceState, InstanceStatus, Release, Seller, SetStatus, Store
from tradepost.kit.testing import Market
from tradepost.protocols.commands import Done, Rejected

__all__ = ["kind", "place", "store"]


def test_calls_about_an_adopted_code_reach_the_functions(tmp_path: Path) -> None:
    """saas-v1-license §B2.2: 000003, authorization code id not found."""
    seller = Seller(store=tmp_path / "seller.db", key=KEY, protocols=("license_code",))
    seen: list[str] = []
    seller.on(SetStatus)(lambda command, instance: seen.append(instance.instance_id))
    seller.on(Release)(lambda command, instance: seen.append("released"))
    market, freeze = Market(seller, key=KEY, protocol="license_code"), InstanceStatus.FREEZE
    command = SetStatus(instance_id="PL1", status=freeze)
    assert market.call(command, now=NOW) == Rejected(code="000003", message="no such instance")
    assert seller.adopt("PL1", now=NOW)
    assert market.call(command, now=NOW) == Done()
    assert market.call(Release(instance_id="PL1"), now=NOW) == Done()
    assert seen == ["PL1", "released"]
    assert not seller.adopt("PL1", now=NOW)
    assert stored_instance(seller, "PL1").state is InstanceState.RELEASED


def test_earlier_instance_behaves_as_if_it_had_been_created_here(tmp_path: Path) -> None:
    seller = Recorder(store=tmp_path / "seller.db")
    until = NOW + timedelta(days=30)
    assert seller.adopt("old", now=NOW, app=APP, expires_at=until, order_id="CS0")
    assert ask(seller, wire.query("old")) == Done(instances=(InstanceInfo(instance_id="old", app=APP),))
    assert (stored_instance(seller, "old").expires_at, stored_instance(seller, "old").order_id) == (until, "CS0")
    ask(seller, wire.create(business_id="b1"))
    assert not seller.adopt("b1", now=NOW)
    assert stored_instance(seller, "b1").order_id == "CS1"


@pytest.mark.parametrize("instance_id", ["", "  ", "a,b", "x" * 65])
def test_id_that_no_call_can_name_is_refused(tmp_path: Path, instance_id: str) -> None:
    """saas-v2 §3.1, §3.2: up to 64 characters; ids are joined with commas."""
    seller = Recorder(store=tmp_path / "seller.db")
    with pytest.raises(ValueError, match="instance id"):
        seller.adopt(instance_id, now=NOW)
    assert rejected(seller, wire.query("a"))[0] == "000003"


def test_access_data_that_no_answer_can_carry_is_refused(tmp_path: Path) -> None:
    """saas-v2 §3.2: frontEndUrl is mandatory in appInfo."""
    seller = Recorder(store=tmp_path / "seller.db")
    with pytest.raises(ValueError, match=r"appInfo\.frontEndUrl is missing"):
        seller.adopt("old", now=NOW, app=AppInfo(user_name="admin"))
    assert seller.store.find("old") is None


def test_parallel_adoptions_of_a_code_have_one_first(store: Store) -> None:
    seller = Recorder(store=store)
    everybody_is_here = Barrier(8)

    def one(late: int) -> bool:
        everybody_is_here.wait(waiting.TIMEOUT)
        # Clocks that differ a little must not cause a wait.
        return seller.adopt("PL1", now=NOW + timedelta(seconds=late))

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(one, range(8))) == [False] * 7 + [True]
    assert stored_instance(seller, "PL1").state is InstanceState.ACTIVE


def test_process_that_died_while_adopting_blocks_no_other(store: Store) -> None:
    seller = Recorder(store=store)
    store.claim("adopt\x1fPL1", owner="adopt", first_id="PL1", now=NOW, until=NOW - timedelta(days=1))
    assert seller.adopt("PL1", now=NOW)
