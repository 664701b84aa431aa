"""Retention: contexts declare rules for deleting or clearing old rows, and a nightly timer applies them.

A night applies the rules in order. It finds old rows by a binary search over the primary key, which grows with time,
so no index on a time is needed. They are processed in batches of keys, one transaction each. The progress is stored
in the same transaction: if a worker is killed, one batch is lost, and the next run continues from there.

A batch also checks each row's time, so no newer row is affected even if keys and times are in different orders. Rows
that are spared because they are still needed are checked again each month, when a pass begins at the first row. If no
row has to go, one transaction checks several batches.

Rows without such a key, and rows that are aggregated instead of deleted, have a ``Sweep``, which finds its own
rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import structlog
from django.db import connection
from django.db.models import Model, Q, QuerySet
from msgspec import Struct, field

from . import jobs
from .models import Job, Move
from .pk_times import next_row
from .values import as_dict, replace

log = structlog.get_logger(__name__)

NIGHTLY = "base.retention"
KEY = "nightly"
BATCH = 5_000
MAX_CHECKED_BATCHES = 5
"""Batches that a transaction checks if no row has to go, as is usual in a pass from the first row."""
BATCH_PAUSE = timedelta(milliseconds=100)
"""Delay between two batches, so that reactions and other timers can run."""
LATE_AFTER = timedelta(hours=1)
"""A run overdue by more than this is late: no worker runs, or it fails."""
MAX_COUNTED_ROWS = 100_000
"""From this number of rows, PostgreSQL's estimate is shown, because counting millions takes seconds."""


class Rule(Struct, frozen=True, kw_only=True):
    """Which rows of a model are deleted once they are older than a setting.

    ``when``: the column with a row's time. ``setting``: the setting with the number of days; 0 keeps rows for ever.
    ``only``: the rows that the rule covers. ``needed``: rows among them that must stay for now, regardless of age.
    ``emptied``: columns to set instead of deleting the row. ``sparse``: the rule covers few of all rows, and an index
    finds them by key."""

    name: str
    model: type[Model]
    when: str
    setting: str
    only: Q = field(default_factory=Q)
    needed: Q | None = None
    emptied: Mapping[str, Any] = field(default_factory=dict)
    sparse: bool = False

    def rows(self) -> QuerySet[Model]:
        return self.model._default_manager.order_by("pk")  # noqa: SLF001

    def old(self, before: datetime) -> QuerySet[Model]:
        """Return the rows to process: older than ``before`` and not needed."""
        old_rows = self.rows().filter(self.only, **{f"{self.when}__lt": before})
        return old_rows if self.needed is None else old_rows.exclude(self.needed)


class Sweep(Struct, frozen=True, kw_only=True):
    """Rows of a model that ``work`` processes in the caller's transaction: a batch or all.

    ``work`` takes the time before which rows are old, and returns how many it removed. ``of_real_time``: their age
    does not follow a sandbox's clock. ``setting``: as in a rule."""

    name: str
    model: type[Model]
    setting: str
    work: Callable[[datetime], int]
    of_real_time: bool = False


type Rules = Sequence[Rule | Sweep]


def old_moves(*staying: str) -> Rule:
    """Return the rule for the history of lifecycles. Histories named ``staying`` are kept as long as their
    subjects."""
    return Rule(
        name="moves", model=Move, when="at", setting="keep_moves_days", only=~Q(lifecycle__in=staying)
    )  # fmt: skip


class Progress(Struct, frozen=True):
    """The progress of a night; the payload of its timer. ``rule`` is empty between two nights."""

    rule: str = ""
    until: int = 0
    """The last key that this night processes for ``rule``."""
    settled: Mapping[str, int] = field(default_factory=dict)
    """By rule, the key up to which all rows are processed."""
    month: str = ""
    """The month in which a pass last began at the first row."""


def clean(
    rules: Rules, keep: Mapping[str, int], progress: Progress, *, now: datetime, wall: datetime, batch: int = BATCH
) -> Progress:
    """Continue a night: process one batch in the caller's transaction. ``keep``: days by setting.

    Return the progress; its ``rule`` is empty when the night is complete."""
    if not progress.rule and progress.month != f"{now:%Y-%m}":
        progress = Progress(month=f"{now:%Y-%m}")
    names = [rule.name for rule in rules]
    first_index = names.index(progress.rule) if progress.rule in names else 0
    batches_left = MAX_CHECKED_BATCHES
    for rule in rules[first_index:]:
        if not keep[rule.setting]:
            continue
        kept_for = timedelta(days=keep[rule.setting])
        if isinstance(rule, Sweep):
            if changed_count := rule.work((wall if rule.of_real_time else now) - kept_for):
                log.info("retention", rule=rule.name, changed=changed_count)
                return replace(progress, rule=rule.name, until=0)
            continue
        before = now - kept_for
        after = progress.settled.get(rule.name, 0)
        until = progress.until if rule.name == progress.rule else last_older(rule, before, after=after)
        while after < until and (last_key := _last_of_batch(rule, after=after, until=until, batch=batch)) is not None:
            changed_count, batches_left, after = (
                _work_off(rule, before, after=after, last=last_key),
                batches_left - 1,
                last_key,
            )
            progress = replace(progress, rule=rule.name, until=until, settled={**progress.settled, rule.name: last_key})
            if changed_count or not batches_left:
                return progress
    return replace(progress, rule="", until=0)


