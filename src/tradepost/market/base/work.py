"""Due work: rows with a due time that are claimed in batches under a lease, and whose results are recorded in
batches.

Events, jobs and calls use this mechanism on PostgreSQL (``FOR UPDATE SKIP LOCKED``) and SQLite (``BEGIN IMMEDIATE``,
which serialises writers, so the same statements are safe). Leases use real time: when a sandbox clock jumps, the work
of a running worker must not appear abandoned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connection, models, transaction

from .django_internals.after_commit import runs_after_commit
from .rows import Statement, aware, moment, run, run_together

if TYPE_CHECKING:
    from collections.abc import Iterable

DatabaseUnavailable = (OperationalError, InterfaceError)
"""Django's errors if the database cannot be reached or closed the connection: the worker waits and retries; the work
is not at fault."""

CHANNEL = "tradepost_due"
"""PostgreSQL NOTIFY channel that wakes workers."""


_FORCE_INDEXES: tuple[Statement, ...] = (
    ("SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)", ()),
)
_RESTORE_PLANNER: tuple[Statement, ...] = (
    ("SET LOCAL enable_bitmapscan TO DEFAULT", ()),
    ("SET LOCAL enable_seqscan TO DEFAULT", ()),
)


def by_index(*statements: Statement, to_the_end: bool) -> list[list[tuple[Any, ...]]]:
    """Run statements about a batch of rows, and return the rows of each. PostgreSQL is made to use indexes.

    Its planner assumes a hundred rows for any batch, and a handful for what is due. For two rows it reads the keys
    and addresses of all ten thousand sellers, and all calls of the last hours: 3 of a claim's 4 ms, measured. For 256
    events after a spike it reads all 20,000 that are due, and sorts them, for each batch.

    ``to_the_end``: keep the planner settings for the rest of the transaction. Use it only if every statement is about
    the batch: a claim, a record. Reactions run other queries, which may need a bitmap of two indexes or a scan of a
    small table, so the outbox restores the settings after taking its events. The settings never outlive the
    transaction."""
    if connection.vendor != "postgresql":
        return run_together(*statements)
    results = run_together(*_FORCE_INDEXES, *statements, *(() if to_the_end else _RESTORE_PLANNER))
    prefix_length = len(_FORCE_INDEXES)
    return results[prefix_length : prefix_length + len(statements)]


OLDEST_FIRST = "ORDER BY due_at, id"
"""Also used if any row would do, because the planner then uses the partial index.

Without it, the planner assumes that a third of the waiting rows is due, and scans a table in which nothing is due: 10
ms for 20,000 timers, at each step of a clock."""


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
    """Return a partial index of waiting rows, so that claims skip ended rows."""
    return models.Index(fields=["due_at", "id"], name=f"{prefix}_due", condition=models.Q(state=State.WAITING))


def leased_index(prefix: str) -> models.Index:
    return models.Index(fields=["lease_until"], name=f"{prefix}_leased", condition=models.Q(state=State.LEASED))


def stuck_index(prefix: str) -> models.Index:
    """Return an index of failed rows that are retried, for a queue with an ``error`` column."""
    return models.Index(fields=["due_at", "id"], name=f"{prefix}_stuck", condition=~models.Q(error=""))


def lock_due[W: DueWork](model: type[W], *, now: datetime, limit: int, only: models.Q | None = None) -> list[W]:
    """Return the oldest due rows, locked for this transaction; rows that another worker has locked are skipped."""
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
    """Lock and lease a batch. Call it in a transaction, and commit before starting the work."""
    rows = lock_due(model, now=now, limit=limit, only=only)
    if rows:
        lease(model, [row.pk for row in rows], owner=owner, until=wall + duration)
    return rows


def peek(model: type[DueWork], *, now: datetime, only: models.Q | None = None) -> bool:
    """Return whether anything is due. A plain read, so that an idle worker never takes SQLite's write lock."""
    if only is None:  # run often, so the statement is not compiled by the ORM
        table = model._meta.db_table  # noqa: SLF001
        return bool(
            run(f"SELECT 1 FROM {table} WHERE state = 0 AND due_at <= %s {OLDEST_FIRST} LIMIT 1", [moment(now)])
        )
    due_rows = model._default_manager.filter(only, state=State.WAITING, due_at__lte=now)  # noqa: SLF001
    return due_rows.order_by("due_at", "id").values_list("pk", flat=True).first() is not None


def until_next(model: type[DueWork], *, now: datetime) -> timedelta | None:
    """Return the time until the first waiting row is due, zero or negative if it is due; None if nothing waits."""
    table = model._meta.db_table  # noqa: SLF001
    records = run(f"SELECT due_at FROM {table} WHERE state = 0 ORDER BY due_at, id LIMIT 1", [])
    return aware(records[0][0]) - now if records else None


def expire_leases(model: type[DueWork], owners: Iterable[str], *, wall: datetime) -> int:
    """Expire the leases of workers known to be dead, so that recovery need not wait."""
    rows = model._default_manager.filter(  # noqa: SLF001
        state=State.LEASED, lease_owner__in=list(owners), lease_until__gt=wall
    )
    return rows.update(lease_until=wall)


def abandoned[W: DueWork](model: type[W], *, wall: datetime, limit: int = 1000) -> list[W]:
    """Return the rows whose lease ran out because their worker died, locked for this transaction."""
    rows = model._default_manager.filter(state=State.LEASED, lease_until__lte=wall).order_by("lease_until")  # noqa: SLF001
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])


def recover(model: type[DueWork], *, wall: datetime) -> int:
    """Release the work of dead workers. Return the number of rows."""
    rows = [row.pk for row in abandoned(model, wall=wall)]
    if rows:
        model._default_manager.filter(pk__in=rows).update(  # noqa: SLF001
            state=State.WAITING, lease_until=None, lease_owner=""
        )
    return len(rows)


def wake() -> None:
    """Notify waiting workers that something is due; PostgreSQL delivers the notification when the transaction
    commits.

    One notification per transaction is enough. A marker among the on-commit callbacks shows that it was sent; rolling
    back a savepoint removes both."""
    if connection.vendor != "postgresql":
        return
    if connection.in_atomic_block:
        if runs_after_commit(_woken):
            return
        transaction.on_commit(_woken)
    run(f"NOTIFY {CHANNEL}", [])


def _woken() -> None:
    """Marker without an effect: PostgreSQL has delivered the notification."""
