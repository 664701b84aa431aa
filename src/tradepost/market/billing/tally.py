"""What the services of a product used and were charged, hour by hour: kept, since a month of many services is read at each look
at their seller's chart. A collection is added once, when it has been charged."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, tzinfo

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import TruncHour

from tradepost.market.base import rows
from tradepost.market.metering.models import Collection, Record

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
    """False for a collection that was added before."""
    with transaction.atomic():
        if not TalliedCollection.objects.get_or_create(collection=collection)[1]:
            return False
        added = _sums(collection, zone)
        if added:
            names = ", ".join(_COLUMNS)
            rows.run(_ADD.format(names=names, added=rows.recordset(_COLUMNS)), [rows.as_json(added)])
    return True


def _sums(collection: Collection, zone: tzinfo) -> list[dict[str, object]]:
    """In the order of the kept rows, so that two who add wait for each other. Hours are those of the market's zone: usage counts
    when it begins, money when it is charged."""
    found: defaultdict[tuple[_Key, datetime], list[int]] = defaultdict(lambda: [0, 0])
    used = Record.objects.filter(
        pk__gt=collection.after_id, pk__lte=collection.upto_id, cycle=collection.cycle
    ).annotate(hour=TruncHour("begin_at", tzinfo=zone))
    for *key, hour, total in used.values_list(*_KEY, "hour").annotate(total=Sum(F("sign") * F("quantity"))).order_by():
        found[_key(key), hour][0] += total
    charged = Charge.objects.filter(collection=collection).annotate(hour=TruncHour("at", tzinfo=zone))
    for *key, hour, total in charged.values_list(*_KEY, "hour").annotate(total=Sum("minor")).order_by():
        found[_key(key), hour][1] += total
    return [
        {
            "product_id": key[0], "unit": key[1], "unit_en": key[2], "currency": key[3], "hour": rows.moment(hour),
            "quantity": quantity, "minor": minor,
        }
        for (key, hour), (quantity, minor) in sorted(found.items())
    ]  # fmt: skip


def _key(found: list[object]) -> _Key:
    product, unit, unit_en, currency = found
    return int(str(product)), str(unit), str(unit_en), str(currency)
