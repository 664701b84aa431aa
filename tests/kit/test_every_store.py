"""Common behaviour of every store: SQLite by the standard library, and SQLAlchemy on SQLite, PostgreSQL and MySQL.

MySQL runs if ``TRADEPOST_TEST_MYSQL_URL`` names an empty database of a disposable server.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Lock

import pytest
import sqlalchemy as sa

from tests import waiting
from tests.kit import wire
from tests.kit.servers import process
from tests.kit.stores import kind, open_store, place, store
from tests.kit.wire import APP, KEY, NOW, Recorder, ask
from tradepost.kit import Create, Created, Instance, InstanceInfo, InstanceState, Seller, Store
from tradepost.kit.sqlalchemy_store import SQLAlchemyStore, tables
from tradepost.kit.store import BusyClaim, FinishedClaim, GrantedClaim, Nonce
from tradepost.protocols.commands import Done, Rejected

__all__ = ["kind", "place", "store"]

LEASE = timedelta(seconds=60)
SOON = NOW + LEASE
PARALLEL = 50


# The program of each process: repeat one order on threads, then print the ids of the answers.
ASK_IN_PARALLEL = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from tests.kit import wire
from tests.kit.stores import open_store
from tradepost.kit import Create, Created, Seller

seller = Seller(store=open_store(sys.argv[1], sys.argv[2]), key=wire.KEY)

@seller.on(Create)
def create(command):
    print("made", command.business_id, flush=True)
    time.sleep(0.05)
    return Created(app=wire.APP)

print("ready", flush=True)
sys.stdin.readline()
count = int(sys.argv[3])
with ThreadPoolExecutor(count) as threads:
    for outcome in threads.map(lambda _: wire.ask(seller, wire.create("CS1")), range(count)):
        print("answered", outcome.instance_id, flush=True)
"""


def make(store: Store, instance: Instance, key: str = "create") -> bool:
    assert store.claim(key, owner="me", first_id=instance.instance_id, now=NOW, until=SOON) == GrantedClaim(
        instance.instance_id
    )
    return store.keep_created(key, "me", instance)


def found(store: Store, instance_id: str) -> Instance:
    instance = store.find(instance_id)
    assert instance is not None
    return instance


def test_instance_survives_a_restart(store, kind, place):
    before = Recorder(store=store)
    ask(before, wire.create("A", business_id="a"))
    ask(before, wire.create("B", business_id="b"))
    ask(before, wire.refresh("a", NOW + timedelta(days=400)))
    ask(before, wire.freeze("a"))
    ask(before, wire.upgrade("a", "CS3"))
    ask(before, wire.release("b"))

    after = Recorder(store=open_store(kind, place))
    assert after.store.find("a") == Instance(
        instance_id="a",
        order_id="A",
        order_line_id="A-000001",
        state=InstanceState.FROZEN,
        expires_at=NOW + timedelta(days=400),
        app=APP,
    )
    assert found(after.store, "b").app is None
    assert ask(after, wire.create("A")) == Done(instance_id="a")
    assert ask(after, wire.upgrade("a", "CS3")) == Done()
    assert ask(after, wire.release("b")) == Done()
    assert ask(after, wire.query("a")) == Done(instances=(InstanceInfo(instance_id="a", app=APP),))
    assert after.seen == []


def test_nonce_is_remembered_until_it_expires(store):
    """saas-v2 §2.4."""
    assert not store.nonce_seen("n", now=NOW, until=SOON)
    assert store.nonce_seen("n", now=SOON - timedelta(milliseconds=1), until=SOON)
    assert not store.nonce_seen("N", now=NOW, until=SOON)
    assert not store.nonce_seen("n", now=SOON, until=SOON + timedelta(seconds=60))
    assert store.nonce_seen("n", now=SOON, until=SOON)


def test_parallel_nonce_is_fresh_once(store):
    everybody_is_here = Barrier(PARALLEL)

    def one(_: int) -> bool:
        everybody_is_here.wait(waiting.TIMEOUT)
        return store.nonce_seen("n", now=NOW, until=SOON)

    with ThreadPoolExecutor(PARALLEL) as threads:
        assert sorted(threads.map(one, range(PARALLEL))) == [False] + [True] * (PARALLEL - 1)


