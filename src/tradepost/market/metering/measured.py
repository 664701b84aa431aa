"""Usage that the market itself measured: what it bills without a push of the seller's (business-rules §5: hours of an image).

It is stored as records like any other, under a push of the market's own, so that whoever asks where a charge comes from finds
it. Who measures keeps what it has measured: nothing is looked for twice here.
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

MOST_AT_ONCE = 10_000
"""Records under one push."""


class Measured(Struct, frozen=True, kw_only=True):
    """``quantity``: ten-thousandths of a unit, above zero. ``subscription``: on demand, with a meter."""

    seller: int
    subscription: int
    begin_at: datetime
    end_at: datetime
    quantity: int


def store(measured: Sequence[Measured], *, zone: ZoneInfo, now: datetime) -> list[Record]:
    """The records, in the order given here; they are collected with their cycles. Raises ``IntegrityError`` for a window that
    is taken, and ``LookupError`` for a service without a meter: both would be a mistake of whoever measured."""
    meters = meters_of({one.subscription for one in measured}) if measured else {}
    if missing := {one.subscription for one in measured} - meters.keys():
        raise LookupError(f"services {sorted(missing)} have no price by usage")
    made: list[Record] = []
    with transaction.atomic():
        locks.while_inserting()
        for some in batched(measured, MOST_AT_ONCE):
            pushes = _pushes(some, now)
            new = rows.create(_record(one, pushes[one.seller], meters[one.subscription], zone) for one in some)
            _finish(new, pushes)
            made += new
        collect.expect({meter.cycle for meter in meters.values()}, now=now, zone=zone)
    return made


def _pushes(measured: Sequence[Measured], now: datetime) -> Mapping[int, Push]:
    """One for each seller."""
    number: defaultdict[int, int] = defaultdict(int)
    for one in measured:
        number[one.seller] += 1
    return {
        seller: Push.objects.create(
            seller_id=seller, api=Push.Api.MEASURED, received_at=now, received=count, accepted=count, repeated=0, refused=0
        )
        for seller, count in sorted(number.items())
    }  # fmt: skip


def _record(one: Measured, push: Push, meter: Meter, zone: ZoneInfo) -> Record:
    hour = one.begin_at.replace(minute=0, second=0, microsecond=0)
    return Record(
        push=push, seller_id=one.seller, subscription_id=one.subscription, begin_at=one.begin_at, end_at=one.end_at, sn="",
        quantity=one.quantity, cycle=meter.cycle,
        accumulation_start=start_of(hour, accumulates_by(meter.model, meter.accumulation), zone),
    )  # fmt: skip


def _finish(made: Sequence[Record], pushes: Mapping[int, Push]) -> None:
    for seller, push in pushes.items():
        own = [one.pk for one in made if one.seller_id == seller]
        Push.objects.filter(pk=push.pk).update(first_record=min(own), last_record=max(own))
