"""Retention: what is deleted or emptied when it is old, as rules that contexts declare and one nightly timer works off.

A night goes through the rules in their order. The rows that are old enough are found by a search over the primary key,
which grows with time: no index on a time is needed. They go in batches of pks, a transaction each, and how far it came is
stored in that same transaction: a worker that is killed loses one batch, and the next run goes on from there.

A batch looks at each row's own time as well, so nothing younger goes even where pks and times are not in one order. What
is spared because something still needs it is looked at again each month, when a pass begins at the first row; where nothing
has to go, a transaction looks at a few batches.

Rows without such a pk, and those that are put together rather than deleted, have a ``Sweep``, which finds its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any

import structlog
from django.db import connection
from django.db.models import Model, Q, QuerySet
from msgspec import Struct, field

from . import jobs, rows
from .models import Job, Move
from .values import as_dict, replace

log = structlog.get_logger(__name__)

NIGHTLY = "base.retention"
KEY = "nightly"
BATCH = 5_000
LOOKS = 5
"""So many batches a transaction looks at where nothing has to go: a pass that begins at the first row mostly finds that."""
PAUSE = timedelta(milliseconds=100)
"""Between two batches, so that reactions and other timers get their turn."""
LATE = timedelta(hours=1)
"""A run that is due for longer than this is late: no worker runs, or it fails."""
COUNTED = 100_000
"""Rows from which on PostgreSQL's estimate is told: counting millions takes seconds."""


class Rule(Struct, frozen=True, kw_only=True):
    """Which rows of a model go when they are older than a setting says.

    ``when`` is the column that tells a row's age; ``setting`` the number of days in ``Config``, 0 keeps them for ever.
    ``only``: the rows it is about. ``needed``: those among them that must stay for now, however old. ``emptied``: columns
    that are set instead of deleting the row. ``sparse``: few of all rows are of the rule, and an index finds them by their pk.
    """

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
        """What may go: older than ``before``, and needed by nothing."""
        old = self.rows().filter(self.only, **{f"{self.when}__lt": before})
        return old if self.needed is None else old.exclude(self.needed)


class Sweep(Struct, frozen=True, kw_only=True):
    """Rows of a model that ``work`` deals with, given how old they must be: in the caller's transaction, a batch or all, and
    it says how many rows went. ``of_real_time``: their age does not go by a sandbox's clock. ``setting`` as of a rule."""

    name: str
    model: type[Model]
    setting: str
    work: Callable[[datetime], int]
    of_real_time: bool = False


type Rules = Sequence[Rule | Sweep]


def old_moves(*staying: str) -> Rule:
    """The history of lifecycles, without those named ``staying``: what happened to them is told for as long as they are."""
    return Rule(
        name="moves", model=Move, when="at", setting="keep_moves_days", only=~Q(lifecycle__in=staying)
    )  # fmt: skip


class Progress(Struct, frozen=True):
    """How far a night has come; the payload of its timer. ``rule`` is empty between two nights."""

    rule: str = ""
    until: int = 0
    """The last pk that this night looks at for ``rule``."""
    settled: Mapping[str, int] = field(default_factory=dict)
    """By rule the pk up to which everything was dealt with."""
    month: str = ""
    """When a pass last began at the first row."""


def clean(
    rules: Rules, keep: Mapping[str, int], progress: Progress, *, now: datetime, wall: datetime, batch: int = BATCH
) -> Progress:
    """Go on with a night: work off one batch in the caller's transaction. Back comes how far it is; ``rule`` is empty
    when all is done. ``keep``: days by setting."""
    if not progress.rule and progress.month != f"{now:%Y-%m}":
        progress = Progress(month=f"{now:%Y-%m}")
    names = [rule.name for rule in rules]
    begun = names.index(progress.rule) if progress.rule in names else 0
    looks = LOOKS
    for rule in rules[begun:]:
        if not keep[rule.setting]:
            continue
        kept_for = timedelta(days=keep[rule.setting])
        if isinstance(rule, Sweep):
            if changed := rule.work((wall if rule.of_real_time else now) - kept_for):
                log.info("retention", rule=rule.name, changed=changed)
                return replace(progress, rule=rule.name, until=0)
            continue
        before = now - kept_for
        after = progress.settled.get(rule.name, 0)
        until = progress.until if rule.name == progress.rule else last_older(rule, before, after=after)
        while after < until and (last := _last_of_batch(rule, after=after, until=until, batch=batch)) is not None:
            changed, looks, after = _work_off(rule, before, after=after, last=last), looks - 1, last
            progress = replace(progress, rule=rule.name, until=until, settled={**progress.settled, rule.name: last})
            if changed or not looks:
                return progress
    return replace(progress, rule="", until=0)


