"""Accept a push: check each record and store valid and refused ones in one transaction with few statements.

The seller gets its answer after the commit, so a crash loses nothing; repeated records are recognised.
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
from tradepost.protocols.open_api.usage_items import BadItem, Item, LoadedItems

from . import collect, locks
from .events import RecordsRefused
from .instances import KnownInstances, MeterTerms, known_instances, query
from .judge import Instance, Refusal, Repeated, Rule, Stored, check_item, find_conflict
from .meters import start_of
from .models import Push

MAX_ROUNDS = 8
"""Rounds of reading and inserting; more than one only if other transactions push or void the same records."""


class NonceUsed(Exception):
    """A push with this nonce was already accepted."""


class Contended(Exception):
    """Concurrent transactions kept changing the same records; the push may be repeated."""


class Nonce(Struct, frozen=True, kw_only=True):
    text: str
    until: datetime
    """In real time: afterwards its time stamp is too old."""


class VerifiedPush(Struct, frozen=True, kw_only=True):
    """Push of a verified seller. ``nonce``: of a signed push."""

    seller: int
    api: Push.Api
    loaded: LoadedItems
    nonce: Nonce | None = None


class Refused(NamedTuple):
    item: Item | BadItem
    refusal: Refusal


class Accepted(Struct, frozen=True, kw_only=True):
    push: int
    accepted: int
    repeated: int
    refused: Sequence[Refused]


@dataclass(slots=True)
class _PushWork:
    """State of a push during its processing."""

    pushed: VerifiedPush
    known: KnownInstances
    now: datetime
    zone: ZoneInfo
    push: int
    inserted: list[int] = field(default_factory=list)
    repeated: int = 0
    refused: list[Refused] = field(default_factory=list)


def store_push(pushed: VerifiedPush, *, rule: Rule, zone: ZoneInfo, now: datetime) -> Accepted:
    """Store a push in one transaction. Raises ``NonceUsed`` and then stores nothing, or ``Contended``."""
    with transaction.atomic():
        instances, push = _load_instances(pushed, now)
        work = _PushWork(pushed, instances, now, zone, push)
        accepted_items = []
        for item in pushed.loaded.items:
            instance = work.known.instances.get(item.instance_id)
            package = work.known.package(item, instance)
            if refusal := check_item(item, instance, package, rule=rule, now=now):
                work.refused.append(Refused(item, refusal))
            elif isinstance(item, Item) and instance is not None:
                accepted_items.append(_accepted_item(item, instance, package))
        _insert_all(work, accepted_items)
        _finish(work)
    return Accepted(push=work.push, accepted=len(work.inserted), repeated=work.repeated, refused=work.refused)


def _load_instances(pushed: VerifiedPush, now: datetime) -> tuple[KnownInstances, int]:
    """Return the instances of the push and the key of its new row. Lock, nonce, row and query are sent in one message.

    The row is inserted before its records and its counts are updated later: otherwise SQLite, which enforces the
    foreign key, would search all records for rows that wait for it.
    """
    nonce_statement = [_nonce_statement(pushed.seller, pushed.nonce)] if pushed.nonce else []
    push_statement: rows.Statement = (_PUSH, [pushed.seller, str(pushed.api), rows.moment(now)])
    results = rows.run_together(
        *locks.inserting(), *nonce_statement, push_statement, query(pushed.seller, pushed.loaded)
    )
    if nonce_statement and not results[-3]:
        raise NonceUsed
    [(push,)] = results[-2]
    return known_instances(results[-1]), int(push)


_INSERT_NONCE = """
INSERT INTO metering_nonce (seller_id, nonce, until) VALUES (%s, %s, %s)
 ON CONFLICT (seller_id, nonce) DO NOTHING RETURNING id
"""


def _nonce_statement(seller: int, nonce: Nonce) -> rows.Statement:
    return _INSERT_NONCE, [seller, nonce.text, rows.moment(nonce.until)]


_PUSH = """
INSERT INTO metering_push (seller_id, api, received_at, received, accepted, repeated, refused)
 VALUES (%s, %s, %s, 0, 0, 0, 0) RETURNING id
