"""Provide a migrated database for tests: created once per state of the migrations, then copied.

Applying all migrations takes a dozen seconds of processor time, and every worker and every started program would repeat
it. For SQLite, the file that ``make`` created for new sandboxes is used, unless a migration is newer. For PostgreSQL, a
dump is kept. The files under ``.cache/test-databases`` are named by a hash of their sources, so a changed migration
creates a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import postgres, waiting

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/test-databases"
MAKING, TEMPLATE = "being_migrated", "migrated"
MIGRATIONS = ROOT / "src/tradepost/market"
FIRST_ROWS = ("identity/first_agreements.py", "catalog/first_categories.py", "catalog/first_synonyms.py")
MIGRATE_PROGRAM = "import django; django.setup(); from tests.migrated import migrate_here; migrate_here()"


def migrate_here() -> None:
    """Migrate the empty database of this process's market. Needs Django to be set up."""
    from django.db import connection

    from tradepost.cli import template
    from tradepost.market.base.migration_state import pending_migrations

    if connection.vendor == "postgresql" and not connection.introspection.table_names():
        with _lock(of="dump"):
            _restore_or_migrate(_url_of(connection.settings_dict))
        return
    if _is_up_to_date(template.EMPTY_DATABASE):  # checks whether the database is empty and is SQLite
        template.begin(template.EMPTY_DATABASE)
    if pending_migrations():
        _apply()


def create_sqlite(file: Path) -> None:
    """Copy a migrated database to the path of a test's database."""
    cached = CACHE / f"{_key()}.sqlite3"
    with _lock(of="copy"):
        if not cached.is_file():
            for old in CACHE.glob("*.sqlite3"):
                old.unlink()
            _make_sqlite(cached)
    shutil.copyfile(cached, file)
    file.chmod(0o600)  # as a market creates it


def create_postgres(name: str) -> str:
    """Create a migrated database on the server of this run and return its URL. The first one becomes the template of
    the others."""
    with _lock(of="server"):
        if not postgres.exists(TEMPLATE):
            with tempfile.TemporaryDirectory() as folder:
                _migrate_in_process(folder, postgres.new_database(MAKING))
            postgres.rename(MAKING, TEMPLATE)
        return postgres.new_database(name, template=TEMPLATE)


@contextmanager
def _lock(of: str) -> Iterator[None]:
    """Let one worker create the database while the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / of).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _key() -> str:
    """Return a hash of everything that migrations depend on: our own and the packages that have migrations."""
    digest = hashlib.sha256()
    for path in [*_migrations(), MIGRATIONS / "settings.py", ROOT / "requirements/dev.txt"]:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _migrations() -> list[Path]:
    """Return the migrations, and the modules whose rows they insert."""
    return sorted([*MIGRATIONS.glob("**/migrations/*.py"), *(MIGRATIONS / name for name in FIRST_ROWS)])


def _make_sqlite(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _migrate_in_process(folder, "")
        partial = target.with_suffix(".new")
        shutil.copyfile(Path(folder) / "tradepost.sqlite3", partial)
        partial.replace(target)


def _migrate_in_process(folder: str, database: str) -> None:
    """Run ``migrate_here`` in a process with another database."""
    own = {"TRADEPOST_DATA": folder, "TRADEPOST_DATABASE_URL": database, "TRADEPOST_SANDBOX": "true"}
    subprocess.run(
        [sys.executable, "-c", MIGRATE_PROGRAM],
        env=os.environ | own,
        cwd=ROOT,
        check=True,
        timeout=waiting.PROGRAM_TIMEOUT,
    )


def _restore_or_migrate(url: str) -> None:
    """Restore the dump if there is one. Otherwise apply the migrations and create the dump, if ``pg_dump`` and ``psql``
    exist."""
    dump, psql, cached = shutil.which("pg_dump"), shutil.which("psql"), CACHE / f"{_key()}.sql"
    if psql and cached.is_file():
        options = ["-qX1o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", str(cached), url]
        subprocess.run([psql, *options], check=True, timeout=waiting.PROGRAM_TIMEOUT)
        return
    _apply()
    if dump and psql:
        for old in CACHE.glob("*.sql"):
            old.unlink()
        partial = cached.with_suffix(".new")
        subprocess.run([dump, "--no-owner", "-f", str(partial), url], check=True, timeout=waiting.PROGRAM_TIMEOUT)
        partial.replace(cached)


def _apply() -> None:
    """Apply the migrations as ``tradepost migrate`` does. Without a cache, as in CI, this tests the command on an empty
    database."""
    from rich.console import Console

    from tradepost.cli.migrate import apply

    apply(Console(quiet=True), each=False)


def _is_up_to_date(template: Path) -> bool:
    """Return whether the template is newer than every migration, as make decides it."""
    return template.is_file() and template.stat().st_mtime >= max(path.stat().st_mtime for path in _migrations())


def _url_of(settings: Mapping[str, Any]) -> str:
    return f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
