"""The databases that a sandbox starts with: the empty one equals the result of the migrations, and is only a shortcut."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.migrated import create_sqlite
from tradepost.cli.template import DEMO_DATABASE, EMPTY_DATABASE
from tradepost.market.seed.products import products

BEGIN = """
import json, sys
from pathlib import Path
from rich.console import Console
from tradepost.cli import migrate, template
from tradepost.cli.opening import open_market
open_market()
from tradepost.market.base import clock, market_identity, migration_state
if sys.argv[2] == "write":
    assert migrate.apply(Console(quiet=True), each=False) == 0
    market_identity.ensure_identity(sandbox=True, now=clock.wall())
    template.write(Path(sys.argv[1]))
print(json.dumps([template.begin(Path(sys.argv[1])), len(migration_state.pending_migrations())]))
"""


def start_market(data: Path, empty: Path, what: str = "begin") -> list[int]:
    """Return whether the market in ``data`` started from ``empty``, and the number of pending migrations."""
    data.mkdir(exist_ok=True)
    foreign = ("TRADEPOST_", "DJANGO_", "DATABASE_URL")
    settings = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    settings |= {"TRADEPOST_DATA": str(data), "DATABASE_URL": ""}
    command = [sys.executable, "-c", BEGIN, str(empty), what]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True, timeout=600)
    told: list[int] = json.loads(done.stdout)
    return told


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return rows + database.execute("SELECT app, name, '', '' FROM django_migrations ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a template, and the market whose migrated database it was made from."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "migrated").mkdir()
    create_sqlite(folder / "migrated" / "tradepost.sqlite3")
    assert start_market(folder / "migrated", folder / "empty.sqlite3", "write") == [False, 0], "it has tables already"
    return folder / "empty.sqlite3", folder / "migrated"


@pytest.mark.slow
def test_copy_equals_the_result_of_the_migrations(made: tuple[Path, Path], tmp_path: Path) -> None:
    empty, migrated = made
    assert start_market(tmp_path / "new", empty) == [True, 0]
    assert schema(tmp_path / "new" / "tradepost.sqlite3") == schema(migrated / "tradepost.sqlite3")
    with closing(sqlite3.connect(tmp_path / "new" / "tradepost.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",), "as every embedded market"


LATEST_OF_ORDERS = "SELECT max(name) FROM django_migrations WHERE app = 'orders'"


@pytest.mark.slow
def test_missing_migrations_are_applied_and_an_unknown_one_invalidates_the_template(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    for name, change, told in (
        ("older", f"DELETE FROM django_migrations WHERE name = ({LATEST_OF_ORDERS}) AND app = 'orders'", [True, 1]),
        ("newer", "INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_later', '')", [False, 0]),
        ("broken", "DROP TABLE django_migrations", [False, 0]),
    ):
        other = tmp_path / f"{name}.sqlite3"
        other.write_bytes(made[0].read_bytes())
        with closing(sqlite3.connect(other)) as database, database:
            database.execute(change)
        began, waiting = start_market(tmp_path / name, other)
        assert began == told[0], name
        assert waiting == told[1] if began else waiting > 30, name
    began, waiting = start_market(tmp_path / "without", tmp_path / "nothing.sqlite3")
    assert (began, waiting > 30) == (False, True)


def test_template_is_not_a_market(made: tuple[Path, Path]) -> None:
    """Issue 25, 4: each sandbox that starts from a copy gets its own market ID."""
    for path in (made[0], EMPTY_DATABASE, DEMO_DATABASE):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert "base_marketidentity" in tables or path != made[0]
            if "base_marketidentity" in tables:
                assert database.execute("SELECT count(*) FROM base_marketidentity").fetchone() == (0,), path


def test_shipped_demo_has_listed_products_and_no_secrets() -> None:
    """Decision 0039. Sealed values have this prefix in every table. Keys are missing completely."""
    assert b"gAAAAA" not in DEMO_DATABASE.read_bytes()
    with closing(sqlite3.connect(f"file:{DEMO_DATABASE}?mode=ro", uri=True)) as database:

        def count(rows: str) -> int:
            return int(database.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])  # texts of the project

        assert count("catalog_product WHERE status = 'on_sale'") == len(products())
        assert count("review_submission WHERE kind = 'publish' AND status = 'approved'") == len(products())
        assert count("identity_signingkey") + count("identity_accesskey") + count("base_workerprocess") == 0
        assert count("identity_domain WHERE token <> ''") == count("django_session") == 0
        assert count("base_event") == count("notifications_notice WHERE read_at IS NULL") == 0
