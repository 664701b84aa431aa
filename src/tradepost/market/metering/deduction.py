"""Deduct the usage of a collection from the packages of its services; what is left over is what costs something.

A collection may hold usage of hours that were deducted already: from the earliest of these on everything is deducted anew,
and what changed is written as rows of the difference (design money.md §4). Quotas are locked by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tradepost.market.base import outbox, rows

from .deduct import Taken, Use, Window, counted_at, deduct
from .events import QuotaDeducted
from .models import Collection, Meter
from .package_models import Deduction, Package, Quota, UsageCell


@dataclass(slots=True)
class Split:
    """How usage of one accumulation moves: what is paid by use, what packages took, what costs nothing since its package
    stops the service. Together they are what records added."""

    excess: int = 0
    deducted: int = 0
    free: int = 0


class _Added(NamedTuple):
    """Of a collection, less what was voided in it."""

    service: int
    begin_at: datetime
    package: int | None
    accumulation_start: datetime
    quantity: int


@dataclass(slots=True)
class _Service:
    """A service while it is deducted for."""

    packages: Mapping[int, Package]
    windows: Sequence[Window]
    splits: defaultdict[datetime, Split] = field(default_factory=lambda: defaultdict(Split))
    """By the time that usage adds up over."""
    cells: dict[tuple[datetime, int | None], UsageCell] = field(default_factory=dict)
    """Those that usage is added to, and all that come later."""
    added: defaultdict[tuple[datetime, int | None], int] = field(default_factory=lambda: defaultdict(int))
    places: dict[tuple[datetime, int | None], datetime] = field(default_factory=dict)

    @property
    def first(self) -> datetime | None:
        return min((at for at, _named in self.added), default=None)


def services_with_packages(services: Several[int]) -> set[int]:
    """Those of them from whose packages usage is deducted. What is priced record by record has none: no such price is listed
    beside a package."""
    found = set(Package.objects.filter(service__in=services).values_list("service", flat=True))
    if not found:
        return found
    apart = Meter.objects.filter(subscription__in=found, accumulation="").exclude(model="linear")
    return found - set(apart.values_list("subscription", flat=True))


def lock_quotas(services: Several[int]) -> list[Quota]:
    """Until the transaction ends nobody else deducts for these services."""
    return list(Quota.objects.select_for_update(of=("self",)).filter(service__in=services).order_by("pk"))


def deduct_collection(
    collection: Collection, services: Several[int], quotas: Sequence[Quota], *, now: datetime
) -> dict[tuple[int, datetime], Split]:
    """By service and beginning of its accumulation. ``quotas``: those of these services, locked. Ask once for a collection
    and service: it is not repeatable."""
    working = _begin(services, quotas)
    for added in _added(collection, services):
        _place(working[added.service], added)
    _load(working)
    before = _taken_before(working)
    deltas: list[Deduction] = []
    for pk, one in working.items():
        deltas += _deduct(one, before.get(pk, {}), collection)
    _write(working, deltas, {quota.pk: quota for quota in quotas}, now)
    return {(pk, start): split for pk, one in working.items() for start, split in one.splits.items()}


_USED = """
SELECT m.subscription_id, m.begin_at, m.package_id, m.accumulation_start, SUM(m.sign * m.quantity)
FROM {asked} JOIN metering_record m ON m.subscription_id = r.service
WHERE m.id > %s AND m.id <= %s AND m.cycle = %s
GROUP BY m.subscription_id, m.begin_at, m.package_id, m.accumulation_start
"""


def _added(collection: Collection, services: Several[int]) -> list[_Added]:
    asked = rows.recordset({"service": "bigint"})
    found = rows.run(
        _USED.format(asked=asked),
        [rows.as_json({"service": pk} for pk in sorted(services)), collection.after_id, collection.upto_id, collection.cycle],
    )  # fmt: skip
    return [
        _Added(service, rows.aware(begin_at), package, rows.aware(start), int(quantity))
        for service, begin_at, package, start, quantity in found
    ]


def _begin(services: Several[int], quotas: Sequence[Quota]) -> dict[int, _Service]:
    packages: defaultdict[int, dict[int, Package]] = defaultdict(dict)
    for package in Package.objects.filter(service__in=services).order_by("pk"):
        packages[package.service_id][package.pk] = package
    windows: defaultdict[int, list[Window]] = defaultdict(list)
    for quota in quotas:
        closed = packages[quota.service_id][quota.package_id].closed_at
        windows[quota.service_id].append(
            Window(
                pk=quota.pk, package=quota.package_id, starts_at=quota.starts_at, ends_at=quota.ends_at, left=quota.remaining,
                until=closed,
            )
        )  # fmt: skip
    return {pk: _Service(packages[pk], windows[pk]) for pk in services}


def _place(one: _Service, added: _Added) -> None:
    """In its cell; where no package covers its time, beside all of them."""
    package = one.packages.get(added.package or 0)
    named = package.pk if package is not None and package.stops else None
    free = named is not None or stops_at(one.packages.values(), added.begin_at)
    able = [window for window in one.windows if named in {None, window.package}]
    if not any(window.covers(added.begin_at) for window in able):
        split = one.splits[added.accumulation_start]
        if free:
            split.free += added.quantity
        else:
            split.excess += added.quantity
        return
    edges = [edge for window in one.windows for edge in (window.starts_at, window.ends_at, window.until) if edge]
    at = counted_at(added.begin_at, added.accumulation_start, edges)
    one.added[at, named] += added.quantity
    one.places[at, named] = added.accumulation_start
    one.splits[added.accumulation_start]  # so that it is charged, if only with nothing


def stops_at(packages: Iterable[Package], at: datetime) -> bool:
    """Whether the service stops where packages do not reach: the one that began last says so."""
    begun = [package for package in packages if package.starts_at <= at]
    return bool(begun) and max(begun, key=lambda package: (package.starts_at, package.pk)).stops


def _load(working: Mapping[int, _Service]) -> None:
    """The cells from the earliest on that usage is added to; those that are missing are made."""
    from_ = [(pk, one.first) for pk, one in working.items() if one.first is not None]
    for cell in _cells_from(from_):
        working[cell.service_id].cells[cell.starts_at, cell.named_id] = cell
    new = []
    for pk, one in working.items():
        for (at, named), start in one.places.items():
            if (at, named) not in one.cells:
                free = named is not None or stops_at(one.packages.values(), at)
                cell = UsageCell(
                    service_id=pk, named_id=named, starts_at=at, accumulation_start=start, quantity=0, free=free
                )
                one.cells[at, named] = cell
                new.append(cell)
    rows.create(new)


_FROM = "{asked} JOIN metering_usagecell c ON c.service_id = r.service AND c.starts_at >= r.since"


def _cells_from(from_: Sequence[tuple[int, datetime]]) -> Iterable[UsageCell]:
    if not from_:
        return ()
    return UsageCell.objects.raw(f"SELECT c.* FROM {_asked()}", [_since(from_)])  # noqa: S608  # constants of ours


def _asked() -> str:
    return _FROM.format(asked=rows.recordset({"service": "bigint", "since": "timestamptz"}))


def _since(from_: Sequence[tuple[int, datetime]]) -> str:
    return rows.as_json({"service": pk, "since": rows.moment(since)} for pk, since in from_)


type _By = dict[tuple[int, int], int]
"""What is taken: by cell and quota."""


def _taken_before(working: Mapping[int, _Service]) -> dict[int, _By]:
    from_ = [(pk, one.first) for pk, one in working.items() if one.first is not None]
    if not from_:
        return {}
    found: defaultdict[int, _By] = defaultdict(dict)
    taken = rows.run(
        f"SELECT c.service_id, d.cell_id, d.quota_id, SUM(d.delta) FROM {_asked()}"  # noqa: S608  # constants of ours
        " JOIN metering_deduction d ON d.cell_id = c.id GROUP BY c.service_id, d.cell_id, d.quota_id",
        [_since(from_)],
    )
    for service, cell, quota, quantity in taken:
        found[service][cell, quota] = int(quantity)
    return found


def _deduct(one: _Service, before: _By, collection: Collection) -> list[Deduction]:
    """The difference between what is taken from the earliest cell on and what was."""
    given_back: defaultdict[int, int] = defaultdict(int)
    of_cell: defaultdict[int, int] = defaultdict(int)
    for (counted, quota), quantity in before.items():
        given_back[quota] += quantity
        of_cell[counted] += quantity
    windows = [_with(window, window.left + given_back[window.pk]) for window in one.windows]
    for key, cell in one.cells.items():
        cell.quantity += one.added.get(key, 0)
    uses = [Use(cell.pk, cell.starts_at, cell.named_id, cell.quantity) for cell in one.cells.values()]
    taken = deduct(windows, uses)
    now_of_cell: defaultdict[int, int] = defaultdict(int)
    for part in taken:
        now_of_cell[part.use] += part.quantity
    for key, cell in one.cells.items():
        _split(one, cell, one.added.get(key, 0), now_of_cell[cell.pk] - of_cell[cell.pk])
    return _differences(taken, before, {window.pk: window.package for window in windows}, collection)


def _with(window: Window, left: int) -> Window:
    return Window(
        pk=window.pk, package=window.package, starts_at=window.starts_at, ends_at=window.ends_at, left=left,
        until=window.until,
    )  # fmt: skip


def _split(one: _Service, cell: UsageCell, added: int, more: int) -> None:
    """``more``: so much more is taken for the cell than was."""
    if not added and not more:
        return
    split = one.splits[cell.accumulation_start]
    split.deducted += more
    if cell.free:
        split.free += added - more
    else:
        split.excess += added - more


def _differences(
    taken: Sequence[Taken], before: _By, packages: Mapping[int, int], collection: Collection
) -> list[Deduction]:
    after = {(one.use, one.window): one.quantity for one in taken}
    return [
        Deduction(
            package_id=packages[quota], quota_id=quota, cell_id=cell, collection=collection,
            delta=after.get((cell, quota), 0) - before.get((cell, quota), 0),
        )
        for cell, quota in sorted(after.keys() | before.keys())
        if after.get((cell, quota), 0) != before.get((cell, quota), 0)
    ]  # fmt: skip


def _write(
    working: Mapping[int, _Service], deltas: Sequence[Deduction], quotas: Mapping[int, Quota], now: datetime
) -> None:
    changed = [one.cells[key] for one in working.values() for key, quantity in one.added.items() if quantity]
    rows.update(
        "metering_usagecell", {"quantity": "bigint"}, [{"id": cell.pk, "quantity": cell.quantity} for cell in changed]
    )
    rows.create(deltas)
    moved: defaultdict[int, int] = defaultdict(int)
    for one in deltas:
        moved[one.quota_id] += one.delta
    lefts = {pk: quotas[pk].remaining - delta for pk, delta in sorted(moved.items()) if delta}
    rows.update(
        "metering_quota", {"remaining": "bigint"}, [{"id": pk, "remaining": left} for pk, left in lefts.items()]
    )
    outbox.publish_all(
        [
            QuotaDeducted(quota=pk, package=quotas[pk].package_id, before=quotas[pk].remaining, after=left)
            for pk, left in lefts.items()
        ],
        now=now,
    )
