"""Shares of time as text: a decimal for display and its exact calculation (pure functions)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

PRECISION = Decimal("0.0001")


def decimal(share: Fraction) -> str:
    """Format with at most four decimal places, rounded half up. Amounts use the exact share."""
    value = Decimal(share.numerator) / Decimal(share.denominator)
    return f"{value.quantize(PRECISION, ROUND_HALF_UP).normalize():f}"


def share_of_days(days: int, of: int) -> str:
    return _("%(days)s of %(of)s days = %(share)s") % {"days": days, "of": of, "share": decimal(Fraction(days, of))}


def share_of_hours(hours: int, of: int) -> str:
    return _("%(hours)s of %(of)s hours = %(share)s") % {
        "hours": hours,
        "of": of,
        "share": decimal(Fraction(hours, of)),
    }
