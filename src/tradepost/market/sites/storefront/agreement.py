"""What a buyer agrees to when ordering."""

from __future__ import annotations

from babel.units import format_unit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.web.templatetags.ui import locale_now

UNITS = ((24 * 60, "duration-day"), (60, "duration-hour"), (1, "duration-minute"))


@require_safe
def buyer_agreement(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/agreement.html", {"pay_within": in_words(config().unpaid_timeout_minutes)})


def in_words(minutes: int) -> str:
    """In the largest unit that says it exactly: a contract must not round."""
    length, unit = next((length, unit) for length, unit in UNITS if minutes % length == 0)
    return format_unit(minutes // length, unit, locale=locale_now())