"""
_FINISH = (
    "UPDATE metering_push SET received = %s, accepted = %s, repeated = %s, refused = %s, first_record = %s, last_record = %s"
    " WHERE id = %s"
)


def _finish(work: _PushWork) -> None:
    """Store the counts of the push and schedule the collections."""
    update: rows.Statement = (
        _FINISH,
        [
            len(work.pushed.loaded.items), len(work.inserted), work.repeated, len(work.refused),
            min(work.inserted, default=None), max(work.inserted, default=None), work.push,
        ],
    )  # fmt: skip
    cycles = (meter.cycle for meter in work.known.meters.values()) if work.inserted else ()
    collect.schedule_collections(cycles, now=work.now, zone=work.zone, before=[update])
    if not work.refused:
        return
    work.refused.sort(key=lambda refused_record: refused_record.item.position)
    _store_refused(work)
    outbox.publish(
        RecordsRefused(seller=work.pushed.seller, push=work.push, refused=len(work.refused)), now=work.now
    )  # fmt: skip


_REFUSED = {
    "subscription_id": "bigint", "instance_id": "text", "sn": "text", "code": "text", "field": "text", "differs": "boolean",
    "raw": "text",
}  # fmt: skip


def _store_refused(work: _PushWork) -> None:
    """Store refused records as fast as valid ones, because all records of a push may be refused."""
    names = ", ".join(_REFUSED)
    instances, as_text = work.known.instances, work.pushed.loaded.as_text
    values = []
    for item, refusal in work.refused:
        instance = instances.get(item.instance_id)
        values.append(
            (
                instance.subscription if instance else None, item.instance_id, item.metering_sn, str(refusal.code), refusal.field,
                refusal.differs, as_text(item.position),
            )
        )  # fmt: skip
    table, columns = rows.table(_REFUSED, values)
    rows.run(
        f"INSERT INTO metering_refusedrecord (push_id, seller_id, at, {names}) SELECT %s, %s, %s, {names} FROM {table} WHERE true",  # noqa: S608  # constants only
        [work.push, work.pushed.seller, rows.moment(work.now), *columns],
    )


# --- records ---

type _Window = tuple[int, datetime, datetime]


class AcceptedItem(NamedTuple):
    """An accepted item, unless it conflicts with another record."""

    item: Item
    subscription: int
    package: int | None
    window: _Window


def _accepted_item(item: Item, instance: Instance, package: Instance | None) -> AcceptedItem:
    subscription = instance.subscription
    return AcceptedItem(
        item, subscription, package.subscription if package else None, (subscription, item.begin_at, item.end_at)
    )


_COLUMNS = {
    "subscription_id": "bigint", "package_id": "bigint", "begin_at": "timestamptz", "end_at": "timestamptz", "sn": "text",
    "quantity": "bigint", "cycle": "text", "accumulation_start": "timestamptz",
}  # fmt: skip


def _insert_all(work: _PushWork, accepted_items: Sequence[AcceptedItem]) -> None:
    """Insert records without conflicts, then settle the others one by one."""
    first_items, waiting_items = _without_clashes(accepted_items)
    remaining = _insert(work, first_items) + waiting_items
    for _round in range(MAX_ROUNDS):
        if not remaining:
            return
        remaining.sort(key=lambda counted: counted.item.position)
        remaining = _insert(work, _settle(work, remaining))
    if remaining:
        raise Contended


def _without_clashes(count: Sequence[AcceptedItem]) -> tuple[list[AcceptedItem], list[AcceptedItem]]:
    """Separate the first record of each window and number from possible conflicts."""
    windows: set[_Window] = set()
    numbers: set[str] = set()
    first_items: list[AcceptedItem] = []
    waiting_items: list[AcceptedItem] = []
    for counted_item in count:
        sn, window = counted_item.item.metering_sn, counted_item.window
        clashes = window in windows or sn in numbers
        (waiting_items if clashes else first_items).append(counted_item)
        windows.add(window)
        if sn:
            numbers.add(sn)
    return first_items, waiting_items


def _insert(work: _PushWork, count: Sequence[AcceptedItem]) -> list[AcceptedItem]:
    """Insert records, and return those that conflict with stored ones."""
    if not count:
        return []
    # A fixed order makes concurrent pushes of the same records wait instead of deadlocking.
    ordered_items = sorted(count, key=lambda counted: counted.window)
    names = ", ".join(_COLUMNS)
    table, values = rows.table(_COLUMNS, _values(work, ordered_items))
    text = (
        f"INSERT INTO metering_record (push_id, seller_id, sign, voided, {names})"  # noqa: S608  # constants only
        f" SELECT %s, %s, 1, false, {names} FROM {table} WHERE true"
    )
    inserted_keys = rows.insert_mostly_new(text, [work.push, work.pushed.seller, *values])
    work.inserted += inserted_keys
    if len(inserted_keys) == len(ordered_items):
        return []
    condition, among_parameters = rows.among("id", inserted_keys)
    stored_windows = {
        (subscription, rows.aware(begin_at), rows.aware(end_at))
        for subscription, begin_at, end_at in rows.run(
            f"SELECT subscription_id, begin_at, end_at FROM metering_record WHERE {condition}",  # noqa: S608  # constants only
            among_parameters,
        )
    }
    return [counted for counted in ordered_items if counted.window not in stored_windows]


def _values(work: _PushWork, count: Iterable[AcceptedItem]) -> list[tuple[Any, ...]]:
    """Return rows of ``_COLUMNS``."""
    moments: dict[datetime, str | None] = {}
    starts: dict[tuple[datetime, str], str | None] = {}

    def moment(at: datetime) -> str | None:
        if at not in moments:
            moments[at] = rows.moment(at)
        return moments[at]

    def start(meter: MeterTerms, begin_at: datetime) -> str | None:
        # By the hour, so that few values are computed: time zones differ by whole hours at midnight.
        hour = begin_at.replace(minute=0, second=0)
        if (hour, meter.by) not in starts:
            starts[hour, meter.by] = rows.moment(start_of(hour, meter.by, work.zone))
        return starts[hour, meter.by]

    values = []
    for item, subscription, package, _window in count:
        meter = work.known.meters[subscription]
        values.append(
            (
                subscription, package, moment(item.begin_at), moment(item.end_at), item.metering_sn, item.quantity, meter.cycle,
                start(meter, item.begin_at),
            )
        )  # fmt: skip
    return values


def _settle(work: _PushWork, candidates: Sequence[AcceptedItem]) -> list[AcceptedItem]:
    """Refuse records that conflict with stored ones or earlier ones of the push, count repeated ones, and return the
    others."""
    numbers, windows = _stored(work.pushed.seller, candidates)
    free_items = []
    for counted_item in candidates:
        item, window = counted_item.item, counted_item.window
        outcome = find_conflict(item, counted_item.subscription, numbers.get(item.metering_sn), windows.get(window))
        if isinstance(outcome, Repeated):
            work.repeated += 1
        elif outcome is not None:
            work.refused.append(Refused(item, outcome))
        else:
            free_items.append(counted_item)
            windows[window] = Stored(0, *window, item.metering_sn, item.quantity)
            if item.metering_sn:
                numbers[item.metering_sn] = windows[window]
    return free_items


_CONFLICTS = """
SELECT m.id, m.subscription_id, m.begin_at, m.end_at, m.sn, m.quantity FROM {asked} JOIN metering_record m
 ON m.subscription_id = r.subscription AND m.begin_at = r.begin_at AND m.end_at = r.end_at