def test_claim_is_exclusive_until_released_or_expired(store):
    assert store.claim("k", owner="a", first_id="1", now=NOW, until=SOON) == GrantedClaim("1")
    assert store.claim("k", owner="b", first_id="2", now=NOW, until=SOON) == BusyClaim()
    store.give_back("k", "b")
    assert store.claim("k", owner="b", first_id="2", now=NOW, until=SOON) == BusyClaim()
    store.give_back("k", "a")
    assert store.claim("k", owner="b", first_id="2", now=NOW, until=SOON) == GrantedClaim("1")
    assert store.claim("k", owner="c", first_id="3", now=SOON, until=SOON) == GrantedClaim("1")
    assert not store.keep_done("k", "b", "x")
    assert store.keep_done("k", "c", "x")
    assert store.claim("k", owner="d", first_id="4", now=SOON, until=SOON) == FinishedClaim("x")


def test_fresh_claim_remembers_the_nonce_whatever_the_work_returns(store):
    """saas-v2 §2.4: a nonce is accepted once."""

    def claim(nonce: str, owner: str, at: datetime = NOW) -> object:
        return store.claim_fresh(
            Nonce(nonce, at + timedelta(seconds=125)), "k", owner=owner, first_id=owner, now=at, until=at + LEASE
        )

    assert claim("n1", "a") == GrantedClaim("a")
    assert claim("n1", "b") is None
    assert claim("n2", "b") == BusyClaim()
    assert claim("n2", "b") is None
    assert store.nonce_seen("n2", now=NOW, until=SOON)
    assert store.keep_done("k", "a", "x")
    assert claim("n3", "c") == FinishedClaim("x")
    assert claim("n3", "c") is None
    assert claim("n3", "c", NOW + timedelta(seconds=125)) == FinishedClaim("x")


def test_fresh_claim_after_an_expired_lease_keeps_the_first_id(store):
    store.claim("k", owner="a", first_id="1", now=NOW, until=SOON)
    taken = store.claim_fresh(Nonce("n", SOON + LEASE), "k", owner="b", first_id="2", now=SOON, until=SOON + LEASE)
    assert taken == GrantedClaim("1")
    assert not store.keep_done("k", "a", "x")


def test_create_replayed_in_parallel_is_accepted_once(store):
    """saas-v2 §2.4, §4: 000001 for a nonce that was used before."""
    made: list[str] = []
    seller = Seller(store=store, key=KEY)
    everybody_is_here, counting = Barrier(PARALLEL), Lock()

    @seller.on(Create)
    def create(command: Create) -> Created:
        with counting:
            made.append(command.business_id)
        return Created(app=APP)

    command = wire.create("CS1", business_id="b1")
    request = wire.encode(command)

    def one(_: int) -> str:
        everybody_is_here.wait(waiting.TIMEOUT)
        answered = wire.decode(command, seller.respond(request, NOW, wire.nonce()))
        return answered.code if isinstance(answered, Rejected) else str(answered == Done(instance_id="b1"))

    with ThreadPoolExecutor(PARALLEL) as threads:
        assert sorted(threads.map(one, range(PARALLEL))) == ["000001"] * (PARALLEL - 1) + ["True"]
    assert made == ["b1"]


def test_lost_claim_adds_no_instance(store):
    store.claim("k", owner="a", first_id="1", now=NOW, until=NOW)
    store.claim("k", owner="b", first_id="1", now=NOW, until=SOON)
    assert not store.keep_created("k", "a", Instance(instance_id="1", order_id="A"))
    assert store.find("1") is None


def test_id_of_another_order_keeps_neither_instance_nor_claim(store):
    assert make(store, Instance(instance_id="1", order_id="A"), "first")
    with pytest.raises(ValueError, match="belongs to another order"):
        make(store, Instance(instance_id="1", order_id="B"), "second")
    assert store.claim("second", owner="x", first_id="2", now=NOW, until=SOON) == BusyClaim()
    assert found(store, "1").order_id == "A"


def test_ids_differ_by_case_accents_and_trailing_blanks(store):
    """MySQL's usual collations treat these as equal."""
    for number, instance_id in enumerate(("id", "ID", "íd", "id ", "云", "🚀")):
        assert make(store, Instance(instance_id=instance_id, order_id=str(number)), f"k{instance_id}")
    assert found(store, "ID").order_id == "1"
    assert found(store, "id ").order_id == "3"
    assert found(store, "🚀").order_id == "5"


