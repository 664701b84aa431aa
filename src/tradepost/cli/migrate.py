"""``tradepost migrate``: brings the database to this version, one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

LOCK = 0x7472616465  # "trade": the advisory lock's number, equal on every machine of a market
DIFFERENCES_HEADING = "All migrations are applied, and yet the database is not what this version expects:"
REMEDY = (
    "It was migrated by a version whose migrations were others, restored in part, or changed by hand. Put "
    "back a backup, or bring its data into a fresh market."
)


def migrate() -> None:
    """Bring the database to this version. Safe to run twice, and from several machines at once.

    The first run stores whether the market is a sandbox or a production market.

    Ends with code 1 when the schema differs from this version's although all migrations are applied.
    """
    config = open_market()
    from tradepost.market.base import clock
    from tradepost.market.identity import first_start

    console = terminal.out()
    applied_count = apply(console)
    first_start.ensure_identity(sandbox=config.sandbox, now=clock.wall())
    console.print(
        f"Applied {applied_count} migrations." if applied_count else "The database is at this version already."
    )


def apply(console: Console, *, each: bool = True) -> int:
    """Apply missing migrations and return their number. Progress is a bar on a terminal, elsewhere a line for ``each``.

    Outdated search copies of an earlier version are rebuilt. Needs an open market. Raises ``Refused`` if the database
    then differs from this version's schema, which would otherwise break single pages.
    """
    from tradepost.market.base.django_internals import upgrade_from_0_1
    from tradepost.market.base.migration_state import pending_migrations
    from tradepost.market.base.schema_check import differences
    from tradepost.market.catalog.shelf import refresh_outdated
    from tradepost.market.web import start_checks

    with migration_lock(lambda: console.print("Another process is migrating this database; waiting for it.")):
        start_checks.refuse([start_checks.newer_problem()])
        unapplied_migrations = pending_migrations()
        if unapplied_migrations or upgrade_from_0_1.is_due():
            _apply(console, len(unapplied_migrations), each=each)
        if different := differences():
            raise Refused("cli.schema", "\n  ".join([DIFFERENCES_HEADING, *different, REMEDY]))
        refresh_outdated()
    return len(unapplied_migrations)


def _apply(console: Console, total: int, *, each: bool) -> None:
    from django.core.management import call_command
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    if not console.is_terminal:
        name_printer = _Progress(lambda name: console.print(f"Applying {name}") if each else None)
        call_command("migrate", interactive=False, stdout=name_printer)
        return
    columns = (
        TextColumn("Preparing the database"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)

        def seen(name: str) -> None:
            progress.update(task, description=name, advance=1)

        call_command("migrate", interactive=False, stdout=_Progress(seen))


class _Progress:
    """Replaces the standard output of Django's command and reports the name of each migration."""

    def __init__(self, seen: Callable[[str], None]) -> None:
        self.seen = seen

    def write(self, text: str) -> None:
        start, applying, name = text.partition("  Applying ")
        if applying and not start:
            self.seen(name.strip().rstrip("."))

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


@contextmanager
def migration_lock(on_wait: Callable[[], Any]) -> Iterator[None]:
    """Hold the database's migration lock; ``on_wait`` is called once if another process holds it."""
    from django.db import connection

    holding = _postgresql_lock if connection.vendor == "postgresql" else _file_lock
    with holding(on_wait):
        yield


@contextmanager
def _postgresql_lock(on_wait: Callable[[], Any]) -> Iterator[None]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            on_wait()
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextmanager
def _file_lock(on_wait: Callable[[], Any]) -> Iterator[None]:
    import fcntl

    from tradepost.market.base.config import config

    with (config().data / "migrate.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
