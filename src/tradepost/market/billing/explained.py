"""A charge explained as amounts of orders are: parts, sum, whether they agree; then the records, and when they were pushed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tradepost.market.metering.seller_queries import units
from tradepost.market.orders.explained import Explained, Kind, Part

from .models import Charge
from .queries import explain, records_of

PREFIX = "charge:"


def find(what: str) -> Charge | None:
    """``charge:12``."""
    number = what.removeprefix(PREFIX)
    if number == what or not number.isdecimal() or len(number) > 18:
        return None
    shown = Charge.objects.select_related("subscription__product", "accumulation__meter", "collection")
    return shown.filter(pk=int(number)).first()


def explained(charge: Charge) -> Explained:
    found = explain(charge)
    parts = [
        Part(_("Price of %(quantity)s %(unit)s") % {"quantity": f"{found.after.normalize():f}", "unit": found.meter.unit_en}, found.total),
        Part(_("Less what was charged before"), -found.charged_before),
    ]  # fmt: skip
    records = [
        f"{record.pk}: {units(record.sign * record.quantity).normalize():f}, {record.begin_at:%Y-%m-%d %H:%M}Z,"
        f" push {record.push_id} {record.push.received_at:%Y-%m-%d %H:%M:%S}Z"
        for record in records_of(charge).rows
    ]
    return Explained(
        kind=Kind.CHARGE, title=f"{PREFIX}{charge.pk} {charge.subscription.product.name_en}", said=charge.amount, parts=tuple(parts),
        recomputed=found.total - found.charged_before,
        note=_("Records: %(records)s") % {"records": "; ".join(records)},
    )  # fmt: skip
