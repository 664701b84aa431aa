"""Read charges for buyers and sellers, and explain a charge down to its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, QuerySet, Sum
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.models import Collection, Meter, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.payments.models import Account, Entry
from tradepost.market.subscriptions.models import Subscription

from . import package_queries, usage_months
from .charge import rate_of_meter
from .models import Accumulation, Allocation, Charge
from .rate import Rate

PAGE = 25


def _with_details(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    return charges.select_related("subscription__product", "accumulation__meter", "collection")


def of_service(charges: QuerySet[Charge], subscription: int, month: date | None) -> QuerySet[Charge]:
    """Select the charges of one service, or of its usage in one month of the market's time zone."""
    selected_charges = charges.filter(subscription=subscription)
    if month is None:
        return selected_charges
    # A month has at most 745 hours. By key, because the planner would scan all charges for a condition on another
    # table.
    begin, end = usage_months.month_bounds(month)
    months = Accumulation.objects.filter(meter=subscription, start__gte=begin, start__lt=end).values_list(
        "pk", flat=True
    )
    keys = Charge.objects.filter(accumulation__in=list(months)).values_list("pk", flat=True)
    return selected_charges.filter(pk__in=list(keys))


class DayOfCharges(Struct, frozen=True, kw_only=True):
    """Charges of one service on one day of the market's time zone. ``partial``: older charges of the day are on the
    next page."""

    day: date
    charges: tuple[Charge, ...]
    partial: bool = False

    @property
    def newest(self) -> Charge:
        return self.charges[0]

    @property
    def alone(self) -> bool:
        return len(self.charges) == 1

    @property
    def amount(self) -> Money:
        return self._sum(charge.minor for charge in self.charges)

    @property
    def open(self) -> Money:
        return self._sum(charge.open_minor for charge in self.charges)

    @property
    def waiting(self) -> Money:
        return self._sum(charge.waiting_minor for charge in self.charges)

    def _sum(self, minors: Iterable[int]) -> Money:
        return Money(sum(minors), self.newest.currency)


MAX_CHARGES = 100
"""Maximum charges read for a page of days."""


def by_day(
    charges: QuerySet[Charge], *, after: str = "", most: int = MAX_CHARGES, along: tuple[str, ...] = ()
) -> Page[DayOfCharges]:
    """Group charges by day, newest first. The oldest day that is not read completely goes to the next page."""
    charge_page = page(charges, after=after, size=most + 1, along=along)
    rows, is_cut = charge_page.rows[:most], len(charge_page.rows) > most
    is_partial = False
    if is_cut:
        last_day = _day(charge_page.rows[most])
        complete = [row for row in rows if _day(row) != last_day]
        is_partial = not complete
        rows = complete or rows
    days: dict[tuple[date, int, str], list[Charge]] = {}
    for row in rows:
        days.setdefault((_day(row), row.subscription_id, row.currency), []).append(row)
    next_key = str(rows[-1].pk) if is_cut else ""
    return Page(
        [DayOfCharges(day=key[0], charges=tuple(day_charges), partial=is_partial) for key, day_charges in days.items()],
        next_key,
    )


def _day(charge: Charge) -> date:
    return timezone.localtime(charge.at, timezone.get_default_timezone()).date()


class ChargeFilter(Struct, frozen=True, kw_only=True):
    """Filters of a list of charges: one service, one day, or the usage of one month."""

    subscription: int | None = None
    month: date | None = None
    day: date | None = None
    open_only: bool = False


def _filtered(charges: QuerySet[Charge], filters: ChargeFilter) -> QuerySet[Charge]:
    if filters.subscription is not None:
        charges = of_service(charges, filters.subscription, filters.month)
    if filters.subscription is not None and filters.day is not None:
        begin, end = usage_months.day_bounds(filters.day)
        charges = charges.filter(at__gte=begin, at__lt=end)
    return charges.filter(open_minor__gt=0) if filters.open_only else charges


def _listed(charges: QuerySet[Charge], filters: ChargeFilter, after: str, owner: str = "") -> Page[DayOfCharges]:
    """Return charges grouped by day, or single charges of one day. ``owner``: column whose index the list uses."""
    # By key: with a join, PostgreSQL would read all services of the market.
    services = Subscription.objects.select_related("product").defer("sealed_access", "sealed_license")
    matching_charges = _filtered(charges, filters).prefetch_related(Prefetch("subscription", services))
    along = (owner,) if owner and not filters.open_only else ()
    if filters.subscription is not None:
        along = ("subscription",)
    if filters.day is None or filters.subscription is None:
        return by_day(matching_charges, after=after, along=along)
    charge_page = page(matching_charges, after=after, size=PAGE, along=along)
    return Page([DayOfCharges(day=filters.day, charges=(row,)) for row in charge_page.rows], charge_page.next_key)


def charges_of_buyer(buyer: User, filters: ChargeFilter, *, after: str = "") -> Page[DayOfCharges]:
    """Return the buyer's charges, newest first. Charges that round to zero are left out unless a package covered usage."""
    return _listed(Charge.objects.filter(buyer=buyer).exclude(minor=0, deducted=0, free=0), filters, after, "buyer")


def charges_of_seller(seller: Seller, filters: ChargeFilter, *, after: str = "") -> Page[DayOfCharges]:
    """Return the seller's charges, or those of one of its services."""
    return _listed(Charge.objects.filter(seller=seller).exclude(minor=0), filters, after, "seller")


def charges_by_operator(filters: ChargeFilter, *, buyer: int | None = None, after: str = "") -> Page[DayOfCharges]:
    """Return the charges of all buyers, or of one."""
    charges = Charge.objects.exclude(minor=0).prefetch_related("buyer")
    if buyer is None:
        return _listed(charges, filters, after)
    return _listed(charges.filter(buyer=buyer), filters, after, "buyer")


