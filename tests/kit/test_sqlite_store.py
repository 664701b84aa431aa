"""The SQLite store: what survives a restart, what it refuses, and the files that it leaves."""

from __future__ import annotations

import os
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.wire import APP, NOW, Recorder, ask
from tradepost.kit import Instance, InstanceInfo, InstanceState, SQLiteStore
from tradepost.kit.sqlite_store import SCHEMA_VERSION, SCHEMAS
from tradepost.kit.store import BusyClaim, FinishedClaim, GrantedClaim, Nonce
from tradepost.protocols.commands import Done

SOON = NOW + timedelta(seconds=60)


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    return SQLiteStore(tmp_path / "folder" / "seller.db")


def make(store: SQLiteStore, instance: Instance, key: str = "create") -> bool:
    assert store.claim(key, owner="me", first_id=instance.instance_id, now=NOW, until=SOON) == GrantedClaim(
        instance.instance_id
    )
    return store.keep_created(key, "me", instance)


def test_everything_survives_a_restart(tmp_path):
    path = tmp_path / "seller.db"
    before = Recorder(store=path)
    ask(before, wire.create("A", business_id="a"))
    ask(before, wire.create("B", business_id="b"))
    ask(before, wire.refresh("a", NOW + timedelta(days=400)))
    ask(before, wire.freeze("a"))
    ask(before, wire.upgrade("a", "CS3"))
    ask(before, wire.release("b"))
    assert isinstance(before.store, SQLiteStore)
    before.store.close()

    after = Recorder(store=path)
    assert after.store.find("a") == Instance(
        instance_id="a",
        order_id="A",
        order_line_id="A-000001",
        state=InstanceState.FROZEN,
        expires_at=NOW + timedelta(days=400),
        app=APP,
    )
    assert ask(after, wire.create("A")) == Done(instance_id="a")
    assert ask(after, wire.create("B")) == Done(instance_id="b")
    assert ask(after, wire.upgrade("a", "CS3")) == Done()
    assert ask(after, wire.release("b")) == Done()
    assert ask(after, wire.query("a")) == Done(instances=(InstanceInfo(instance_id="a", app=APP),))
    assert after.seen == []


def test_file_is_readable_by_its_owner_only(store):
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_file_of_a_newer_version_is_refused(store):
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(RuntimeError, match="newer Tradepost"):
        SQLiteStore(store.path)


def test_file_of_an_older_version_is_upgraded(tmp_path):
    path = tmp_path / "seller.db"
    connection = sqlite3.connect(path)
    connection.executescript(f"PRAGMA journal_mode = WAL; {SCHEMAS[0]} PRAGMA user_version = 1;")
    connection.execute("INSERT INTO work VALUES ('k', '1', NULL, NULL, 'made')")
    connection.commit()
    connection.close()
    store = SQLiteStore(path)
    assert store.claim_fresh(Nonce("n", SOON), "k", owner="me", first_id="2", now=NOW, until=SOON) == FinishedClaim(
        "made"
    )
    assert SQLiteStore(path).nonce_seen("n", now=NOW, until=SOON)


def test_nonce_is_seen_until_its_time_is_over(store):
    """saas-v2 §2.4."""
    assert not store.nonce_seen("n", now=NOW, until=SOON)
    assert store.nonce_seen("n", now=SOON - timedelta(milliseconds=1), until=SOON)
    assert not store.nonce_seen("n", now=SOON, until=SOON + timedelta(seconds=60))
    assert store.nonce_seen("n", now=SOON, until=SOON)


def test_old_nonces_are_deleted(store, monkeypatch):
    monkeypatch.setattr("tradepost.kit.sqlite_store.NONCES_BETWEEN_SWEEPS", 3)
    for number in range(3):
        store.nonce_seen(str(number), now=NOW + timedelta(minutes=number), until=SOON + timedelta(minutes=number))
    store.close()
    with sqlite3.connect(store.path) as connection:
        kept = connection.execute("SELECT nonce FROM nonce ORDER BY nonce").fetchall()
    connection.close()
    assert kept == [("2",)]


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
    found = store.find("1")
    assert found is not None
    assert found.order_id == "A"


def test_instance_is_found_by_its_license_code_too(store):
    instance = Instance(instance_id="1", order_id="A", license="CODE-1")
    make(store, instance)
    assert store.find("CODE-1") == instance
    assert store.find("") is None


def test_unfreeze_does_not_wake_a_released_instance(store):
    make(store, Instance(instance_id="1", order_id="A"))
    store.claim("release", owner="me", first_id="1", now=NOW, until=SOON)
    store.keep_done("release", "me", "1", InstanceState.RELEASED)
    store.set_frozen("1", frozen=False)
    found = store.find("1")
    assert found is not None
    assert found.state is InstanceState.RELEASED


def test_not_durable_stores_behave_alike(tmp_path):
    store = SQLiteStore(tmp_path / "seller.db", durable=False)
    instance = Instance(instance_id="1", order_id="A", app=APP)
    assert make(store, instance)
    assert store.find("1") == instance


def test_durable_commit_is_flushed_and_a_quick_one_is_not(store, monkeypatch):
    flushed: list[int] = []
    monkeypatch.setattr("tradepost.kit.sqlite_store._flush_file", flushed.append)
    store.nonce_seen("n", now=NOW, until=SOON)
    store.claim("k", owner="me", first_id="1", now=NOW, until=SOON)
    assert len(flushed) == 0
    store.keep_created("k", "me", Instance(instance_id="1", order_id="A"))
    assert len(flushed) == 1


def test_flushed_log_is_the_written_log(store, monkeypatch):
    """SQLite deletes the log with its last connection and creates another: flushing the old one would save nothing."""
    flushed: list[int] = []
    monkeypatch.setattr("tradepost.kit.sqlite_store._flush_file", lambda fd: flushed.append(os.fstat(fd).st_ino))
    log = store.path.with_name(f"{store.path.name}-wal")
    make(store, Instance(instance_id="1", order_id="A"))
    assert flushed == [log.stat().st_ino]
    store._writers.pop().close()
    assert not log.exists()
    make(store, Instance(instance_id="2", order_id="B"), "second")
    assert flushed[1:] == [log.stat().st_ino]
    make(store, Instance(instance_id="3", order_id="C"), "third")
    assert flushed[2:] == [log.stat().st_ino]


def test_forked_child_uses_its_own_connections(store):
    """gunicorn with ``--preload``: the seller is created before the workers are forked."""
    make(store, Instance(instance_id="1", order_id="A"))
    child = os.fork()
    if child == 0:
        ok = make(store, Instance(instance_id="2", order_id="B"), "child")
        os._exit(0 if ok and store.find("1") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.find("2") == Instance(instance_id="2", order_id="B")
    assert make(store, Instance(instance_id="3", order_id="C"), "parent")
