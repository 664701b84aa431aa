"""Hourly totals of usage and charges per product, so that a chart of a month does not read every record.

Each collection is added once, after it is charged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import TruncHour

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.metering.models import Collection, Record

from .attribution import average_price, by_time_of_use
from .models import Charge, TalliedCollection

type _Key = tuple[int, str, str, str]
"""Product, unit in both languages, currency."""
_KEY = (
    "subscription__product",
    "subscription__meter__unit",
    "subscription__meter__unit_en",
    "subscription__meter__currency",
)
_COLUMNS = {
    "product_id": "bigint", "unit": "text", "unit_en": "text", "currency": "text", "hour": "timestamptz",
    "quantity": "bigint", "minor": "bigint",
}  # fmt: skip
_ADD = (
    "INSERT INTO billing_producthour ({names}) SELECT {names} FROM {added} WHERE true"
    " ON CONFLICT (product_id, hour, unit, currency) DO UPDATE SET quantity = billing_producthour.quantity + excluded.quantity,"
    " minor = billing_producthour.minor + excluded.minor"
)


def tally(collection: Collection, *, zone: tzinfo) -> bool:
    """Add a collection to the totals. Return False if it was added before."""
    with transaction.atomic():
        if not TalliedCollection.objects.get_or_create(collection=collection)[1]:
            return False
        added_sums = _sums(collection, zone)
        if added_sums:
            names = ", ".join(_COLUMNS)
            rows.run(_ADD.format(names=names, added=rows.recordset(_COLUMNS)), [rows.as_json(added_sums)])
    return True


def _sums(collection: Collection, zone: tzinfo) -> list[dict[str, object]]:
    """Return the totals in the order of the stored rows, so that concurrent updates wait for each other. Hours are
    those of the market's time zone in which usage begins, with the charges for that usage."""
    quantities: defaultdict[tuple[_Key, datetime], int] = defaultdict(int)
    minors: defaultdict[tuple[_Key, datetime], int] = defaultdict(int)
    charges_by_hour = _charged(collection, zone)
    records = Record.objects.filter(
        pk__gt=collection.after_id, pk__lte=collection.upto_id, cycle=collection.cycle
    ).annotate(hour=TruncHour("begin_at", tzinfo=zone))
    by_hour = records.values_list("subscription", "accumulation_start", *_KEY, "hour")
    totals = by_hour.annotate(total=Sum(F("sign") * F("quantity"))).order_by("subscription", "accumulation_start")
    for accumulation, group_rows in groupby(totals.iterator(), key=lambda row: row[:2]):
        uses: dict[datetime, int] = {}
        for _subscription, _start, *key, hour, total in group_rows:
            quantities[_key(key), hour] += total
            uses[hour] = total
        _spread(charges_by_hour.pop(accumulation, []), uses, minors)
    for unused_charges in charges_by_hour.values():
        _spread(unused_charges, {}, minors)
    return [
        {
            "product_id": key[0], "unit": key[1], "unit_en": key[2], "currency": key[3], "hour": rows.moment(hour),
            "quantity": quantities[key, hour], "minor": minors[key, hour],
        }
        for key, hour in sorted(quantities.keys() | minors.keys())
    ]  # fmt: skip


class _Charged(NamedTuple):
    """``hour``: hour of the charge. ``price``: average price of one ten-thousandth in its accumulation."""

    key: _Key
    hour: datetime
    minor: int
    price: Decimal


def _charged(collection: Collection, zone: tzinfo) -> dict[tuple[int, datetime], list[_Charged]]:
    """Return the charges by service and start of accumulation, because different services share starts."""
    charges_by_hour: defaultdict[tuple[int, datetime], list[_Charged]] = defaultdict(list)
    charges = Charge.objects.filter(collection=collection).annotate(hour=TruncHour("at", tzinfo=zone))
    columns = ("subscription", "accumulation__start", "minor", "exact_after", "quantity_after", "hour", *_KEY)
    for subscription, start, minor, exact_amount, quantity, hour, *key in charges.values_list(*columns).order_by():
        charges_by_hour[subscription, start].append(
            _Charged(_key(key), hour, minor, average_price(exact_amount, quantity))
        )
    return charges_by_hour


def _spread(
    charges: Iterable[_Charged],
    uses: Mapping[datetime, int],
    minors: dict[tuple[_Key, datetime], int],
) -> None:
    """Add charges to the hours of their usage."""
    for spread_charge in charges:
        amount = Money(spread_charge.minor, spread_charge.key[3])
        for time, part in by_time_of_use(
            amount, uses, charged_at=spread_charge.hour, price=spread_charge.price
        ).items():
            minors[spread_charge.key, time] += part.minor


def _key(values: list[object]) -> _Key:
    product, unit, unit_en, currency = values
    return int(str(product)), str(unit), str(unit_en), str(currency)
