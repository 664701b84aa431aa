"""Instances that no create made here: authorization codes of the market, and what was sold before the kit came."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from tests.kit import wire
from tests.kit.stores import kind, place, store
from tests.kit.wire import APP, KEY, NOW, Recorder, ask, rejected, remembered
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
    assert remembered(seller, "PL1").state is InstanceState.RELEASED


def test_what_was_sold_before_is_answered_as_if_it_had_been_created_here(tmp_path: Path) -> None:
    seller = Recorder(store=tmp_path / "seller.db")
    until = NOW + timedelta(days=30)
    assert seller.adopt("old", now=NOW, app=APP, expires_at=until, order_id="CS0")
    assert ask(seller, wire.query("old")) == Done(instances=(InstanceInfo(instance_id="old", app=APP),))
    assert (remembered(seller, "old").expires_at, remembered(seller, "old").order_id) == (until, "CS0")
    ask(seller, wire.create(business_id="b1"))
    assert not seller.adopt("b1", now=NOW)
    assert remembered(seller, "b1").order_id == "CS1"


@pytest.mark.parametrize("instance_id", ["", "  ", "a,b", "x" * 65])
def test_an_id_that_no_call_can_name_is_refused(tmp_path: Path, instance_id: str) -> None:
    """saas-v2 §3.1, §3.2: up to 64 characters; ids are joined with commas."""
    seller = Recorder(store=tmp_path / "seller.db")
    with pytest.raises(ValueError, match="instance id"):
        seller.adopt(instance_id, now=NOW)
    assert rejected(seller, wire.query("a"))[0] == "000003"


def test_access_data_that_no_answer_could_carry_is_refused(tmp_path: Path) -> None:
    """saas-v2 §3.2: frontEndUrl is mandatory in appInfo."""
    seller = Recorder(store=tmp_path / "seller.db")
    with pytest.raises(ValueError, match=r"appInfo\.frontEndUrl is missing"):
        seller.adopt("old", now=NOW, app=AppInfo(user_name="admin"))
    assert seller.store.find("old") is None


def test_of_many_who_adopt_a_code_at_once_one_is_the_first(store: Store) -> None:
    seller = Recorder(store=store)
    everybody_is_here = Barrier(8)

    def one(late: int) -> bool:
        everybody_is_here.wait()
        # Clocks that differ a little must not make anybody wait.
        return seller.adopt("PL1", now=NOW + timedelta(seconds=late))

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(one, range(8))) == [False] * 7 + [True]
    assert remembered(seller, "PL1").state is InstanceState.ACTIVE


def test_one_who_died_while_adopting_holds_up_nobody(store: Store) -> None:
    seller = Recorder(store=store)
    store.claim("adopt\x1fPL1", owner="adopt", first_id="PL1", now=NOW, until=NOW - timedelta(days=1))
    assert seller.adopt("PL1", now=NOW)
