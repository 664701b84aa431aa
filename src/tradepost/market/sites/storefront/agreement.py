"""Agreements to read: what a buyer agrees to when ordering, what a seller does when it enters and publishes."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from babel.dates import format_timedelta
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.agreements import in_force, version_of
from tradepost.market.web.access import now_of
from tradepost.market.web.agreement_text import paragraphs
from tradepost.market.web.templatetags.ui import locale_now

type Unit = Literal["day", "hour", "minute"]

UNITS: tuple[tuple[int, Unit], ...] = ((24 * 60, "day"), (60, "hour"), (1, "minute"))
NEVER_SOONER = 1_000_000
"""Babel would take a larger unit, and round, where the value reaches this."""


@require_safe
def agreement(request: HttpRequest, kind: str) -> HttpResponse:
    """The version in force, or an earlier one by its number: what was accepted can be read for ever."""
    number = whole_number(request.GET.get("version", ""))
    shown = in_force(kind, now=now_of(request)) if number is None else version_of(kind, number)
    if shown is None:
        raise Http404
    latest = in_force(kind, now=now_of(request))
    context = {
        "agreement": shown,
        "paragraphs": paragraphs(shown, pay_within=in_words(config().unpaid_timeout_minutes)),
        "latest": latest if latest and latest.number != shown.number else None,
    }
    return render(request, "storefront/agreement.html", context)


def in_words(minutes: int) -> str:
    """In the largest unit that says it exactly: a contract must not round."""
    unit = next(unit for length, unit in UNITS if minutes % length == 0)
    time = timedelta(minutes=minutes)
    return format_timedelta(time, granularity=unit, threshold=NEVER_SOONER, locale=locale_now())
