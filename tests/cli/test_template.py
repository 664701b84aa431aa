"""The empty database that a sandbox begins with is the one that migrations make, and only ever a shortcut."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

BEGIN = """
import json, sys
from pathlib import Path
from rich.console import Console
from tradepost.cli import migrate, template
from tradepost.cli.opening import open_market
open_market()
if sys.argv[2] == "write":
    migrate.apply(Console(quiet=True), each=False)
    template.write(Path(sys.argv[1]))
print(json.dumps([template.begin(Path(sys.argv[1])), len(migrate.unapplied())]))
"""


def begin(data: Path, empty: Path, what: str = "begin") -> list[int]:
    """Whether the market in ``data`` began with ``empty``, and how many migrations wait after that."""
    data.mkdir(exist_ok=True)
    foreign = ("TRADEPOST_", "DJANGO_", "DATABASE_URL")
    settings = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    settings |= {"TRADEPOST_DATA": str(data), "DATABASE_URL": ""}
    command = [sys.executable, "-c", BEGIN, str(empty), what]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True, timeout=60)
    told: list[int] = json.loads(done.stdout)
    return told


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        return rows + database.execute("SELECT app, name, '', '' FROM django_migrations ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A template, and the market whose migrated database it was made from."""
    folder = tmp_path_factory.mktemp("template")
    assert begin(folder / "migrated", folder / "empty.sqlite3", "write") == [False, 0], "it has tables already"
    return folder / "empty.sqlite3", folder / "migrated"


@pytest.mark.slow
def test_a_copy_is_what_migrations_make_and_nothing_waits(made: tuple[Path, Path], tmp_path: Path) -> None:
    empty, migrated = made
    assert begin(tmp_path / "new", empty) == [True, 0]
    assert schema(tmp_path / "new" / "tradepost.sqlite3") == schema(migrated / "tradepost.sqlite3")
    with closing(sqlite3.connect(tmp_path / "new" / "tradepost.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",), "as every embedded market"


LATEST_OF_ORDERS = "SELECT max(name) FROM django_migrations WHERE app = 'orders'"


@pytest.mark.slow
def test_what_the_template_lacks_is_migrated_and_what_is_unknown_makes_it_useless(
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
        began, waiting = begin(tmp_path / name, other)
        assert began == told[0], name
        assert waiting == told[1] if began else waiting > 30, name
    began, waiting = begin(tmp_path / "without", tmp_path / "nothing.sqlite3")
    assert (began, waiting > 30) == (False, True)
