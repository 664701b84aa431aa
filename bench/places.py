"""Environment of a benchmark: temporary folders, a durable PostgreSQL, a separate market."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import machine, migrated, postgres

# The tests' servers lose data at a power failure and never vacuum. A measured server must be durable, and would
# accumulate dead rows without vacuuming.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


class MissingRequirement(Exception):
    """This machine lacks a requirement of the benchmark; the text names it."""


@contextmanager
def folder() -> Iterator[Path]:
    """Provide an empty folder on a real disk, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="tradepost-bench-", ignore_cleanup_errors=True) as path:
        yield Path(path)


MEMORY = Path("/dev/shm")  # noqa: S108  # what is made there is named by nobody else


@contextmanager
def postgresql(*, in_memory: bool = False) -> Iterator[str]:
    """Provide the URL of an empty database on a server with full durability and PostgreSQL's default settings.
    ``in_memory``: keep its files in memory if possible, for benchmarks that pauses of a disk would distort."""
    with postgresql_server(where=MEMORY if in_memory and MEMORY.is_dir() else None) as cluster:
        yield cluster.url


@contextmanager
def postgresql_server(*, where: Path | None = None) -> Iterator[postgres.Cluster]:
    """Provide the same server, with its process."""
    binaries = machine.find_postgres()
    if binaries is None:
        raise MissingRequirement("no PostgreSQL of version 15 or later was found")
    postgres.SETTINGS.update(DURABLE)
    cluster = postgres.start(binaries, where=where)
    try:
        yield cluster
    finally:
        cluster.stop()


def open_market(data: Path, *, database_url: str = "", **settings: object) -> None:
    """Configure a market for this process and its children: migrated, and a sandbox, since sellers are on loopback."""
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
