"""Filters for usage charts, available in templates without ``{% load %}``."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date
from django import template
from django.utils import timezone

from tradepost.market.metering.seller_queries import units

from .ui import locale_now

register = template.Library()

LARGE = 100


@register.filter
def month(value: date) -> str:
    """Return a month: March 2026, 2026年3月."""
    return format_date(value, "MMMM y" if locale_now().language == "en" else "y年M月", locale=locale_now())


@register.filter
def hour_of_day(value: datetime) -> str:
    """Return a time such as 09:00, for a day that the page names."""
    return f"{timezone.localtime(value):%H:%M}"


@register.filter
def about(value: Decimal) -> Decimal:
    """Round an estimate to a sensible precision: 12,081 or 3.47."""
    return value.quantize(Decimal(1)) if value >= LARGE else value.quantize(Decimal("0.01"))


@register.filter
def in_units(quantity: int) -> Decimal:
    """Convert ten-thousandths to units."""
    return units(quantity)
