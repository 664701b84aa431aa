"""The chart of usage as sites show it: which time is asked for, the table that is its content, and the same as a file.

The browser draws the chart from the table (``usage-chart.js``): who cannot see it reads the same numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tradepost.market.base.both_languages import named
from tradepost.market.billing.chart_queries import Chart
from tradepost.market.billing.spans import Grain, Span

FIRST_YEAR = 2000
MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""


def market_zone() -> ZoneInfo:
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return zone


def span_asked(request: HttpRequest, *, now: datetime) -> Span:
    """``?day=2026-03-01``: the hours of a day; ``?month=2026-03``: the days of a month; else those of this month. What cannot be
    read, and what has not come yet, is this month too."""
    zone = market_zone()
    today = now.astimezone(zone).date()
    if (day := _date(request.GET.get("day", ""))) and day <= today:
        return Span.day_of(day, zone)
    if (month := _date(f"{request.GET.get('month', '')}-01")) and month <= today:
        return Span.month_of(month, zone)
    return Span.month_of(today, zone)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year < date.max.year else None


def query_of(span: Span) -> dict[str, str]:
    """What an address says to ask for it."""
    if span.grain == Grain.DAY:
        return {"month": f"{span.first:%Y-%m}", "day": ""}
    return {"day": span.first.isoformat(), "month": ""}


def shown(chart: Chart, *, now: datetime, number: int = 1) -> dict[str, Any]:
    """For ``web/parts/usage_chart.html``; ``number`` tells the charts of a page apart."""
    earlier, later = chart.span.before(), chart.span.after()
    return {
        "chart": chart, "id": f"usage-{number}", "unit": named(chart, "unit"), "by_hour": chart.span.grain == Grain.HOUR,
        "earlier": query_of(earlier), "later": query_of(later) if later.begin <= now else None,
        "whole_month": query_of(Span.month_of(chart.span.first, chart.span.zone)),
        "rows": [(bar, query_of(Span.day_of(bar.at.date(), chart.span.zone))) for bar in chart.bars],
    }  # fmt: skip


def as_file(charts: Iterable[Chart], *, name: str, head: Sequence[str]) -> HttpResponse:
    """A line for each bar: when it begins, usage, unit, charged, currency. Units are sellers' words: what a spreadsheet would
    take for a formula is text."""
    out = StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow(head)
    for chart in charts:
        unit = named(chart, "unit")
        unit = f"'{unit}" if unit[:1] in {"=", "+", "-", "@", "\t", "\r"} else unit
        for bar in chart.bars:
            table.writerow(
                [bar.at.isoformat(), f"{bar.used.normalize():f}", unit, f"{bar.charged.major}", chart.currency]
            )
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