WHERE m.sign = 1 AND NOT m.voided
UNION
SELECT m.id, m.subscription_id, m.begin_at, m.end_at, m.sn, m.quantity FROM {asked} JOIN metering_record m
 ON m.seller_id = %s AND m.sn = r.sn
WHERE r.sn <> '' AND m.sn <> '' AND m.sign = 1 AND NOT m.voided
"""


def _stored(seller: int, candidates: Iterable[AcceptedItem]) -> tuple[dict[str, Stored], dict[_Window, Stored]]:
    """Return the stored records by number and by window."""
    keys = rows.as_json(
        {
            "subscription": subscription, "begin_at": rows.moment(item.begin_at),
            "end_at": rows.moment(item.end_at), "sn": item.metering_sn,
        }
        for item, subscription, _package, _window in candidates
    )  # fmt: skip
    table = rows.recordset({"subscription": "bigint", "begin_at": "timestamptz", "end_at": "timestamptz", "sn": "text"})
    records = [
        Stored(pk, subscription, rows.aware(begin_at), rows.aware(end_at), sn, quantity)
        for pk, subscription, begin_at, end_at, sn, quantity in rows.run(
            _CONFLICTS.format(asked=table), [keys, keys, seller]
        )
    ]
    numbers = {record.sn: record for record in records if record.sn}
    return numbers, {(record.subscription, record.begin_at, record.end_at): record for record in records}


def rule_of(*, usage_max_age_days: int, usage_future_skew_seconds: int) -> Rule:
    return Rule(max_age=timedelta(days=usage_max_age_days), skew=timedelta(seconds=usage_future_skew_seconds))
