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

from tradepost.market.base import outbox, rows
from tradepost.protocols.open_api.usage_items import BadItem, Item, Loaded

from . import collect, locks
from .events import RecordsRefused
from .instances import Known, known_instances
from .judge import Instance, Refusal, Repeated, Rule, Stored, judge, settle
from .meters import accumulates_by, start_of
from .models import Meter, Push, RefusedRecord

MOST_ROUNDS = 8
"""Of looking and inserting: one is enough unless others push, or void, the same records at this moment."""


class NonceUsed(Exception):
    """A signed push with this nonce was taken before."""


class Contended(Exception):
    """Records of the push were pushed and voided all the while by others: it may come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonce:
    text: str
    until: datetime
    """In real time: from then on its time stamp is too old anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a verified seller pushed. ``nonce``: of a push that is signed with one."""

    seller: int
    api: Push.Api
    loaded: Loaded
    nonce: Nonce | None = None


class Refused(NamedTuple):
    item: Item | BadItem
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
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
    push: int = 0
    inserted: list[int] = field(default_factory=list)
    repeated: int = 0
    refused: list[Refused] = field(default_factory=list)


def take(pushed: Pushed, *, rule: Rule, zone: ZoneInfo, now: datetime) -> Taken:
    """Store a push in one transaction. Raises ``NonceUsed``, which stores nothing, and ``Contended``."""
    with transaction.atomic():
        locks.while_inserting()
        if pushed.nonce is not None:
            _use(pushed.seller, pushed.nonce)
        work = _Work(pushed, known_instances(pushed.seller, pushed.loaded), now, zone)
        count = []
        for item in pushed.loaded.items:
            instance = work.known.instances.get(item.instance_id)
            package = work.known.package(item, instance)
            if refusal := judge(item, instance, package, rule=rule, now=now):
                work.refused.append(Refused(item, refusal))
            elif isinstance(item, Item) and instance is not None:
                count.append((item, instance))
        work.push = _begin(pushed, now)
        _insert_all(work, count)
        _finish(work)
    return Taken(push=work.push, accepted=len(work.inserted), repeated=work.repeated, refused=work.refused)


def _use(seller: int, nonce: Nonce) -> None:
    new = rows.insert(
        "metering_nonce",
        {"seller_id": "bigint", "nonce": "text", "until": "timestamptz"},
        [{"seller_id": seller, "nonce": nonce.text, "until": rows.moment(nonce.until)}],
        unique="seller_id, nonce",
    )
    if not new:
        raise NonceUsed


def _begin(pushed: Pushed, now: datetime) -> int:
    """The row of the push, which its records name; what became of them is written at the end."""
    number = len(pushed.loaded.items)
    push = Push.objects.create(
        seller_id=pushed.seller,
        api=pushed.api,
        received_at=now,
        received=number,
        accepted=number,
        repeated=0,
        refused=0,
    )
    return push.pk


def _finish(work: _Work) -> None:
    if work.inserted:
        collect.expect((meter.cycle for meter in work.known.meters.values()), now=work.now, zone=work.zone)
    Push.objects.filter(pk=work.push).update(
        accepted=len(work.inserted), repeated=work.repeated, refused=len(work.refused),
        first_record=min(work.inserted, default=None), last_record=max(work.inserted, default=None),
    )  # fmt: skip
    if not work.refused:
        return
    work.refused.sort(key=lambda one: one.item.position)
    rows.create(_refused_row(work, item, refusal) for item, refusal in work.refused)
    outbox.publish(
        RecordsRefused(seller=work.pushed.seller, push=work.push, refused=len(work.refused)), now=work.now
    )  # fmt: skip


def _refused_row(work: _Work, item: Item | BadItem, refusal: Refusal) -> RefusedRecord:
    instance = work.known.instances.get(item.instance_id)
    return RefusedRecord(
        push_id=work.push, seller_id=work.pushed.seller, subscription_id=instance.subscription if instance else None,
        instance_id=item.instance_id, sn=item.metering_sn, code=refusal.code, field=refusal.field,
        differs=refusal.differs, raw=work.pushed.loaded.as_text(item.position), at=work.now,
    )  # fmt: skip


# --- records ---------------------------------------------------------------------------------------------------------

type _Counted = tuple[Item, Instance]
type _Window = tuple[int, datetime, datetime]

_COLUMNS = {
    "push_id": "bigint", "seller_id": "bigint", "subscription_id": "bigint", "package_id": "bigint",
    "begin_at": "timestamptz", "end_at": "timestamptz", "sn": "text", "quantity": "bigint", "sign": "smallint",
    "voided": "boolean", "cycle": "text", "accumulation_start": "timestamptz",
}  # fmt: skip


def _insert_all(work: _Work, count: Sequence[_Counted]) -> None:
    """Insert what clashes with nothing; the others are looked at one after the other, beside what counts already."""
    alone, waiting = _without_clashes(count)
    left = _insert(work, alone) + waiting
    for _round in range(MOST_ROUNDS):
        if not left:
            return
        left.sort(key=lambda counted: counted[0].position)
        left = _insert(work, _settle(work, left))
    if left:
        raise Contended


def _without_clashes(count: Sequence[_Counted]) -> tuple[list[_Counted], list[_Counted]]:
    """Of records with one window, or one number, the first; the others wait, and so does what they could stand against."""
    windows: set[_Window] = set()
    numbers: set[str] = set()
    alone: list[_Counted] = []
    waiting: list[_Counted] = []
    for counted in count:
        item, window = counted[0], _window(counted)
        clashes = window in windows or item.metering_sn in numbers
        (waiting if clashes else alone).append(counted)
        windows.add(window)
        if item.metering_sn:
            numbers.add(item.metering_sn)
    return alone, waiting


def _insert(work: _Work, count: Sequence[_Counted]) -> list[_Counted]:
    """Gives those that something stored stands against."""
    if not count:
        return []
    # In one order, so that two pushes of the same records wait for each other instead of blocking each other.
    ordered = sorted(count, key=_window)
    moments: dict[datetime, str | None] = {}
    names = ", ".join(_COLUMNS)
    found = rows.run(
        f"INSERT INTO metering_record ({names}) SELECT {names} FROM {rows.recordset(_COLUMNS)} WHERE true"  # noqa: S608
        " ON CONFLICT DO NOTHING RETURNING id, subscription_id, begin_at, end_at",
        [rows.as_json(_row(work, item, instance, moments) for item, instance in ordered)],
    )
    work.inserted += [row[0] for row in found]
    if len(found) == len(ordered):
        return []
    stored = {(subscription, rows.aware(begin_at), rows.aware(end_at)) for _pk, subscription, begin_at, end_at in found}
    return [counted for counted in ordered if _window(counted) not in stored]


def _window(counted: _Counted) -> _Window:
    item, instance = counted
    return instance.subscription, item.begin_at, item.end_at


def _row(work: _Work, item: Item, instance: Instance, moments: dict[datetime, str | None]) -> dict[str, Any]:
    meter = work.known.meters[instance.subscription]
    package = work.known.package(item, instance)

    def moment(at: datetime) -> str | None:
        if at not in moments:
            moments[at] = rows.moment(at)
        return moments[at]

    return {
        "push_id": work.push, "seller_id": work.pushed.seller, "subscription_id": instance.subscription,
        "package_id": package.subscription if package else None, "begin_at": moment(item.begin_at),
        "end_at": moment(item.end_at), "sn": item.metering_sn, "quantity": item.quantity, "sign": 1,
        "voided": False, "cycle": meter.cycle, "accumulation_start": moment(_start(meter, item.begin_at, work.zone)),
    }  # fmt: skip


def _start(meter: Meter, begin_at: datetime, zone: ZoneInfo) -> datetime:
    hour = begin_at.replace(
        minute=0, second=0
    )  # so that few are computed: no day begins within an hour of another zone
    return start_of(hour, accumulates_by(meter.model, meter.accumulation), zone)


def _settle(work: _Work, left: Sequence[_Counted]) -> list[_Counted]:
    """Refuse, or count as repeated, what something that counts stands against: stored, or before it in this push. Gives the
    others."""
    numbers, windows = _stored(work.pushed.seller, left)
    free = []
    for counted in left:
        item, instance = counted
        window = _window(counted)
        said = settle(item, instance.subscription, numbers.get(item.metering_sn), windows.get(window))
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


def _stored(seller: int, left: Iterable[_Counted]) -> tuple[dict[str, Stored], dict[_Window, Stored]]:
    """What counts already, by number and by window."""
    asked = rows.as_json(
        {
            "subscription": instance.subscription, "begin_at": rows.moment(item.begin_at),
            "end_at": rows.moment(item.end_at), "sn": item.metering_sn,
        }
        for item, instance in left
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
