"""Data of usage charts: of a service from its records and charges, of a product from its hourly totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDay, TruncHour
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.metering.deduction import services_with_packages
from tradepost.market.metering.meters import accumulates_by
from tradepost.market.metering.models import Collection, Meter, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.subscriptions.models import Subscription

from .attribution import average_price, by_time_of_use
from .charge import rate_of_meter
from .forecast import PACE_TIME, Forecast, KnownUsage, forecast, window
from .models import Accumulation, Charge, ProductHour
from .package_queries import covered_by_packages
from .spans import Grain, Span

_TRUNCATED = {Grain.HOUR: TruncHour, Grain.DAY: TruncDay}


class Bar(Struct, frozen=True):
    """One day or hour. ``waits``: the part of ``used`` that is not charged yet."""

    at: datetime
    used: Decimal
    charged: Money
    waits: Decimal = Decimal(0)


class Chart(Struct, frozen=True, kw_only=True):
    """``unit`` and ``unit_en``: name of the counted unit."""

    span: Span
    unit: str
    unit_en: str
    currency: str
    bars: tuple[Bar, ...]

    @property
    def used(self) -> Decimal:
        return sum((bar.used for bar in self.bars), Decimal(0))

    @property
    def charged(self) -> Money:
        return sum((bar.charged for bar in self.bars), Money(0, self.currency))

    @property
    def waits(self) -> Decimal:
        return sum((bar.waits for bar in self.bars), Decimal(0))

    @property
    def is_empty(self) -> bool:
        return not any(bar.used or bar.charged.minor for bar in self.bars)


def chart_of_service(subscription: Subscription, span: Span, *, now: datetime) -> Chart | None:
    """Return the chart; None for a service without usage. Voided usage is left out; money appears in the hour of its
    usage (decision 0097)."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    records = _counting(subscription).filter(begin_at__gte=span.begin, begin_at__lt=span.end)
    part = _TRUNCATED[span.grain]("begin_at", tzinfo=span.zone)
    sums = records.annotate(part=part).values_list("part").order_by().annotate(total=Sum("quantity"))
    quantities = dict(sums)
    minors, charged_quantities = _charged(subscription, meter, span)
    bars = tuple(
        Bar(
            at, units(quantities.get(at, 0)), Money(minors.get(at, 0), meter.currency),
            waits=units(max(quantities.get(at, 0) - charged_quantities.get(at, 0), 0)),
        )
        for at in span.parts(until=now)
    )  # fmt: skip
    return Chart(span=span, unit=meter.unit, unit_en=meter.unit_en, currency=meter.currency, bars=bars)


def _charged(
    subscription: Subscription, meter: Meter, span: Span
) -> tuple[Mapping[datetime, int], Mapping[datetime, int]]:
    """Return the charges and the charged usage by part of the time span."""
    charges = _charges(subscription, meter, span)
    minors: defaultdict[datetime, int] = defaultdict(int)
    quantities: defaultdict[datetime, int] = defaultdict(int)
    if not charges:
        return minors, quantities
    keys = {"pk__gt": min(charge.after_id for charge in charges), "pk__lte": max(charge.upto_id for charge in charges)}
    uses: defaultdict[tuple[int, datetime], dict[datetime, int]] = defaultdict(dict)
    for collection, start, time, total in _uses(subscription, span).filter(
        accumulation_start__gte=min(charge.start for charge in charges), accumulation_start__lt=span.end, **keys
    ):
        uses[collection, start][time] = total
        quantities[time] += total
    for charge in charges:
        split = by_time_of_use(
            Money(charge.minor, meter.currency), uses[charge.collection, charge.start], charged_at=span.part_of(charge.at),
            price=average_price(charge.exact_after, charge.quantity_after),
        )  # fmt: skip
        for time, amount in split.items():
            minors[time] += amount.minor
    return minors, quantities


class _Charge(NamedTuple):
    collection: int
    after_id: int
    upto_id: int
    start: datetime
    minor: int
    at: datetime
    exact_after: Decimal
    quantity_after: int


def _charges(subscription: Subscription, meter: Meter, span: Span) -> list[_Charge]:
    """Return the charges that may fall into the time span, in one statement.

    Usage accumulates over at most a month, so charges of usage belong to accumulations of that month. A charge without
    usage appears in the hour of the charge, possibly in a later month (decision 0097).
    """
    month = Span.month_of(span.first, span.zone).begin
    charges = Charge.objects.filter(subscription=subscription, accumulation__meter=meter)
    of_months = charges.filter(accumulation__start__gte=month, accumulation__start__lt=span.end)
    later_charges = charges.filter(at__gte=span.begin, at__lt=span.end, accumulation__start__lt=month)
    columns = (
        "collection", "collection__after_id", "collection__upto_id", "accumulation__start", "minor", "at", "exact_after",
        "quantity_after",
    )  # fmt: skip
    return [
        _Charge(*row) for row in of_months.values_list(*columns).union(later_charges.values_list(*columns), all=True)
    ]


