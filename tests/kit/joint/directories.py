"""Each kind of directory, empty, and the calls of the tests of joint operation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.kit.stores import MYSQL
from tests.postgres import new_database
from tradepost.kit.joint import (
    Application,
    ClientSecrets,
    Directory,
    MemoryDirectory,
    SQLiteDirectory,
    Tenant,
    TenantDepartment,
    User,
)
from tradepost.kit.joint.sqlalchemy_directory import SQLAlchemyDirectory, tables
from tradepost.kit.keypair import KeyPair, make_pair
from tradepost.protocols.client_secret import encrypt
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncedUser, SyncFlag, SyncTenant

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KINDS = [
    "memory",
    "sqlite3",
    "sqlalchemy-sqlite",
    pytest.param("sqlalchemy-postgres", marks=pytest.mark.postgres),
    *(["sqlalchemy-mysql"] if MYSQL else []),
]


def open_directory(kind: str, place: str) -> Directory:
    match kind:
        case "memory":
            return MemoryDirectory()
        case "sqlite3":
            return SQLiteDirectory(place)
        case "sqlalchemy-sqlite":
            engine = sa.create_engine(place)
            # Waits for the disk would be most of the time of these tests.
            sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
            return SQLAlchemyDirectory(engine)
        case _:
            return SQLAlchemyDirectory(place)


@pytest.fixture(params=KINDS)
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Directory]:
    kind = str(request.param)
    place = str(tmp_path / "directory.db")
    if kind == "sqlalchemy-sqlite":
        place = f"sqlite:///{place}"
    elif kind == "sqlalchemy-postgres":
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        place = new_database(f"joint_{worker}").replace("postgresql://", "postgresql+psycopg://")
    elif kind == "sqlalchemy-mysql":
        place = MYSQL
        engine = sa.create_engine(MYSQL)
        tables.drop_all(engine)
        engine.dispose()
    made = open_directory(kind, place)
    yield made
    if isinstance(made, SQLAlchemyDirectory):
        made.engine.dispose()


@cache
def key_pair() -> KeyPair:
    """Return one for a test run: creating a key takes half a second."""
    return make_pair()


def secrets() -> ClientSecrets:
    return ClientSecrets(key_pair().private)


def tenant(
    *,
    instance: str = "i1",
    tenant_id: str = "t1",
    domain: str = "https://acme.example.com",
    flag: SyncFlag = SyncFlag.ADD,
) -> SyncTenant:
    return SyncTenant(
        instance_id=instance, tenant_id=tenant_id, tenant_code=f"code-{tenant_id}", name=f"Enterprise {tenant_id}",
        domain_name=domain, flag=flag,
    )  # fmt: skip


def application(
    *, instance: str = "i1", tenant_id: str = "t1", app_id: str = "a1", client_id: str = "client-1",
    secret: str = "client secret", flag: SyncFlag = SyncFlag.ADD,
) -> SyncApplication:  # fmt: skip
    return SyncApplication(
        instance_id=instance, tenant_id=tenant_id, app_id=app_id, client_id=client_id,
        encrypted_secret=encrypt(secret, key_pair().public), flag=flag,
    )  # fmt: skip


def person(user_name: str = "zhang01", *, admin: bool = False, enabled: bool = True) -> SyncedUser:
    return SyncedUser(user_name=user_name, name=f"Name of {user_name}", org_code="D1", admin=admin, enabled=enabled)


def users(
    *people: SyncedUser, instance: str = "i1", tenant_id: str = "t1", app_id: str = "a1", flag: SyncFlag = SyncFlag.ADD
) -> SyncAuth:
    return SyncAuth(instance_id=instance, tenant_id=tenant_id, app_id=app_id, users=people, synced_at=NOW, flag=flag)


class PlainSecrets(ClientSecrets):
    """For tests of rows: store secrets without decrypting them."""

    def received(self, encrypted: str) -> str:
        return encrypted


def all_rows(kept: Directory) -> dict[str, list[object]]:
    return {kind.__name__: list(kept.rows(kind)) for kind in (Tenant, Application, User, TenantDepartment)}
