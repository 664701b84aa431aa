"""Usage that the market measures itself and bills without a push (business-rules §5: hours of an image).

It is stored as records under a push of the market, so that charges can be traced to it. The caller keeps track of what
it has measured; nothing is checked for repetition here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import batched
from zoneinfo import ZoneInfo

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import rows

from . import collect, locks
from .meters import accumulates_by, meters_of, start_of
from .models import Meter, Push, Record

BATCH_SIZE = 10_000
"""Records per push."""


class MeasuredUsage(Struct, frozen=True, kw_only=True):
    """``quantity``: positive, in ten-thousandths of a unit. ``subscription``: a pay-per-use service with a meter."""

    seller: int
    subscription: int
    begin_at: datetime
    end_at: datetime
    quantity: int


def store(measured: Sequence[MeasuredUsage], *, zone: ZoneInfo, now: datetime) -> list[Record]:
    """Store the usage and return the records in order; their cycles are then collected.

    Raises ``IntegrityError`` for a window already used and ``LookupError`` for a service without a meter, both errors
    of the caller.
    """
    meters = meters_of({item.subscription for item in measured}) if measured else {}
    if missing_keys := {item.subscription for item in measured} - meters.keys():
        raise LookupError(f"services {sorted(missing_keys)} have no price by usage")
    stored_records: list[Record] = []
    with transaction.atomic():
        locks.while_inserting()
        for batch in batched(measured, BATCH_SIZE):
            pushes = _pushes(batch, now)
            records = rows.create(_record(item, pushes[item.seller], meters[item.subscription], zone) for item in batch)
            _finish(records, pushes)
            stored_records += records
        collect.schedule_collections({meter.cycle for meter in meters.values()}, now=now, zone=zone)
    return stored_records


def _pushes(measured: Sequence[MeasuredUsage], now: datetime) -> Mapping[int, Push]:
    """Create one push per seller."""
    number: defaultdict[int, int] = defaultdict(int)
    for item in measured:
        number[item.seller] += 1
    return {
        seller: Push.objects.create(
            seller_id=seller, api=Push.Api.MEASURED, received_at=now, received=count, accepted=count, repeated=0, refused=0
        )
        for seller, count in sorted(number.items())
    }  # fmt: skip


def _record(measured: MeasuredUsage, push: Push, meter: Meter, zone: ZoneInfo) -> Record:
    hour = measured.begin_at.replace(minute=0, second=0, microsecond=0)
    return Record(
        push=push, seller_id=measured.seller, subscription_id=measured.subscription, begin_at=measured.begin_at, end_at=measured.end_at, sn="",
        quantity=measured.quantity, cycle=meter.cycle,
        accumulation_start=start_of(hour, accumulates_by(meter.model, meter.accumulation), zone),
    )  # fmt: skip


def _finish(records: Sequence[Record], pushes: Mapping[int, Push]) -> None:
    for seller, push in pushes.items():
        keys = [record.pk for record in records if record.seller_id == seller]
        Push.objects.filter(pk=push.pk).update(first_record=min(keys), last_record=max(keys))
