"""What is read of charges: a buyer's, a seller's; and a charge explained down to its records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.models import Collection, Meter, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.payments.models import Account, Entry

from . import package_queries, usage_months
from .charge import rate_of_meter
from .models import Accumulation, Allocation, Charge
from .rate import Rate

PAGE = 25


def _shown(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    return charges.select_related("subscription__product", "accumulation__meter", "collection")


def of_service(charges: QuerySet[Charge], subscription: int, month: date | None) -> QuerySet[Charge]:
    """Those of one service, or of its usage in one month of the market's time zone."""
    found = charges.filter(subscription=subscription)
    if month is None:
        return found
    # A month has 745 hours at most. By key, since a planner that sees only a condition on another table walks all charges.
    begin, end = usage_months.bounds(month)
    months = Accumulation.objects.filter(meter=subscription, start__gte=begin, start__lt=end).values_list(
        "pk", flat=True
    )
    keys = Charge.objects.filter(accumulation__in=list(months)).values_list("pk", flat=True)
    return found.filter(pk__in=list(keys))


def charges_of_buyer(
    buyer: User, *, subscription: int | None = None, month: date | None = None, open_only: bool = False, after: str = ""
) -> Page[Charge]:
    """Newest first. Of those that came to nothing, being parts of a coin, none is told; what a package covered is."""
    found = Charge.objects.filter(buyer=buyer).exclude(minor=0, deducted=0, free=0)
    if subscription is not None:
        found = of_service(found, subscription, month)
    if open_only:
        found = found.filter(open_minor__gt=0)
    return page(_shown(found), after=after, size=PAGE)


def charges_of_seller(
    seller: Seller, *, subscription: int | None = None, month: date | None = None, after: str = ""
) -> Page[Charge]:
    """The same of what a seller is owed, or of one of its services."""
    found = Charge.objects.filter(seller=seller).exclude(minor=0)
    if subscription is not None:
        found = of_service(found, subscription, month)
    return page(_shown(found), after=after, size=PAGE)


def charge_of_buyer(buyer: User, pk: int) -> Charge | None:
    return _shown(Charge.objects.filter(buyer=buyer, pk=pk)).first()


def charge_of_seller(seller: Seller, pk: int) -> Charge | None:
    return _shown(Charge.objects.filter(seller=seller, pk=pk)).first()


def charge_by_operator(pk: int) -> Charge | None:
    return _shown(Charge.objects.select_related("buyer", "seller").filter(pk=pk)).first()


def charge_of_record(record: Record) -> Charge | None:
    """The one that the record went into; None while it was not collected and charged yet."""
    closed = Collection.objects.filter(cycle=record.cycle, after_id__lt=record.pk).order_by("-after_id").first()
    if closed is None or closed.upto_id < record.pk:
        return None
    return Charge.objects.filter(
        collection=closed, accumulation__meter=record.subscription_id, accumulation__start=record.accumulation_start
    ).first()


class Part(Struct, frozen=True):
    """So much of a quantity at a price of one unit."""

    quantity: Decimal
    each: Decimal
    amount: Decimal


class Explanation(Struct, frozen=True, kw_only=True):
    """How a charge came about, computed again from what was stored; ``agrees`` says whether it comes to the same."""

    charge: Charge
    meter: Meter
    rate: Rate
    before: Decimal
    after: Decimal
    parts: tuple[Part, ...]
    """Of the price of all that was used; of what is priced record by record, none."""
    exact: Decimal
    total: Money
    """The same, rounded to a coin."""
    charged_before: Money
    allocations: tuple[Allocation, ...]
    deducted: Decimal
    """What packages took of it; below zero what was given back to them."""
    packages: tuple[package_queries.OfPackage, ...]
    """Which packages."""
    free: Decimal
    """What costs nothing of it, since its package stops the service when it is used up."""
    agrees: bool

    @property
    def used(self) -> Decimal:
        return self.after - self.before

    @property
    def reported(self) -> Decimal:
        """What the records of the collection say, all in all."""
        return self.used + self.deducted + self.free

    @property
    def of_package(self) -> bool:
        return bool(self.deducted or self.free)


def explain(charge: Charge) -> Explanation:
    """Again from the meter, the quantities and the charge before; nothing of the result is read but to compare it."""
    meter = charge.accumulation.meter
    rate = rate_of_meter(meter)
    earlier = Charge.objects.filter(accumulation=charge.accumulation, pk__lt=charge.pk)
    before = Money(earlier.aggregate(total=Sum("minor"))["total"] or 0, charge.currency)
    exact = charge.exact_after if rate.by_record else rate.of(charge.quantity_after)
    total = Money.of(exact, charge.currency)
    return Explanation(
        charge=charge, meter=meter, rate=rate, before=units(charge.quantity_before), after=units(charge.quantity_after),
        parts=tuple(_parts(rate, units(charge.quantity_after))), exact=exact, total=total, charged_before=before,
        allocations=tuple(charge.allocations.select_related("transfer", "charge").order_by("pk")),
        deducted=units(charge.deducted), packages=tuple(package_queries.by_package(charge)), free=units(charge.free),
        agrees=total - before == charge.amount and exact == charge.exact_after,
    )  # fmt: skip


def _parts(rate: Rate, quantity: Decimal) -> Iterator[Part]:
    if rate.by_record:
        return
    if not rate.model.banded:
        yield Part(quantity, rate.price, quantity * rate.price)
        return
    low = Decimal(0)
    for upto, each in rate.bands:
        if rate.model == PriceModel.TIER:
            if upto is None or quantity <= upto:
                yield Part(quantity, each, quantity * each)
                return
            continue
        part = (quantity if upto is None else min(upto, quantity)) - low
        if part > 0:
            yield Part(part, each, part * each)
            low += part


def records_of(charge: Charge, *, after: str = "") -> Page[Record]:
    """What the collection added to the accumulation: with voided ones and those that void them."""
    collection, accumulation = charge.collection, charge.accumulation
    found = Record.objects.filter(
        subscription=charge.subscription_id, pk__gt=collection.after_id, pk__lte=collection.upto_id,
        cycle=collection.cycle, accumulation_start=accumulation.start,
    )  # fmt: skip
    return page(found.select_related("push"), after=after, size=PAGE)


def problems() -> list[str]:
    """What does not hold of charges: each is explained again; what is open is what the ledger says is owed."""
    found = [
        f"charge {one.pk} says {one.minor}, its inputs {explained.total.minor - explained.charged_before.minor}"
        for one in _shown(Charge.objects.order_by("pk")).iterator(chunk_size=500)
        if not (explained := explain(one)).agrees
    ]
    open_ = Charge.objects.filter(open_minor__gt=0).values_list("buyer", "currency").annotate(total=Sum("open_minor"))
    owed = {(buyer, currency): total for buyer, currency, total in open_}
    entries = Entry.objects.filter(account__kind=Account.Kind.DEBT).values_list("account__user", "account__currency")
    booked = {
        (buyer, currency): -total for buyer, currency, total in entries.annotate(total=Sum("amount_minor")) if total
    }
    found += [
        f"buyer {place[0]} owes {booked.get(place, 0)} {place[1]}, open charges say {owed.get(place, 0)}"
        for place in sorted(owed.keys() | booked.keys())
        if owed.get(place, 0) != booked.get(place, 0)
    ]
    return found + usage_months.problems() + package_queries.problems()
