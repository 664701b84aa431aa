"""A migrated database to begin tests with: made once for the migrations that stand, then copied.

To apply all migrations takes a dozen seconds of processor, and every worker of every run, and each program that tests start, would
do it again. SQLite's is the one that ``make`` made for new sandboxes, if no migration is younger; PostgreSQL's is kept as a dump.
The key of what is kept under ``.cache/test-databases`` holds whatever it is made from, so that a changed migration makes a new one.
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

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/test-databases"
MAKING, TEMPLATE = "being_migrated", "migrated"
MIGRATIONS = ROOT / "src/tradepost/market"
HERE = "import django; django.setup(); from tests.migrated import migrate_here; migrate_here()"


def migrate_here() -> None:
    """Bring the empty database of this process's market to the present. Needs Django to be set up."""
    from django.db import connection

    from tradepost.cli import template
    from tradepost.market.base.migration_state import unapplied

    if connection.vendor == "postgresql" and not connection.introspection.table_names():
        with _lock(of="dump"):
            _restore_or_migrate(_url_of(connection.settings_dict))
        return
    if _is_younger(template.EMPTY):  # looks itself whether the database is empty, and SQLite's
        template.begin(template.EMPTY)
    if unapplied():
        _apply()


def begin_sqlite(file: Path) -> None:
    """Put a migrated database where a test's should be."""
    kept = CACHE / f"{_key()}.sqlite3"
    with _lock(of="copy"):
        if not kept.is_file():
            for old in CACHE.glob("*.sqlite3"):
                old.unlink()
            _make_sqlite(kept)
    shutil.copyfile(kept, file)
    file.chmod(0o600)  # as a market makes it


def begin_postgres(name: str) -> str:
    """The same on the server of this run, which keeps the first one as a template for the others; its URL."""
    with _lock(of="server"):
        if not postgres.exists(TEMPLATE):
            with tempfile.TemporaryDirectory() as folder:
                _in_a_process(folder, postgres.new_database(MAKING))
            postgres.rename(MAKING, TEMPLATE)
        return postgres.new_database(name, template=TEMPLATE)


@contextmanager
def _lock(of: str) -> Iterator[None]:
    """Of several workers the first makes it, and the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / of).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _key() -> str:
    """Of all that migrations are made of: ours, and the packages that bring their own."""
    digest = hashlib.sha256()
    ours = sorted(MIGRATIONS.glob("**/migrations/*.py"))
    written = [MIGRATIONS / "identity/first_agreements.py", MIGRATIONS / "catalog/first_categories.py"]
    texts = [*written, ROOT / "src/tradepost/market/settings.py"]
    for path in [*ours, *texts, ROOT / "requirements/dev.txt"]:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _make_sqlite(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _in_a_process(folder, "")
        made = target.with_suffix(".new")
        shutil.copyfile(Path(folder) / "tradepost.sqlite3", made)
        made.replace(target)


def _in_a_process(folder: str, database: str) -> None:
    """``migrate_here`` for another database than this process's."""
    own = {"TRADEPOST_DATA": folder, "TRADEPOST_DATABASE_URL": database, "TRADEPOST_SANDBOX": "true"}
    subprocess.run([sys.executable, "-c", HERE], env=os.environ | own, cwd=ROOT, check=True)


def _restore_or_migrate(url: str) -> None:
    """By the dump, which the first one leaves behind; without PostgreSQL's own two programs by the migrations."""
    dump, psql, kept = shutil.which("pg_dump"), shutil.which("psql"), CACHE / f"{_key()}.sql"
    if psql and kept.is_file():
        once = ["-qX1o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", str(kept), url]
        subprocess.run([psql, *once], check=True)
        return
    _apply()
    if dump and psql:
        for old in CACHE.glob("*.sql"):
            old.unlink()
        made = kept.with_suffix(".new")
        subprocess.run([dump, "--no-owner", "-f", str(made), url], check=True)
        made.replace(kept)


def _apply() -> None:
    """As ``tradepost migrate`` does it: on a machine that kept nothing yet, CI's say, that proves the command from nothing."""
    from rich.console import Console

    from tradepost.cli.migrate import apply

    apply(Console(quiet=True), each=False)


def _is_younger(template: Path) -> bool:
    """Than every migration, as make would have it."""
    made = [path.stat().st_mtime for path in MIGRATIONS.glob("**/migrations/*.py")]
    return template.is_file() and template.stat().st_mtime >= max(made)


def _url_of(settings: Mapping[str, Any]) -> str:
    return f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
