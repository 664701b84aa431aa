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

LOCK = 0x7472616465  # "trade": the advisory lock's number, the same on every machine of a market
DIFFERENT = "All migrations are applied, and yet the database is not what this version expects:"
REMEDY = (
    "It was migrated by a version whose migrations were others, restored in part, or changed by hand. Put "
    "back a backup, or bring its data into a fresh market."
)


def migrate() -> None:
    """Bring the database to this version. Safe to run twice, and from several machines at once.

    The first run stores whether the market is a sandbox or a production market.

    Ends with code 1 when the database is not what this version expects although every migration is applied.
    """
    config = open_market()
    from tradepost.market.base import clock, market_identity

    console = terminal.out()
    applied = apply(console)
    market_identity.remember(sandbox=config.sandbox, now=clock.wall())
    console.print(f"Applied {applied} migrations." if applied else "The database is at this version already.")


def apply(console: Console, *, each: bool = True) -> int:
    """Apply what is missing, showing progress: a bar on a terminal, elsewhere a line for ``each``.

    Returns how many migrations that were. What was made by an earlier version and is only a copy for searches is made anew.
    Needs an open market. Raises ``Refused`` when the database then is not what this
    version expects, which pages would find out one by one.
    """
    from tradepost.market.base.migration_state import unapplied
    from tradepost.market.base.schema_check import differences
    from tradepost.market.catalog.shelf import refresh_outdated
    from tradepost.market.web import start_checks

    with one_at_a_time(lambda: console.print("Another process is migrating this database; waiting for it.")):
        start_checks.refuse([start_checks.newer_problem()])
        waiting = unapplied()
        if waiting:
            _apply(console, len(waiting), each=each)
        if different := differences():
            raise Refused("cli.schema", "\n  ".join([DIFFERENT, *different, REMEDY]))
        refresh_outdated()
    return len(waiting)


def _apply(console: Console, total: int, *, each: bool) -> None:
    from django.core.management import call_command
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    if not console.is_terminal:
        say = _Progress(lambda name: console.print(f"Applying {name}") if each else None)
        call_command("migrate", interactive=False, stdout=say)
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
    """Stands in for the standard output of Django's command and picks out the name of each migration it begins."""

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
def one_at_a_time(on_wait: Callable[[], Any]) -> Iterator[None]:
    """Hold the database's migration lock; ``on_wait`` is called once when another process has it."""
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
