"""Explain a charge like the amounts of an order: parts, sum and comparison, with its records and pushes."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from tradepost.market.metering.models import Deduction
from tradepost.market.metering.seller_queries import units
from tradepost.market.orders.explained import ExplainedAmount, Kind, Part

from .models import Charge
from .package_queries import deductions_of_charge
from .queries import Explanation, explain, records_of

PREFIX = "charge:"


def find_charge(text: str) -> Charge | None:
    """Find a charge by a reference such as ``charge:12``."""
    number = text.removeprefix(PREFIX)
    if number == text or not number.isdecimal() or len(number) > 18:
        return None
    charges = Charge.objects.select_related("subscription__product", "accumulation__meter", "collection")
    return charges.filter(pk=int(number)).first()


def explain_charge(charge: Charge) -> ExplainedAmount:
    explanation = explain(charge)
    parts = [
        Part(_("Price of %(quantity)s %(unit)s") % {"quantity": f"{explanation.after.normalize():f}", "unit": explanation.meter.unit_en}, explanation.total),
        Part(_("Less previous charges"), -explanation.charged_before),
    ]  # fmt: skip
    records = [
        f"{record.pk}: {units(record.sign * record.quantity).normalize():f}, {record.begin_at:%Y-%m-%d %H:%M}Z,"
        f" push {record.push_id} {record.push.received_at:%Y-%m-%d %H:%M:%S}Z"
        for record in records_of(charge).rows
    ]
    return ExplainedAmount(
        kind=Kind.CHARGE, title=f"{PREFIX}{charge.pk} {charge.subscription.product.name_en}", said=charge.amount, parts=tuple(parts),
        recomputed=explanation.total - explanation.charged_before,
        note=" ".join([*_package_texts(explanation), _("Records: %(records)s") % {"records": "; ".join(records)}]),
    )  # fmt: skip


def _package_texts(explanation: Explanation) -> list[str]:
    """Describe how reported usage was split with packages."""
    if not explanation.of_package:
        return []
    summary = _(
        "Reported %(reported)s: %(deducted)s deducted from packages, %(free)s free of charge, %(excess)s charged by "
        "usage.") % {
        "reported": _plain(explanation.reported), "deducted": _plain(explanation.deducted), "free": _plain(explanation.free),
        "excess": _plain(explanation.used),
    }  # fmt: skip
    return [summary, *(_deducted(deduction) for deduction in deductions_of_charge(explanation.charge))]


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _deducted(deduction: Deduction) -> str:
    return _("%(at)sZ: %(quantity)s from package %(package)s.") % {
        "at": f"{deduction.cell.starts_at:%Y-%m-%d %H:%M}", "quantity": _plain(units(deduction.delta)), "package": deduction.package_id,
    }  # fmt: skip
