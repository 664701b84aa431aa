"""Due work: rows that say when they are due, claimed in batches under a lease and recorded in batches.

One mechanism for events, jobs and calls, on PostgreSQL (``FOR UPDATE SKIP LOCKED``) and SQLite (``BEGIN IMMEDIATE``,
which serialises writers, so that the same statements are safe there). Leases are in real time: a sandbox clock that
jumps must not make a living worker's work look abandoned.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connection, models, transaction

from .rows import Statement, aware, moment, run, run_together

if TYPE_CHECKING:
    from collections.abc import Iterable

DatabaseAway = (OperationalError, InterfaceError)
"""What Django raises when the database cannot be reached or hung up: wait and try again, nothing is wrong with the work."""

CHANNEL = "tradepost_due"
"""PostgreSQL NOTIFY channel that wakes workers."""


_FOUND_BY_INDEX: tuple[Statement, ...] = (
    ("SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)", ()),
)
_AS_CONFIGURED: tuple[Statement, ...] = (
    ("SET LOCAL enable_bitmapscan TO DEFAULT", ()),
    ("SET LOCAL enable_seqscan TO DEFAULT", ()),
)


def by_index(*statements: Statement, to_the_end: bool) -> list[list[tuple[Any, ...]]]:
    """Run statements about a batch of rows, and give what each returns; PostgreSQL finds their rows by their indexes.

    Its planner takes each batch for a hundred rows, and what is due for a handful, whatever there is. For two rows it so
    reads all of ten thousand sellers' keys and addresses, and all calls of the last hours: 3 ms of a claim's 4, measured.
    For 256 events after a spike it reads all 20,000 that are due, and sorts them, for each batch.

    ``to_the_end``: so are the rows of whatever follows in this transaction. That is for a transaction of our own, in which
    every statement is about the batch: a claim, a record. Not for one in which others' code runs: a reaction asks what
    only a bitmap of two indexes, or reading a small table, answers well, so that after the outbox took its events the
    planner is free again. Nothing here outlives the transaction, nor its rollback.
    """
    if connection.vendor != "postgresql":
        return run_together(*statements)
    found = run_together(*_FOUND_BY_INDEX, *statements, *(() if to_the_end else _AS_CONFIGURED))
    first = len(_FOUND_BY_INDEX)
    return found[first : first + len(statements)]


OLDEST_FIRST = "ORDER BY due_at, id"
"""Also where any row would do: the planner then goes by the partial index. Without it, it takes what is due for a third of all
that waits, and reads a table of which nothing is due to its end: 10 ms for 20,000 timers, at each step of a clock."""


class State(models.IntegerChoices):
    WAITING = 0, "waiting"
    LEASED = 1, "in flight"
    HELD = 2, "held"
    ENDED = 3, "ended"


class DueWork(models.Model):
    """The columns that make a row claimable. ``attempts`` counts claims."""

    state = models.SmallIntegerField(choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, default=None)
    lease_owner = models.CharField(max_length=64, default="", blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


def due_index(prefix: str) -> models.Index:
    """Partial index of what waits: a claim never looks at ended rows, however many there are."""
    return models.Index(fields=["due_at", "id"], name=f"{prefix}_due", condition=models.Q(state=State.WAITING))


def leased_index(prefix: str) -> models.Index:
    return models.Index(fields=["lease_until"], name=f"{prefix}_leased", condition=models.Q(state=State.LEASED))


def stuck_index(prefix: str) -> models.Index:
    """Of a queue with an ``error`` column: what failed and is tried again."""
    return models.Index(fields=["due_at", "id"], name=f"{prefix}_stuck", condition=~models.Q(error=""))


def lock_due[W: DueWork](model: type[W], *, now: datetime, limit: int, only: models.Q | None = None) -> list[W]:
    """The oldest due rows, locked for this transaction; rows that another worker is claiming are skipped."""
    rows = model._default_manager.filter(only or models.Q(), state=State.WAITING, due_at__lte=now)  # noqa: SLF001
    rows = rows.order_by("due_at", "id")
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])


def lease(model: type[DueWork], ids: Iterable[int], *, owner: str, until: datetime) -> None:
    model._default_manager.filter(pk__in=list(ids)).update(  # noqa: SLF001
        state=State.LEASED, lease_owner=owner, lease_until=until, attempts=models.F("attempts") + 1
    )


def claim[W: DueWork](
    model: type[W],
    *,
    now: datetime,
    wall: datetime,
    limit: int,
    owner: str,
    duration: timedelta,
    only: models.Q | None = None,
) -> list[W]:
    """Lock and lease a batch. Call inside a transaction and commit before working on it."""
    rows = lock_due(model, now=now, limit=limit, only=only)
    if rows:
        lease(model, [row.pk for row in rows], owner=owner, until=wall + duration)
    return rows


def peek(model: type[DueWork], *, now: datetime, only: models.Q | None = None) -> bool:
    """Is anything due? A plain read, so that an idle worker never takes SQLite's write lock."""
    if only is None:  # asked many times a second: the statement is not put together each time
        table = model._meta.db_table  # noqa: SLF001
        return bool(
            run(f"SELECT 1 FROM {table} WHERE state = 0 AND due_at <= %s {OLDEST_FIRST} LIMIT 1", [moment(now)])
        )
    due = model._default_manager.filter(only, state=State.WAITING, due_at__lte=now)  # noqa: SLF001
    return due.order_by("due_at", "id").values_list("pk", flat=True).first() is not None


def until_next(model: type[DueWork], *, now: datetime) -> timedelta | None:
    """How long until the first row that waits is due, not above zero when it is; None when nothing waits."""
    table = model._meta.db_table  # noqa: SLF001
    found = run(f"SELECT due_at FROM {table} WHERE state = 0 ORDER BY due_at, id LIMIT 1", [])
    return aware(found[0][0]) - now if found else None


def expire_leases(model: type[DueWork], owners: Iterable[str], *, wall: datetime) -> int:
    """End the leases of workers known to be dead, so that recovery need not wait for them to run out."""
    rows = model._default_manager.filter(  # noqa: SLF001
        state=State.LEASED, lease_owner__in=list(owners), lease_until__gt=wall
    )
    return rows.update(lease_until=wall)


def abandoned[W: DueWork](model: type[W], *, wall: datetime, limit: int = 1000) -> list[W]:
    """Rows whose lease ran out: their worker died. Locked for this transaction."""
    rows = model._default_manager.filter(state=State.LEASED, lease_until__lte=wall).order_by("lease_until")  # noqa: SLF001
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])


def recover(model: type[DueWork], *, wall: datetime) -> int:
    """Give the work of dead workers back. Returns how many rows."""
    rows = [row.pk for row in abandoned(model, wall=wall)]
    if rows:
        model._default_manager.filter(pk__in=rows).update(  # noqa: SLF001
            state=State.WAITING, lease_until=None, lease_owner=""
        )
    return len(rows)


def wake() -> None:
    """Tell waiting workers that something is due; delivered by PostgreSQL when the transaction commits.

    Once is enough for a transaction. What says that it was done stands among the things to do after the commit, and so
    goes with the notification when a savepoint is rolled back.
    """
    if connection.vendor != "postgresql":
        return
    if connection.in_atomic_block:
        if any(todo[1] is _woken for todo in connection.run_on_commit):
            return
        transaction.on_commit(_woken)
    run(f"NOTIFY {CHANNEL}", [])


def _woken() -> None:
    """Nothing is left to do: PostgreSQL has delivered the notification."""