def _uses(subscription: Subscription, span: Span) -> QuerySet[Record, tuple[int, datetime, datetime, int]]:
    """Select collected quantities by collection, accumulation and part of the time span; voids are negative."""
    collections = Collection.objects.filter(cycle=OuterRef("cycle"), after_id__lt=OuterRef("pk")).order_by("-after_id")
    records = Record.objects.filter(subscription=subscription).annotate(
        taken_by=Subquery(collections.values("pk")[:1]), part=_TRUNCATED[span.grain]("begin_at", tzinfo=span.zone)
    )
    grouped_records = records.values_list("taken_by", "accumulation_start", "part").order_by()
    return grouped_records.annotate(total=Sum(F("sign") * F("quantity")))


def charts_of_product(product: Product, span: Span, *, now: datetime) -> list[Chart]:
    """Return one chart per unit and currency with collected usage in this time span, because newer offers may count
    another unit."""
    hours = ProductHour.objects.filter(product=product, hour__gte=span.begin, hour__lt=span.end)
    parts = hours.annotate(part=_TRUNCATED[span.grain]("hour", tzinfo=span.zone)).order_by(
        "unit", "unit_en", "currency"
    )
    quantities: defaultdict[tuple[str, str, str], dict[datetime, int]] = defaultdict(dict)
    minors: defaultdict[tuple[str, str, str], dict[datetime, int]] = defaultdict(dict)
    sums = parts.values_list("unit", "unit_en", "currency", "part").annotate(
        quantity=Sum("quantity"), minor=Sum("minor")
    )
    for unit, unit_en, currency, part, quantity, minor in sums:
        quantities[unit, unit_en, currency][part] = quantity
        minors[unit, unit_en, currency][part] = minor
    if not quantities and (row := ProductHour.objects.filter(product=product).order_by("-hour").first()) is not None:
        quantities[row.unit, row.unit_en, row.currency] = {}  # no usage in the span: show an empty chart
    return [
        Chart(
            span=span, unit=unit, unit_en=unit_en, currency=currency,
            bars=_bars(span, used, minors[unit, unit_en, currency], currency, now),
        )
        for (unit, unit_en, currency), used in quantities.items()
    ]  # fmt: skip


def _counting(subscription: Subscription) -> QuerySet[Record]:
    return Record.objects.filter(subscription=subscription, sign=1, voided=False)


def _bars(
    span: Span, quantities: Mapping[datetime, int], minors: Mapping[datetime, int], currency: str, now: datetime
) -> tuple[Bar, ...]:
    return tuple(
        Bar(at, units(quantities.get(at, 0)), Money(minors.get(at, 0), currency)) for at in span.parts(until=now)
    )


def forecast_of(subscription: Subscription, month: Span, *, now: datetime) -> Forecast | None:
    """Return the forecast of the running month. None if the service is not active, too little is known (``forecast``),
    or packages are deducted, since the excess cannot be predicted."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None or subscription.status != Subscription.Status.ACTIVE or subscription.started_at is None:
        return None
    records = _counting(subscription).filter(begin_at__gte=min(month.begin, now - 2 * PACE_TIME))
    time_window = window(
        began_at=subscription.started_at, reported_until=records.aggregate(upto=Max("end_at"))["upto"],
        month_ends=month.end, now=now,
    )  # fmt: skip
    if time_window is None or services_with_packages({subscription.pk}):
        return None
    priced_accumulations = Accumulation.objects.filter(meter=meter, start__gte=month.begin, start__lt=month.end)
    sums = priced_accumulations.aggregate(quantity=Sum("quantity"), exact=Sum("exact"))
    usage = KnownUsage(
        this_month=_used(records.filter(begin_at__gte=month.begin)),
        lately=_used(records.filter(begin_at__gte=time_window.pace_begins, begin_at__lt=time_window.known_until)),
        priced_quantity=sums["quantity"] or 0, priced=sums["exact"] or Decimal(0),
        covered=covered_by_packages(subscription, month.begin, month.end, now=now),
    )  # fmt: skip
    rate = rate_of_meter(meter)
    adds_up = not rate.by_record and accumulates_by(meter.model, meter.accumulation) == "month"
    return forecast(rate, usage, time_window, adds_up_over_month=adds_up)


def _used(records: QuerySet[Record]) -> int:
    return records.aggregate(total=Sum("quantity"))["total"] or 0
