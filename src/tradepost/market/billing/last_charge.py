"""What a pay-per-use service still costs when it ends: usage that was reported and is not charged yet (business-rules §3.2, §4.8)."""

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
    """``amount``: of the usage reported so far and not charged yet. ``at_most``: packages may cover a part of it.
    ``reported_until``: end of the latest usage, in whichever order it was reported."""

    amount: Money
    quantity: Decimal
    unit: str
    unit_en: str
    charged_at: datetime
    reported_until: datetime | None
    at_most: bool

    @property
    def credit(self) -> Money | None:
        """The amount without its sign when the next charge is a credit."""
        return -self.amount if self.amount.minor < 0 else None


def last_charge(subscription: Subscription, *, zone: ZoneInfo, now: datetime) -> LastCharge | None:
    """Return the estimate; None for a service of which no usage was reported."""
    meter = Meter.objects.filter(subscription=subscription).first()
    if meter is None:
        return None
    # In the order of the index ``record_window_once``.
    reported = Record.objects.filter(subscription=subscription, sign=1, voided=False).order_by("-begin_at", "-end_at")
    added = _uncharged(meter)
    return LastCharge(
        amount=Money(_priced(meter, added), meter.currency),
        quantity=units(sum((one.quantity * one.times for many in added.values() for one in many), 0)),
        unit=meter.unit, unit_en=meter.unit_en, charged_at=next_moment(meter.cycle, now, zone),
        reported_until=reported.values_list("end_at", flat=True).first(),
        at_most=bool(services_with_packages({subscription.pk})),
    )  # fmt: skip


def _uncharged(meter: Meter) -> Mapping[datetime, list[Added]]:
    """By accumulation what the next charge adds to it. A collection is charged in shards: a record may be collected and not charged."""
    # By time: ordered by key, PostgreSQL walks the primary key past the charges of all other services.
    charges = Charge.objects.filter(subscription=meter.subscription_id, collection__cycle=meter.cycle).order_by("-at")
    upto = charges.values_list("collection__upto_id", flat=True).first() or 0
    waiting = Record.objects.filter(subscription=meter.subscription_id, cycle=meter.cycle, pk__gt=upto)
    found: defaultdict[datetime, list[Added]] = defaultdict(list)
    if rate_of_meter(meter).by_record:
        counted = waiting.values_list("accumulation_start", "quantity").annotate(times=Sum("sign")).order_by()
        for start, quantity, times in counted:
            found[start].append(Added(quantity, times))
    else:
        summed = waiting.values_list("accumulation_start").annotate(total=Sum(F("sign") * F("quantity"))).order_by()
        for start, total in summed:
            found[start].append(Added(total))
    return found


def _priced(meter: Meter, added: Mapping[datetime, list[Added]]) -> int:
    rate: Rate = rate_of_meter(meter)
    standing = {one.start: one for one in Accumulation.objects.filter(meter=meter, start__in=list(added))}
    total = 0
    for start, many in added.items():
        one = standing.get(start)
        before = State(one.quantity, one.exact, one.charged_minor) if one else State()
        total += add(rate, before, many)[1]
    return total
