"""Take a push in: judge each record, store those that count and those that do not, all or nothing, in few statements.

Nothing is lost in a crash: whoever asks is answered after the commit, and a repeat is recognised by its records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import outbox, rows
from tradepost.protocols.open_api.usage_items import BadItem, Item, Loaded

from . import collect, locks
from .events import RecordsRefused
from .instances import Counts, Known, asked, known_instances
from .judge import Instance, Refusal, Repeated, Rule, Stored, judge, settle
from .meters import start_of
from .models import Push

MOST_ROUNDS = 8
"""Of looking and inserting: one is enough unless others push, or void, the same records at this moment."""


class NonceUsed(Exception):
    """A signed push with this nonce was taken before."""


class Contended(Exception):
    """Records of the push were pushed and voided all the while by others: it may come again."""


class Nonce(Struct, frozen=True, kw_only=True):
    text: str
    until: datetime
    """In real time: from then on its time stamp is too old anyway."""


class Pushed(Struct, frozen=True, kw_only=True):
    """What a verified seller pushed. ``nonce``: of a push that is signed with one."""

    seller: int
    api: Push.Api
    loaded: Loaded
    nonce: Nonce | None = None


class Refused(NamedTuple):
    item: Item | BadItem
    refusal: Refusal


class Taken(Struct, frozen=True, kw_only=True):
    push: int
    accepted: int
    repeated: int
    refused: Sequence[Refused]


@dataclass(slots=True)
class _Work:
    """A push while it is worked on."""

    pushed: Pushed
    known: Known
    now: datetime
    zone: ZoneInfo
    push: int
    inserted: list[int] = field(default_factory=list)
    repeated: int = 0
    refused: list[Refused] = field(default_factory=list)


def take(pushed: Pushed, *, rule: Rule, zone: ZoneInfo, now: datetime) -> Taken:
    """Store a push in one transaction. Raises ``NonceUsed``, which stores nothing, and ``Contended``."""
    with transaction.atomic():
        known, push = _known(pushed, now)
        work = _Work(pushed, known, now, zone, push)
        count = []
        for item in pushed.loaded.items:
            instance = work.known.instances.get(item.instance_id)
            package = work.known.package(item, instance)
            if refusal := judge(item, instance, package, rule=rule, now=now):
                work.refused.append(Refused(item, refusal))
            elif isinstance(item, Item) and instance is not None:
                count.append(_counted(item, instance, package))
        _insert_all(work, count)
        _finish(work)
    return Taken(push=work.push, accepted=len(work.inserted), repeated=work.repeated, refused=work.refused)


def _known(pushed: Pushed, now: datetime) -> tuple[Known, int]:
    """What the push is about, and the key of its row. The lock, the nonce, the row and the question go to the database
    together.

    The row comes before the records that name it, though what became of them is known only afterwards: SQLite, which holds their
    foreign key, would for a row that comes behind them look through all records for those that waited for it.
    """
    use = [_use(pushed.seller, pushed.nonce)] if pushed.nonce else []
    begun: rows.Statement = (_PUSH, [pushed.seller, str(pushed.api), rows.moment(now)])
    told = rows.run_together(*locks.inserting(), *use, begun, asked(pushed.seller, pushed.loaded))
    if use and not told[-3]:
        raise NonceUsed
    [(push,)] = told[-2]
    return known_instances(told[-1]), int(push)


_USE = """
INSERT INTO metering_nonce (seller_id, nonce, until) VALUES (%s, %s, %s)
 ON CONFLICT (seller_id, nonce) DO NOTHING RETURNING id
"""


def _use(seller: int, nonce: Nonce) -> rows.Statement:
    return _USE, [seller, nonce.text, rows.moment(nonce.until)]


_PUSH = """
INSERT INTO metering_push (seller_id, api, received_at, received, accepted, repeated, refused)
 VALUES (%s, %s, %s, 0, 0, 0, 0) RETURNING id
