"""What a chart of usage shows: a service's, from its records and charges; a product's, from what is kept of all its services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.metering.deduction import services_with_packages
from tradepost.market.metering.meters import accumulates_by
from tradepost.market.metering.models import Meter, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.subscriptions.models import Subscription

from .charge import rate_of_meter
from .forecast import LOOKS_BACK, Forecast, Seen, forecast, window
from .models import Accumulation, Charge, ProductHour
from .package_queries import covered_by_packages
from .spans import Grain, Span

_TRUNCATED = {Grain.HOUR: TruncHour, Grain.DAY: TruncDay}


class Bar(Struct, frozen=True):
    """A day or an hour."""

    at: datetime
    used: Decimal
    charged: Money


class Chart(Struct, frozen=True, kw_only=True):
    """``unit`` and ``unit_en``: what is counted."""

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
    def is_empty(self) -> bool:
        return not any(bar.used or bar.charged.minor for bar in self.bars)


def chart_of_service(subscription: Subscription, span: Span, *, now: datetime) -> Chart | None:
    """None for a service that no usage came for yet. What was voided is left out of the hour in which it was used."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    used = _counting(subscription).filter(begin_at__gte=span.begin, begin_at__lt=span.end)
    charged = Charge.objects.filter(subscription=subscription, at__gte=span.begin, at__lt=span.end)
    truncated = _TRUNCATED[span.grain]
    quantities = used.annotate(part=truncated("begin_at", tzinfo=span.zone)).values_list("part").order_by()
    minors = charged.annotate(part=truncated("at", tzinfo=span.zone)).values_list("part").order_by()
    bars = _bars(
        span, dict(quantities.annotate(total=Sum("quantity"))), dict(minors.annotate(total=Sum("minor"))), meter.currency, now
    )  # fmt: skip
    return Chart(span=span, unit=meter.unit, unit_en=meter.unit_en, currency=meter.currency, bars=bars)


def charts_of_product(product: Product, span: Span, *, now: datetime) -> list[Chart]:
    """One for each unit and currency in which something was used in this time, as far as it was collected; newer offers may count
    something else."""
    within = ProductHour.objects.filter(product=product, hour__gte=span.begin, hour__lt=span.end)
    parts = within.annotate(part=_TRUNCATED[span.grain]("hour", tzinfo=span.zone)).order_by(
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
    if not quantities and (newest := ProductHour.objects.filter(product=product).order_by("-hour").first()) is not None:
        quantities[newest.unit, newest.unit_en, newest.currency] = {}  # nothing then: said by an empty chart
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
    """Of the month that runs now. None for what is not in use, where too little is known yet (``forecast``), and where packages are
    deducted from: what they leave over cannot be told from what was used."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None or subscription.status != Subscription.Status.ACTIVE or subscription.started_at is None:
        return None
    records = _counting(subscription).filter(begin_at__gte=min(month.begin, now - 2 * LOOKS_BACK))
    over = window(
        began_at=subscription.started_at, reported_until=records.aggregate(upto=Max("end_at"))["upto"],
        month_ends=month.end, now=now,
    )  # fmt: skip
    if over is None or services_with_packages({subscription.pk}):
        return None
    priced = Accumulation.objects.filter(meter=meter, start__gte=month.begin, start__lt=month.end)
    sums = priced.aggregate(quantity=Sum("quantity"), exact=Sum("exact"))
    seen = Seen(
        this_month=_used(records.filter(begin_at__gte=month.begin)),
        lately=_used(records.filter(begin_at__gte=over.pace_begins, begin_at__lt=over.known_until)),
        priced_quantity=sums["quantity"] or 0, priced=sums["exact"] or Decimal(0),
        covered=covered_by_packages(subscription, month.begin, month.end, now=now),
    )  # fmt: skip
    rate = rate_of_meter(meter)
    adds_up = not rate.by_record and accumulates_by(meter.model, meter.accumulation) == "month"
    return forecast(rate, seen, over, adds_up_over_month=adds_up)


def _used(records: QuerySet[Record]) -> int:
    return records.aggregate(total=Sum("quantity"))["total"] or 0
