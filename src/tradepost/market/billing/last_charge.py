"""Last charge of a pay-per-use service: usage reported and not charged yet (business-rules §3.2, §4.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.metering.collect import next_moment
from tradepost.market.metering.deduction import services_with_packages
from tradepost.market.metering.models import Meter, Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.subscriptions.models import Subscription

from .charge import rate_of_meter
from .models import Accumulation, Charge
from .rate import Added, Rate, State, add


class LastCharge(Struct, frozen=True, kw_only=True):
    """``amount``: price of reported usage that is not charged yet. ``at_most``: packages may cover part of it.
    ``reported_until``: end of the latest usage."""

    amount: Money
    quantity: Decimal
    unit: str
    unit_en: str
    charged_at: datetime
    reported_until: datetime | None
    at_most: bool

    @property
    def credit(self) -> Money | None:
        """Positive amount of a credit, if the next charge is one."""
        return -self.amount if self.amount.minor < 0 else None


def last_charge(subscription: Subscription, *, zone: ZoneInfo, now: datetime) -> LastCharge | None:
    """Return the estimate; None for a service without reported usage."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    # In the order of the index ``record_window_once``.
    reported_records = Record.objects.filter(subscription=subscription, sign=1, voided=False).order_by(
        "-begin_at", "-end_at"
    )
    additions = _uncharged(meter)
    return LastCharge(
        amount=Money(_priced(meter, additions), meter.currency),
        quantity=units(sum((item.quantity * item.times for items in additions.values() for item in items), 0)),
        unit=meter.unit, unit_en=meter.unit_en, charged_at=next_moment(meter.cycle, now, zone),
        reported_until=reported_records.values_list("end_at", flat=True).first(),
        at_most=bool(services_with_packages({subscription.pk})),
    )  # fmt: skip


def _uncharged(meter: Meter) -> Mapping[datetime, list[Added]]:
    """Return uncharged usage by accumulation. Collections are charged in shards, so collected records may be uncharged."""
    # By time: sorted by key, PostgreSQL would scan the charges of all other services.
    charges = Charge.objects.filter(subscription=meter.subscription_id, collection__cycle=meter.cycle).order_by("-at")
    upto = charges.values_list("collection__upto_id", flat=True).first() or 0
    waiting_records = Record.objects.filter(subscription=meter.subscription_id, cycle=meter.cycle, pk__gt=upto)
    additions: defaultdict[datetime, list[Added]] = defaultdict(list)
    if rate_of_meter(meter).by_record:
        counted_records = (
            waiting_records.values_list("accumulation_start", "quantity").annotate(times=Sum("sign")).order_by()
        )
        for start, quantity, times in counted_records:
            additions[start].append(Added(quantity, times))
    else:
        summed_records = (
            waiting_records.values_list("accumulation_start").annotate(total=Sum(F("sign") * F("quantity"))).order_by()
        )
        for start, total in summed_records:
            additions[start].append(Added(total))
    return additions


def _priced(meter: Meter, added: Mapping[datetime, list[Added]]) -> int:
    rate: Rate = rate_of_meter(meter)
    accumulations = {
        accumulation.start: accumulation
        for accumulation in Accumulation.objects.filter(meter=meter, start__in=list(added))
    }
    total = 0
    for start, additions in added.items():
        stored_accumulation = accumulations.get(start)
        state = (
            State(stored_accumulation.quantity, stored_accumulation.exact, stored_accumulation.charged_minor)
            if stored_accumulation
            else State()
        )
        total += add(rate, state, additions)[1]
    return total