def charge_of_buyer(buyer: User, pk: int) -> Charge | None:
    return _with_details(Charge.objects.filter(buyer=buyer, pk=pk)).select_related("subscription__offer").first()


def charge_of_seller(seller: Seller, pk: int) -> Charge | None:
    return _with_details(Charge.objects.filter(seller=seller, pk=pk)).first()


def charge_by_operator(pk: int) -> Charge | None:
    return _with_details(Charge.objects.select_related("buyer", "seller").filter(pk=pk)).first()


def charge_of_record(record: Record) -> Charge | None:
    """Return the charge that includes the record; None until it is charged."""
    collection = Collection.objects.filter(cycle=record.cycle, after_id__lt=record.pk).order_by("-after_id").first()
    if collection is None or collection.upto_id < record.pk:
        return None
    return Charge.objects.filter(
        collection=collection, accumulation__meter=record.subscription_id, accumulation__start=record.accumulation_start
    ).first()


class Part(Struct, frozen=True):
    """Part of a quantity at one unit price."""

    quantity: Decimal
    each: Decimal
    amount: Decimal


class Explanation(Struct, frozen=True, kw_only=True):
    """A charge computed again from stored inputs; ``agrees``: both results are equal."""

    charge: Charge
    meter: Meter
    rate: Rate
    before: Decimal
    after: Decimal
    parts: tuple[Part, ...]
    """Parts of the price of the total usage; empty if records are priced separately."""
    exact: Decimal
    total: Money
    """Total rounded to the minor unit."""
    charged_before: Money
    allocations: tuple[Allocation, ...]
    deducted: Decimal
    """Usage deducted from packages; negative if returned."""
    packages: tuple[package_queries.PackageDeduction, ...]
    """Deductions by package."""
    free: Decimal
    """Free usage, because the package stops the service when used up."""
    agrees: bool

    @property
    def used(self) -> Decimal:
        return self.after - self.before

    @property
    def reported(self) -> Decimal:
        """Total of the records in the collection."""
        return self.used + self.deducted + self.free

    @property
    def of_package(self) -> bool:
        return bool(self.deducted or self.free)


def explain(charge: Charge) -> Explanation:
    """Compute the charge from the meter, quantities and earlier charges; the stored result is only compared."""
    meter = charge.accumulation.meter
    rate = rate_of_meter(meter)
    earlier_charges = Charge.objects.filter(accumulation=charge.accumulation, pk__lt=charge.pk)
    before = Money(earlier_charges.aggregate(total=Sum("minor"))["total"] or 0, charge.currency)
    exact_amount = charge.exact_after if rate.by_record else rate.of(charge.quantity_after)
    total = Money.of(exact_amount, charge.currency)
    return Explanation(
        charge=charge, meter=meter, rate=rate, before=units(charge.quantity_before), after=units(charge.quantity_after),
        parts=tuple(_parts(rate, units(charge.quantity_after))), exact=exact_amount, total=total, charged_before=before,
        allocations=tuple(charge.allocations.select_related("transfer", "charge").order_by("pk")),
        deducted=units(charge.deducted), packages=tuple(package_queries.by_package(charge)), free=units(charge.free),
        agrees=total - before == charge.amount and exact_amount == charge.exact_after,
    )  # fmt: skip


def _parts(rate: Rate, quantity: Decimal) -> Iterator[Part]:
    if rate.by_record:
        return
    if not rate.model.banded:
        yield Part(quantity, rate.price, quantity * rate.price)
        return
    low = Decimal(0)
    for upto, band_price in rate.bands:
        if rate.model == PriceModel.TIER:
            if upto is None or quantity <= upto:
                yield Part(quantity, band_price, quantity * band_price)
                return
            continue
        part = (quantity if upto is None else min(upto, quantity)) - low
        if part > 0:
            yield Part(part, band_price, part * band_price)
            low += part


def records_of(charge: Charge, *, after: str = "") -> Page[Record]:
    """Return the records of the charge, including voided ones and their voids."""
    collection, accumulation = charge.collection, charge.accumulation
    records = Record.objects.filter(
        subscription=charge.subscription_id, pk__gt=collection.after_id, pk__lte=collection.upto_id,
        cycle=collection.cycle, accumulation_start=accumulation.start,
    )  # fmt: skip
    return page(records.select_related("push"), after=after, size=PAGE)


def problems() -> list[str]:
    """Check all charges by explaining them, and compare open charges with the ledger's debts."""
    messages = [
        f"charge {charge.pk} says {charge.minor}, its inputs {explanation.total.minor - explanation.charged_before.minor}"
        for charge in _with_details(Charge.objects.order_by("pk")).iterator(chunk_size=500)
        if not (explanation := explain(charge)).agrees
    ]
    unpaid = Charge.objects.filter(open_minor__gt=0).values_list("buyer", "currency").annotate(total=Sum("open_minor"))
    owed_amounts = {(buyer, currency): total for buyer, currency, total in unpaid}
    entries = Entry.objects.filter(account__kind=Account.Kind.DEBT).values_list("account__user", "account__currency")
    booked_debts = {
        (buyer, currency): -total for buyer, currency, total in entries.annotate(total=Sum("amount_minor")) if total
    }
    messages += [
        f"buyer {debtor[0]} owes {booked_debts.get(debtor, 0)} {debtor[1]}, open charges say {owed_amounts.get(debtor, 0)}"
        for debtor in sorted(owed_amounts.keys() | booked_debts.keys())
        if owed_amounts.get(debtor, 0) != booked_debts.get(debtor, 0)
    ]
    return messages + usage_months.problems() + package_queries.problems()