def last_older(rule: Rule, before: datetime, *, after: int = 0) -> int:
    """The pk of the last row, beyond the pk ``after``, that is older than ``before``; ``after`` when the next is not.

    Pks are taken to grow with time. Where rows are out of order it is the end of some stretch of old rows.
    """

    def next_row(pk: int) -> tuple[int, datetime] | None:
        return next(((found, rows.aware(at)) for found, at in rows.run(_next(rule.model, rule.when), [pk])), None)

    first = next_row(after + 1)
    if first is None or first[1] >= before:  # mostly: one look, and the night is over
        return after
    low: int = first[0]
    high: int = rule.rows().values_list("pk", flat=True).last() or low
    while low < high:
        middle = (low + high + 1) // 2
        found = next_row(middle)
        if found is None or found[1] >= before:
            high = middle - 1
        else:
            low = found[0]
    return low


@cache
def _next(model: type[Model], when: str) -> str:
    """Put together once: mostly it is all that a night asks of a rule."""
    meta, name = model._meta, connection.ops.quote_name  # noqa: SLF001
    columns = {field.name: name(str(field.column)) for field in meta.concrete_fields}
    pk, at = columns[meta.pk.name], columns[when]
    return f"SELECT {pk}, {at} FROM {name(meta.db_table)} WHERE {pk} >= %s AND {at} IS NOT NULL ORDER BY {pk} LIMIT 1"  # noqa: S608


def _last_of_batch(rule: Rule, *, after: int, until: int, batch: int) -> int | None:
    """The last pk of a batch beyond the pk ``after``; None when there is no row up to ``until``. A batch is so many pks from the first
    row on, of which some may be gone: to count rows reads all of them."""
    ahead = rule.rows().filter(rule.only if rule.sparse else Q(), pk__gt=after, pk__lte=until)
    first: int | None = ahead.values_list("pk", flat=True).first()
    return None if first is None else min(first + batch - 1, until)


def _work_off(rule: Rule, before: datetime, *, after: int, last: int) -> int:
    """How many rows changed of those up to the pk ``last``."""
    old = rule.old(before).filter(pk__gt=after, pk__lte=last).order_by()
    if not rule.emptied and not old.exists():
        return 0  # Django would look for what hangs on rows before it finds that there are none
    changed = old.update(**rule.emptied) if rule.emptied else old.delete()[0]
    if changed:
        log.info("retention", rule=rule.name, up_to=last, changed=changed)
    return changed


def night_after(now: datetime, *, at: time, zone: tzinfo, heading_for: datetime | None = None) -> datetime:
    """The next moment ``at`` in the market's zone. Of the nights that a sandbox's clock skips on its way to
    ``heading_for`` only the last one is worked."""
    night = _night(now, at, zone)
    if heading_for is not None:
        night = max(night, _night(heading_for - timedelta(days=1), at, zone))
    return night


def _night(now: datetime, at: time, zone: tzinfo) -> datetime:
    local = now.astimezone(zone)
    night = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (night if night > local else night + timedelta(days=1)).astimezone(now.tzinfo)


def schedule(due_at: datetime) -> None:
    """Make sure that the nightly timer exists."""
    jobs.schedule(NIGHTLY, KEY, due_at=due_at)


def go_on(rules: Rules, keep: Mapping[str, int], payload: Mapping[str, Any], *, now: datetime, wall: datetime) -> bool:
    """The next batch of the night, in the transaction that holds its timer. Whether there is more to do."""
    progress = clean(rules, keep, Progress(**payload), now=now, wall=wall)
    Job.objects.filter(kind=NIGHTLY, key=KEY).update(payload=as_dict(progress))
    return bool(progress.rule)


class Kept(Struct, frozen=True):
    """How much there is of what a rule is about. ``rows`` counts the whole table; ``exact`` unless it was estimated."""

    rule: Rule | Sweep
    rows: int
    exact: bool
    since: datetime | None
    """The age of the oldest row that the rule has not dealt with; None where there is none, or a sweep finds its own."""


class Nightly(Struct, frozen=True):
    """How the nightly timer stands. ``due_at`` is None where no worker has ever run."""

    due_at: datetime | None
    error: str

    def late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at + LATE < now


def nightly() -> Nightly:
    job = Job.objects.filter(kind=NIGHTLY, key=KEY).first()
    return Nightly(job.due_at, job.error) if job else Nightly(None, "")


def kept(rules: Rules) -> list[Kept]:
    job = Job.objects.filter(kind=NIGHTLY, key=KEY).first()
    settled = Progress(**job.payload).settled if job else {}
    return [_kept(rule, settled.get(rule.name, 0)) for rule in rules]


def _kept(rule: Rule | Sweep, after: int) -> Kept:
    since = None
    if isinstance(rule, Rule):
        beyond = rule.rows().filter(rule.only, pk__gt=after, **{f"{rule.when}__isnull": False})
        since = beyond.values_list(rule.when, flat=True).first()
    estimate = _estimate(rule.model)
    if estimate > COUNTED:
        return Kept(rule, estimate, exact=False, since=since)
    return Kept(rule, rule.model._default_manager.count(), exact=True, since=since)  # noqa: SLF001


def _estimate(model: type[Model]) -> int:
    """How many rows PostgreSQL thinks there are; 0 where it is not known, or on SQLite."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])  # noqa: SLF001
        return int(cursor.fetchone()[0])
