"""Deduct the usage of a collection from the packages of its services; the excess is charged.

Late usage repeats the deduction from its hour on, and the differences are written as rows (design money.md §4). Quotas
are locked by primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tradepost.market.base import outbox, rows

from .deduct import Amount, Use, Window, counted_at, deduct
from .events import QuotaDeducted
from .models import Collection, Meter
from .package_models import Deduction, Package, Quota, UsageCell


@dataclass(slots=True)
class Split:
    """Change of the usage of one accumulation: ``excess`` to charge, ``deducted`` from packages, and ``free`` because
    the package stops the service. They add up to the new usage."""

    excess: int = 0
    deducted: int = 0
    free: int = 0


class _Added(NamedTuple):
    """New usage in a collection, less voided records."""

    service: int
    begin_at: datetime
    package: int | None
    accumulation_start: datetime
    quantity: int


@dataclass(slots=True)
class _Service:
    """Working data of one service."""

    packages: Mapping[int, Package]
    windows: Sequence[Window]
    splits: defaultdict[datetime, Split] = field(default_factory=lambda: defaultdict(Split))
    """By start of the accumulation."""
    cells: dict[tuple[datetime, int | None], UsageCell] = field(default_factory=dict)
    """Cells with new usage and all later ones."""
    added: defaultdict[tuple[datetime, int | None], int] = field(default_factory=lambda: defaultdict(int))
    places: dict[tuple[datetime, int | None], datetime] = field(default_factory=dict)

    @property
    def first(self) -> datetime | None:
        return min((at for at, _named in self.added), default=None)


def services_with_packages(services: Several[int]) -> set[int]:
    """Return the services whose usage is deducted from packages. Prices per record are not combined with packages."""
    deducted_services = set(Package.objects.filter(service__in=services).values_list("service", flat=True))
    if not deducted_services:
        return deducted_services
    record_priced = Meter.objects.filter(subscription__in=deducted_services, accumulation="").exclude(model="linear")
    return deducted_services - set(record_priced.values_list("subscription", flat=True))


def lock_quotas(services: Several[int]) -> list[Quota]:
    """Lock the quotas of these services, so that no other transaction deducts from them."""
    return list(Quota.objects.select_for_update(of=("self",)).filter(service__in=services).order_by("pk"))


def deduct_collection(
    collection: Collection, services: Several[int], quotas: Sequence[Quota], *, now: datetime
) -> dict[tuple[int, datetime], Split]:
    """Deduct a collection and return the changes by service and start of accumulation. ``quotas``: locked quotas of
    these services.

    Not repeatable: call it once per collection and service.
    """
    by_service = _begin(services, quotas)
    for addition in _added(collection, services):
        _add_to_cell(by_service[addition.service], addition)
    _load(by_service)
    deducted_before = _deducted_before(by_service)
    deltas: list[Deduction] = []
    for pk, service in by_service.items():
        deltas += _deduct(service, deducted_before.get(pk, {}), collection)
    _write(by_service, deltas, {quota.pk: quota for quota in quotas}, now)
    return {(pk, start): split for pk, service in by_service.items() for start, split in service.splits.items()}


_USED = """
SELECT m.subscription_id, m.begin_at, m.package_id, m.accumulation_start, SUM(m.sign * m.quantity)
FROM {asked} JOIN metering_record m ON m.subscription_id = r.service
WHERE m.id > %s AND m.id <= %s AND m.cycle = %s
GROUP BY m.subscription_id, m.begin_at, m.package_id, m.accumulation_start
"""


def _added(collection: Collection, services: Several[int]) -> list[_Added]:
    recordset = rows.recordset({"service": "bigint"})
    result = rows.run(
        _USED.format(asked=recordset),
        [rows.as_json({"service": pk} for pk in sorted(services)), collection.after_id, collection.upto_id, collection.cycle],
    )  # fmt: skip
    return [
        _Added(service, rows.aware(begin_at), package, rows.aware(start), int(quantity))
        for service, begin_at, package, start, quantity in result
    ]


def _begin(services: Several[int], quotas: Sequence[Quota]) -> dict[int, _Service]:
    packages: defaultdict[int, dict[int, Package]] = defaultdict(dict)
    for package in Package.objects.filter(service__in=services).order_by("pk"):
        packages[package.service_id][package.pk] = package
    windows: defaultdict[int, list[Window]] = defaultdict(list)
    for quota in quotas:
        closed_at = packages[quota.service_id][quota.package_id].closed_at
        windows[quota.service_id].append(
            Window(
                pk=quota.pk, package=quota.package_id, starts_at=quota.starts_at, ends_at=quota.ends_at, left=quota.remaining,
                until=closed_at,
            )
        )  # fmt: skip
    return {pk: _Service(packages[pk], windows[pk]) for pk in services}


def _add_to_cell(service: _Service, addition: _Added) -> None:
    """Add usage to its cell, or to the excess if no package covers its time."""
    package = service.packages.get(addition.package or 0)
    named_package = package.pk if package is not None and package.stops else None
    is_free = named_package is not None or stops_at(service.packages.values(), addition.begin_at)
    usable_windows = [window for window in service.windows if named_package in {None, window.package}]
    if not any(window.covers(addition.begin_at) for window in usable_windows):
        split = service.splits[addition.accumulation_start]
        if is_free:
            split.free += addition.quantity
        else:
            split.excess += addition.quantity
        return
    edges = [edge for window in service.windows for edge in (window.starts_at, window.ends_at, window.until) if edge]
    moment = counted_at(addition.begin_at, addition.accumulation_start, edges)
    service.added[moment, named_package] += addition.quantity
    service.places[moment, named_package] = addition.accumulation_start
    service.splits[addition.accumulation_start]  # creates the entry, so that a charge of zero is stored


def stops_at(packages: Iterable[Package], at: datetime) -> bool:
    """Return whether the service stops when its packages are used up; the package that began last decides."""
    started_packages = [package for package in packages if package.starts_at <= at]
    return bool(started_packages) and max(started_packages, key=lambda package: (package.starts_at, package.pk)).stops


def _load(by_service: Mapping[int, _Service]) -> None:
    """Load the cells from the earliest new usage on, and create missing ones."""
    since = [(pk, service.first) for pk, service in by_service.items() if service.first is not None]
    for cell in _cells_from(since):
        by_service[cell.service_id].cells[cell.starts_at, cell.named_id] = cell
    new_cells = []
    for pk, service in by_service.items():
        for (at, named), start in service.places.items():
            if (at, named) not in service.cells:
                free = named is not None or stops_at(service.packages.values(), at)
                cell = UsageCell(
                    service_id=pk, named_id=named, starts_at=at, accumulation_start=start, quantity=0, free=free
                )
                service.cells[at, named] = cell
                new_cells.append(cell)
    rows.create(new_cells)


_FROM = "{asked} JOIN metering_usagecell c ON c.service_id = r.service AND c.starts_at >= r.since"


def _cells_from(since: Sequence[tuple[int, datetime]]) -> Iterable[UsageCell]:
    if not since:
        return ()
    return UsageCell.objects.raw(f"SELECT c.* FROM {_joined_cells()}", [_as_json(since)])  # noqa: S608  # constants only


def _joined_cells() -> str:
    return _FROM.format(asked=rows.recordset({"service": "bigint", "since": "timestamptz"}))


def _as_json(first_by_service: Sequence[tuple[int, datetime]]) -> str:
    return rows.as_json({"service": pk, "since": rows.moment(since)} for pk, since in first_by_service)


type _By = dict[tuple[int, int], int]
"""Deducted quantity by cell and quota."""


def _deducted_before(working: Mapping[int, _Service]) -> dict[int, _By]:
    since = [(pk, service_data.first) for pk, service_data in working.items() if service_data.first is not None]
    if not since:
        return {}
    result: defaultdict[int, _By] = defaultdict(dict)
    deductions = rows.run(
        f"SELECT c.service_id, d.cell_id, d.quota_id, SUM(d.delta) FROM {_joined_cells()}"  # noqa: S608  # constants only
        " JOIN metering_deduction d ON d.cell_id = c.id GROUP BY c.service_id, d.cell_id, d.quota_id",
        [_as_json(since)],
    )
    for service, cell, quota, quantity in deductions:
        result[service][cell, quota] = int(quantity)
    return result


def _deduct(service: _Service, before: _By, collection: Collection) -> list[Deduction]:
    """Return the difference between the new and the previous deductions from the earliest cell on."""
    returned_amounts: defaultdict[int, int] = defaultdict(int)
    of_cell: defaultdict[int, int] = defaultdict(int)
    for (counted, quota), quantity in before.items():
        returned_amounts[quota] += quantity
        of_cell[counted] += quantity
    windows = [_with_remaining(window, window.left + returned_amounts[window.pk]) for window in service.windows]
    for key, cell in service.cells.items():
        cell.quantity += service.added.get(key, 0)
    uses = [Use(cell.pk, cell.starts_at, cell.named_id, cell.quantity) for cell in service.cells.values()]
    amounts = deduct(windows, uses)
    now_of_cell: defaultdict[int, int] = defaultdict(int)
    for part in amounts:
        now_of_cell[part.use] += part.quantity
    for key, cell in service.cells.items():
        _split(service, cell, service.added.get(key, 0), now_of_cell[cell.pk] - of_cell[cell.pk])
    return _differences(amounts, before, {window.pk: window.package for window in windows}, collection)


def _with_remaining(window: Window, remaining: int) -> Window:
    return Window(
        pk=window.pk, package=window.package, starts_at=window.starts_at, ends_at=window.ends_at, left=remaining,
        until=window.until,
    )  # fmt: skip


def _split(service: _Service, cell: UsageCell, added_quantity: int, additional: int) -> None:
    """Add the change of a cell to the split. ``additional``: additional deduction from packages."""
    if not added_quantity and not additional:
        return
    split = service.splits[cell.accumulation_start]
    split.deducted += additional
    if cell.free:
        split.free += added_quantity - additional
    else:
        split.excess += added_quantity - additional


def _differences(
    amounts: Sequence[Amount], before: _By, packages: Mapping[int, int], collection: Collection
) -> list[Deduction]:
    new_amounts = {(amount.use, amount.window): amount.quantity for amount in amounts}
    return [
        Deduction(
            package_id=packages[quota], quota_id=quota, cell_id=cell, collection=collection,
            delta=new_amounts.get((cell, quota), 0) - before.get((cell, quota), 0),
        )
        for cell, quota in sorted(new_amounts.keys() | before.keys())
        if new_amounts.get((cell, quota), 0) != before.get((cell, quota), 0)
    ]  # fmt: skip


def _write(
    working: Mapping[int, _Service], deltas: Sequence[Deduction], quotas: Mapping[int, Quota], now: datetime
) -> None:
    changed_rows = [
        service.cells[key] for service in working.values() for key, quantity in service.added.items() if quantity
    ]
    rows.update(
        "metering_usagecell",
        {"quantity": "bigint"},
        [{"id": cell.pk, "quantity": cell.quantity} for cell in changed_rows],
    )
    rows.create(deltas)
    changes: defaultdict[int, int] = defaultdict(int)
    for deduction in deltas:
        changes[deduction.quota_id] += deduction.delta
    new_remaining = {pk: quotas[pk].remaining - delta for pk, delta in sorted(changes.items()) if delta}
    rows.update(
        "metering_quota",
        {"remaining": "bigint"},
        [{"id": pk, "remaining": remaining} for pk, remaining in new_remaining.items()],
    )
    outbox.publish_all(
        [
            QuotaDeducted(quota=pk, package=quotas[pk].package_id, before=quotas[pk].remaining, after=remaining)
            for pk, remaining in new_remaining.items()
        ],
        now=now,
    )
