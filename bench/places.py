"""Where a benchmark works: throw-away folders, a PostgreSQL that keeps its promises, a market of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import machine, migrated, postgres

# The servers of tests forget everything at a power cut, and never tidy up; what is measured here has to survive one, and runs
# long enough that what is never tidied up would be most of what is measured.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


class NotHere(Exception):
    """This machine lacks what the question needs; the text says what."""


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder on a real disk, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-", ignore_cleanup_errors=True) as path:
        yield Path(path)


MEMORY = Path("/dev/shm")  # noqa: S108  # what is made there is named by nobody else


@contextmanager
def postgresql(*, in_memory: bool = False) -> Iterator[str]:
    """The URL of an empty database on a server with full durability and otherwise PostgreSQL's own settings. ``in_memory``, where
    this machine can: its files are on no disk, for questions that the pauses of a disk would drown."""
    with postgresql_server(where=MEMORY if in_memory and MEMORY.is_dir() else None) as cluster:
        yield cluster.url


@contextmanager
def postgresql_server(*, where: Path | None = None) -> Iterator[postgres.Cluster]:
    """The same, with its process."""
    binaries = machine.find_postgres()
    if binaries is None:
        raise NotHere("no PostgreSQL of version 15 or later was found")
    postgres.SETTINGS.update(DURABLE)
    cluster = postgres.start(binaries, where=where)
    try:
        yield cluster
    finally:
        cluster.stop()


def open_market(data: Path, *, database_url: str = "", **settings: object) -> None:
    """Make this process and the children it starts one market: migrated, a sandbox since sellers are on loopback."""
    for name in [n for n in os.environ if n.startswith("TRADEPOST_")] + ["DATABASE_URL", "PORT"]:
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": str(data),
        "TRADEPOST_DATABASE_URL": database_url,
        "TRADEPOST_SANDBOX": "true",
        "TRADEPOST_SECRET_KEY": "a key that only benchmarks use, long enough for the signer",
        "TRADEPOST_LOG_LEVEL": "WARNING",
        **{f"TRADEPOST_{name.upper()}": str(value) for name, value in settings.items()},
    }
    import django

    django.setup()
    migrated.migrate_here()
