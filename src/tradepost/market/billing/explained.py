"""A charge explained as amounts of orders are: parts, sum, whether they agree; then the records, and when they were pushed."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from tradepost.market.metering.models import Deduction
from tradepost.market.metering.seller_queries import units
from tradepost.market.orders.explained import Explained, Kind, Part

from .models import Charge
from .package_queries import deductions_of_charge
from .queries import Explanation, explain, records_of

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
        note=" ".join([*_of_packages(found), _("Records: %(records)s") % {"records": "; ".join(records)}]),
    )  # fmt: skip


def _of_packages(found: Explanation) -> list[str]:
    """How what was reported is split, where a package took part of it."""
    if not found.of_package:
        return []
    said = _("Reported %(reported)s: %(deducted)s deducted from packages, %(free)s free of charge, %(excess)s by use.") % {
        "reported": _plain(found.reported), "deducted": _plain(found.deducted), "free": _plain(found.free),
        "excess": _plain(found.used),
    }  # fmt: skip
    return [said, *(_deducted(one) for one in deductions_of_charge(found.charge))]


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _deducted(one: Deduction) -> str:
    return _("%(at)sZ: %(quantity)s from package %(package)s.") % {
        "at": f"{one.cell.starts_at:%Y-%m-%d %H:%M}", "quantity": _plain(units(one.delta)), "package": one.package_id,
    }  # fmt: skip
