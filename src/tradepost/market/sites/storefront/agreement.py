"""What a buyer agrees to when ordering."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from babel.dates import format_timedelta
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.web.templatetags.ui import locale_now

type Unit = Literal["day", "hour", "minute"]

UNITS: tuple[tuple[int, Unit], ...] = ((24 * 60, "day"), (60, "hour"), (1, "minute"))
NEVER_SOONER = 1_000_000
"""Babel would take a larger unit, and round, where the value reaches this."""


@require_safe
def buyer_agreement(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/agreement.html", {"pay_within": in_words(config().unpaid_timeout_minutes)})


def in_words(minutes: int) -> str:
    """In the largest unit that says it exactly: a contract must not round."""
    unit = next(unit for length, unit in UNITS if minutes % length == 0)
    time = timedelta(minutes=minutes)
    return format_timedelta(time, granularity=unit, threshold=NEVER_SOONER, locale=locale_now())