def test_instance_is_found_by_its_license_code_too(store):
    instance = Instance(instance_id="1", order_id="A", license="CODE-1")
    make(store, instance)
    assert store.find("CODE-1") == instance
    assert store.find("code-1") is None
    assert store.find("") is None


def test_background_work_may_end_before_the_create_is_stored(store):
    assert store.settle("1", APP, "", "")
    assert store.find("1") is None
    assert make(store, Instance(instance_id="1", order_id="A", state=InstanceState.PENDING))
    assert found(store, "1") == Instance(instance_id="1", order_id="A", app=APP)
    assert not store.settle("1", None, "", "too late")


def test_pending_instances_are_listed_until_finished(store):
    for number in ("2", "1"):
        make(store, Instance(instance_id=number, order_id=number, state=InstanceState.PENDING), f"k{number}")
    assert [instance.instance_id for instance in store.pending()] == ["1", "2"]
    assert store.settle("1", None, "", "no room")
    assert (found(store, "1").state, found(store, "1").note) == (InstanceState.FAILED, "no room")
    assert store.settle("1", APP, "", "")
    assert found(store, "1").state is InstanceState.ACTIVE
    assert [instance.instance_id for instance in store.pending()] == ["2"]


def test_unfreeze_does_not_wake_a_released_instance(store):
    make(store, Instance(instance_id="1", order_id="A"))
    store.claim("release", owner="me", first_id="1", now=NOW, until=SOON)
    store.keep_done("release", "me", "1", InstanceState.RELEASED)
    store.set_frozen("1", frozen=False)
    assert found(store, "1").state is InstanceState.RELEASED


def test_fifty_parallel_creates_of_one_order_make_one_instance(store):
    """saas-v2 §3.1: same orderId + orderLineId gives the same instanceId and no new instance."""
    seller = Seller(store=store, key=KEY)
    made: list[str] = []
    everybody_is_here, counting = Barrier(PARALLEL), Lock()

    @seller.on(Create)
    def create(command: Create) -> Created:
        with counting:
            made.append(command.business_id)
        return Created(app=APP)

    def one(_: int) -> object:
        command = wire.create("CS1")
        everybody_is_here.wait(waiting.TIMEOUT)
        return ask(seller, command)

    with ThreadPoolExecutor(PARALLEL) as threads:
        outcomes = set(threads.map(one, range(PARALLEL)))
    assert len(made) == 1
    assert outcomes == {Done(instance_id=made[0])}


@pytest.mark.slow
def test_fifty_parallel_creates_in_four_processes_make_one_instance(kind, place, tmp_path):
    import sys

    root = str(Path(__file__).parents[2])
    path = os.pathsep.join((f"{root}/src", root))
    with ExitStack() as running:
        processes = [
            running.enter_context(
                process([sys.executable, "-c", ASK_IN_PARALLEL, kind, place, str(count)], tmp_path, PYTHONPATH=path)
            )
            for count in (13, 13, 12, 12)
        ]
        for started in processes:
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
        for started in processes:
            assert started.stdin is not None
            started.stdin.write("go\n")
            started.stdin.flush()
        said = [line for started in processes for line in started.communicate(timeout=600)[0].splitlines()]
    made = [line.split()[1] for line in said if line.startswith("made ")]
    assert len(made) == 1
    assert [line for line in said if line.startswith("answered ")] == [f"answered {made[0]}"] * PARALLEL


def test_tables_of_the_owner_s_migrations_are_unchanged(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'seller.db'}")
    SQLAlchemyStore(engine, make_tables=False)
    assert sa.inspect(engine).get_table_names() == []
    tables.create_all(engine)
    SQLAlchemyStore(engine)
    assert set(sa.inspect(engine).get_table_names()) == {"tradepost_nonce", "tradepost_work", "tradepost_instance"}


def test_old_nonces_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr("tradepost.kit.sqlalchemy_store.NONCES_BETWEEN_SWEEPS", 3)
    store = SQLAlchemyStore(f"sqlite:///{tmp_path / 'seller.db'}")
    for number in range(3):
        store.nonce_seen(str(number), now=NOW + timedelta(minutes=number), until=SOON + timedelta(minutes=number))
    with store.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM tradepost_nonce")).scalar() == 1


def test_unsupported_database_is_named_at_once():
    engine = sa.create_engine("sqlite://")
    engine.dialect.name = "oracle"
    with pytest.raises(ValueError, match="cannot use oracle; it knows postgresql, mysql, mariadb, sqlite"):
        SQLAlchemyStore(engine)