"""
_TOLD = (
    "UPDATE metering_push SET received = %s, accepted = %s, repeated = %s, refused = %s, first_record = %s, last_record = %s"
    " WHERE id = %s"
)


def _finish(work: _Work) -> None:
    """What became of the push's records. With it goes the timer."""
    own: rows.Statement = (
        _TOLD,
        [
            len(work.pushed.loaded.items), len(work.inserted), work.repeated, len(work.refused),
            min(work.inserted, default=None), max(work.inserted, default=None), work.push,
        ],
    )  # fmt: skip
    cycles = (meter.cycle for meter in work.known.meters.values()) if work.inserted else ()
    collect.expect(cycles, now=work.now, zone=work.zone, before=[own])
    if not work.refused:
        return
    work.refused.sort(key=lambda one: one.item.position)
    _keep_refused(work)
    outbox.publish(
        RecordsRefused(seller=work.pushed.seller, push=work.push, refused=len(work.refused)), now=work.now
    )  # fmt: skip


_REFUSED = {
    "subscription_id": "bigint", "instance_id": "text", "sn": "text", "code": "text", "field": "text", "differs": "boolean",
    "raw": "text",
}  # fmt: skip


def _keep_refused(work: _Work) -> None:
    """A thousand of them may be all that a seller sends: they are written as quickly as those that count."""
    names = ", ".join(_REFUSED)
    known, as_text = work.known.instances, work.pushed.loaded.as_text
    values = []
    for item, refusal in work.refused:
        instance = known.get(item.instance_id)
        values.append(
            (
                instance.subscription if instance else None, item.instance_id, item.metering_sn, str(refusal.code), refusal.field,
                refusal.differs, as_text(item.position),
            )
        )  # fmt: skip
    table, columns = rows.table(_REFUSED, values)
    rows.run(
        f"INSERT INTO metering_refusedrecord (push_id, seller_id, at, {names}) SELECT %s, %s, %s, {names} FROM {table} WHERE true",  # noqa: S608
        [work.push, work.pushed.seller, rows.moment(work.now), *columns],
    )


# --- records ---------------------------------------------------------------------------------------------------------

type _Window = tuple[int, datetime, datetime]


class Counted(NamedTuple):
    """An item that counts unless something stands against it, and what it is about."""

    item: Item
    subscription: int
    package: int | None
    window: _Window


def _counted(item: Item, instance: Instance, package: Instance | None) -> Counted:
    subscription = instance.subscription
    return Counted(
        item, subscription, package.subscription if package else None, (subscription, item.begin_at, item.end_at)
    )


_COLUMNS = {
    "subscription_id": "bigint", "package_id": "bigint", "begin_at": "timestamptz", "end_at": "timestamptz", "sn": "text",
    "quantity": "bigint", "cycle": "text", "accumulation_start": "timestamptz",
}  # fmt: skip


def _insert_all(work: _Work, count: Sequence[Counted]) -> None:
    """Insert what clashes with nothing; the others are looked at one after the other, beside what counts already."""
    alone, waiting = _without_clashes(count)
    left = _insert(work, alone) + waiting
    for _round in range(MOST_ROUNDS):
        if not left:
            return
        left.sort(key=lambda counted: counted.item.position)
        left = _insert(work, _settle(work, left))
    if left:
        raise Contended


def _without_clashes(count: Sequence[Counted]) -> tuple[list[Counted], list[Counted]]:
    """Of records with one window, or one number, the first; the others wait, and so does what they could stand against."""
    windows: set[_Window] = set()
    numbers: set[str] = set()
    alone: list[Counted] = []
    waiting: list[Counted] = []
    for counted in count:
        sn, window = counted.item.metering_sn, counted.window
        clashes = window in windows or sn in numbers
        (waiting if clashes else alone).append(counted)
        windows.add(window)
        if sn:
            numbers.add(sn)
    return alone, waiting


def _insert(work: _Work, count: Sequence[Counted]) -> list[Counted]:
    """Gives those that something stored stands against."""
    if not count:
        return []
    # In one order, so that two pushes of the same records wait for each other instead of blocking each other.
    ordered = sorted(count, key=lambda counted: counted.window)
    names = ", ".join(_COLUMNS)
    table, values = rows.table(_COLUMNS, _values(work, ordered))
    text = (
        f"INSERT INTO metering_record (push_id, seller_id, sign, voided, {names})"  # noqa: S608
        f" SELECT %s, %s, 1, false, {names} FROM {table} WHERE true"
    )
    inserted = rows.insert_mostly_new(text, [work.push, work.pushed.seller, *values])
    work.inserted += inserted
    if len(inserted) == len(ordered):
        return []
    condition, among = rows.among("id", inserted)
    stored = {
        (subscription, rows.aware(begin_at), rows.aware(end_at))
        for subscription, begin_at, end_at in rows.run(
            f"SELECT subscription_id, begin_at, end_at FROM metering_record WHERE {condition}",  # noqa: S608
            among,
        )
    }
    return [counted for counted in ordered if counted.window not in stored]


