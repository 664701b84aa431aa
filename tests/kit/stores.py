"""Each kind of store on its own empty database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import new_database
from tradepost.kit import SQLiteStore, Store
from tradepost.kit.sqlalchemy_store import SQLAlchemyStore, tables

MYSQL = os.environ.get("TRADEPOST_TEST_MYSQL_URL", "")
KINDS = [
    "sqlite3",
    "sqlalchemy-sqlite",
    pytest.param("sqlalchemy-postgres", marks=pytest.mark.postgres),
    *(["sqlalchemy-mysql"] if MYSQL else []),
]


def open_store(kind: str, place: str) -> Store:
    return SQLiteStore(place) if kind == "sqlite3" else SQLAlchemyStore(place)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, tmp_path: Path) -> str:
    """An empty database."""
    match kind:
        case "sqlite3":
            return str(tmp_path / "seller.db")
        case "sqlalchemy-sqlite":
            return f"sqlite:///{tmp_path / 'seller.db'}"
        case "sqlalchemy-postgres":
            worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
            return new_database(f"kit_{worker}").replace("postgresql://", "postgresql+psycopg://")
        case _:
            engine = sa.create_engine(MYSQL)
            tables.drop_all(engine)
            engine.dispose()
            return MYSQL


@pytest.fixture
def store(kind: str, place: str) -> Iterator[Store]:
    made = open_store(kind, place)
    yield made
    if isinstance(made, SQLAlchemyStore):
        made.engine.dispose()