def last_older(rule: Rule, before: datetime, *, after: int = 0) -> int:
    """Return the key of the last row beyond the key ``after`` that is older than ``before``; ``after`` if the next
    row is not.

    Assumes that keys grow with time. If rows are out of order, the result is the end of some range of old rows."""
    first_row = next_row(rule.model, rule.when, after + 1)
    if first_row is None or first_row[1] >= before:  # usually: one query, and the night is complete
        return after
    low: int = first_row[0]
    high: int = rule.rows().values_list("pk", flat=True).last() or low
    while low < high:
        middle = (low + high + 1) // 2
        row = next_row(rule.model, rule.when, middle)
        if row is None or row[1] >= before:
            high = middle - 1
        else:
            low = row[0]
    return low


def _last_of_batch(rule: Rule, *, after: int, until: int, batch: int) -> int | None:
    """Return the last key of a batch beyond the key ``after``; None if there is no row up to ``until``.

    A batch is a range of keys from the first row on, some of which may be deleted: counting rows would read all of
    them."""
    remaining_rows = rule.rows().filter(rule.only if rule.sparse else Q(), pk__gt=after, pk__lte=until)
    first_key: int | None = remaining_rows.values_list("pk", flat=True).first()
    return None if first_key is None else min(first_key + batch - 1, until)


def _work_off(rule: Rule, before: datetime, *, after: int, last: int) -> int:
    """Process the old rows up to the key ``last``. Return how many changed."""
    old_rows = rule.old(before).filter(pk__gt=after, pk__lte=last).order_by()
    if not rule.emptied and not old_rows.exists():
        return 0  # Django would query the related rows first
    changed_count = old_rows.update(**rule.emptied) if rule.emptied else old_rows.delete()[0]
    if changed_count:
        log.info("retention", rule=rule.name, up_to=last, changed=changed_count)
    return changed_count


def night_after(now: datetime, *, at: time, zone: tzinfo, heading_for: datetime | None = None) -> datetime:
    """Return the next night: the time ``at`` in the market's zone.

    If a sandbox's clock skips nights on its way to ``heading_for``, only the last one is processed."""
    night = _night(now, at, zone)
    if heading_for is not None:
        night = max(night, _night(heading_for - timedelta(days=1), at, zone))
    return night


def _night(now: datetime, at: time, zone: tzinfo) -> datetime:
    local = now.astimezone(zone)
    night = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (night if night > local else night + timedelta(days=1)).astimezone(now.tzinfo)


def schedule(due_at: datetime) -> None:
    """Schedule the nightly timer unless it exists."""
    jobs.schedule(NIGHTLY, KEY, due_at=due_at)


def continue_night(
    rules: Rules, keep: Mapping[str, int], payload: Mapping[str, Any], *, now: datetime, wall: datetime
) -> bool:
    """Process the next batch of the night in the transaction that locks its timer. Return whether there is more to
    do."""
    progress = clean(rules, keep, Progress(**payload), now=now, wall=wall)
    Job.objects.filter(kind=NIGHTLY, key=KEY).update(payload=as_dict(progress))
    return bool(progress.rule)


class TableSize(Struct, frozen=True):
    """How many rows a rule's table has. ``rows`` counts the whole table; ``exact`` unless it is an estimate."""

    rule: Rule | Sweep
    rows: int
    exact: bool
    since: datetime | None
    """The time of the oldest row that the rule has not processed; None if there is none, or for a sweep."""


class Nightly(Struct, frozen=True):
    """State of the nightly timer. ``due_at`` is None if no worker has ever run."""

    due_at: datetime | None
    error: str

    def late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at + LATE_AFTER < now


def nightly() -> Nightly:
    job = Job.objects.filter(kind=NIGHTLY, key=KEY).first()
    return Nightly(job.due_at, job.error) if job else Nightly(None, "")


def table_sizes(rules: Rules) -> list[TableSize]:
    job = Job.objects.filter(kind=NIGHTLY, key=KEY).first()
    settled_counts = Progress(**job.payload).settled if job else {}
    return [_table_size(rule, settled_counts.get(rule.name, 0)) for rule in rules]


def _table_size(rule: Rule | Sweep, after: int) -> TableSize:
    since = None
    if isinstance(rule, Rule):
        remaining_rows = rule.rows().filter(rule.only, pk__gt=after, **{f"{rule.when}__isnull": False})
        since = remaining_rows.values_list(rule.when, flat=True).first()
    estimate = _estimate(rule.model)
    if estimate > MAX_COUNTED_ROWS:
        return TableSize(rule, estimate, exact=False, since=since)
    return TableSize(rule, rule.model._default_manager.count(), exact=True, since=since)  # noqa: SLF001


def _estimate(model: type[Model]) -> int:
    """Return PostgreSQL's estimate of the number of rows; 0 if there is none, and on SQLite."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])  # noqa: SLF001
        return int(cursor.fetchone()[0])