def _values(work: _Work, count: Iterable[Counted]) -> list[tuple[Any, ...]]:
    """Rows of ``_COLUMNS``."""
    moments: dict[datetime, str | None] = {}
    starts: dict[tuple[datetime, str], str | None] = {}

    def moment(at: datetime) -> str | None:
        if at not in moments:
            moments[at] = rows.moment(at)
        return moments[at]

    def start(meter: Counts, begin_at: datetime) -> str | None:
        # By the hour, so that few are computed: no day begins within an hour of another zone.
        hour = begin_at.replace(minute=0, second=0)
        if (hour, meter.by) not in starts:
            starts[hour, meter.by] = rows.moment(start_of(hour, meter.by, work.zone))
        return starts[hour, meter.by]

    made = []
    for item, subscription, package, _window in count:
        meter = work.known.meters[subscription]
        made.append(
            (
                subscription, package, moment(item.begin_at), moment(item.end_at), item.metering_sn, item.quantity, meter.cycle,
                start(meter, item.begin_at),
            )
        )  # fmt: skip
    return made


def _settle(work: _Work, left: Sequence[Counted]) -> list[Counted]:
    """Refuse, or count as repeated, what something that counts stands against: stored, or before it in this push. Gives the
    others."""
    numbers, windows = _stored(work.pushed.seller, left)
    free = []
    for counted in left:
        item, window = counted.item, counted.window
        said = settle(item, counted.subscription, numbers.get(item.metering_sn), windows.get(window))
        if isinstance(said, Repeated):
            work.repeated += 1
        elif said is not None:
            work.refused.append(Refused(item, said))
        else:
            free.append(counted)
            windows[window] = Stored(0, *window, item.metering_sn, item.quantity)
            if item.metering_sn:
                numbers[item.metering_sn] = windows[window]
    return free


_BESIDE = """
SELECT m.id, m.subscription_id, m.begin_at, m.end_at, m.sn, m.quantity FROM {asked} JOIN metering_record m
 ON m.subscription_id = r.subscription AND m.begin_at = r.begin_at AND m.end_at = r.end_at
WHERE m.sign = 1 AND NOT m.voided
UNION
SELECT m.id, m.subscription_id, m.begin_at, m.end_at, m.sn, m.quantity FROM {asked} JOIN metering_record m
 ON m.seller_id = %s AND m.sn = r.sn
WHERE r.sn <> '' AND m.sn <> '' AND m.sign = 1 AND NOT m.voided
"""


def _stored(seller: int, left: Iterable[Counted]) -> tuple[dict[str, Stored], dict[_Window, Stored]]:
    """What counts already, by number and by window."""
    asked = rows.as_json(
        {
            "subscription": subscription, "begin_at": rows.moment(item.begin_at),
            "end_at": rows.moment(item.end_at), "sn": item.metering_sn,
        }
        for item, subscription, _package, _window in left
    )  # fmt: skip
    table = rows.recordset({"subscription": "bigint", "begin_at": "timestamptz", "end_at": "timestamptz", "sn": "text"})
    found = [
        Stored(pk, subscription, rows.aware(begin_at), rows.aware(end_at), sn, quantity)
        for pk, subscription, begin_at, end_at, sn, quantity in rows.run(
            _BESIDE.format(asked=table), [asked, asked, seller]
        )
    ]
    numbers = {one.sn: one for one in found if one.sn}
    return numbers, {(one.subscription, one.begin_at, one.end_at): one for one in found}


def rule_of(*, usage_max_age_days: int, usage_future_skew_seconds: int) -> Rule:
    return Rule(max_age=timedelta(days=usage_max_age_days), skew=timedelta(seconds=usage_future_skew_seconds))
