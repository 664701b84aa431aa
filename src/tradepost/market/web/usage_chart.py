"""The usage chart of the sites: its time range, its table, and the same data as a file.

The browser draws the chart from the table (``usage-chart.js``), which is also accessible to screen readers.
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

from tradepost.market.base.both_languages import localised_name
from tradepost.market.billing.chart_queries import Chart
from tradepost.market.billing.spans import Grain, Span

FIRST_YEAR = 2000
BYTE_ORDER_MARK = "\ufeff"
"""Byte order mark, by which spreadsheets recognise UTF-8."""


def market_zone() -> ZoneInfo:
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return zone


def requested_span(request: HttpRequest, *, now: datetime) -> Span:
    """Parse the time range: ``?day=2026-03-01`` for the hours of a day, ``?month=2026-03`` for the days of a month.
    Defaults to this month, also for invalid and future values."""
    zone = market_zone()
    today = now.astimezone(zone).date()
    if (day := _date(request.GET.get("day", ""))) and day <= today:
        return Span.day_of(day, zone)
    if (month := _date(f"{request.GET.get('month', '')}-01")) and month <= today:
        return Span.month_of(month, zone)
    return Span.month_of(today, zone)


def _date(text: str) -> date | None:
    try:
        parsed = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return parsed if FIRST_YEAR <= parsed.year < date.max.year else None


def query_of(span: Span) -> dict[str, str]:
    """Return the query parameters of a time range."""
    if span.grain == Grain.DAY:
        return {"month": f"{span.first:%Y-%m}", "day": ""}
    return {"day": span.first.isoformat(), "month": ""}


def chart_context(chart: Chart, *, now: datetime, number: int = 1) -> dict[str, Any]:
    """Return the context of ``web/parts/usage_chart.html``. ``number`` distinguishes the charts of a page."""
    earlier, later = chart.span.before(), chart.span.after()
    return {
        "chart": chart, "id": f"usage-{number}", "unit": localised_name(chart, "unit"), "by_hour": chart.span.grain == Grain.HOUR,
        "earlier": query_of(earlier), "later": query_of(later) if later.begin <= now else None,
        "whole_month": query_of(Span.month_of(chart.span.first, chart.span.zone)),
        "rows": [(bar, query_of(Span.day_of(bar.at.date(), chart.span.zone))) for bar in chart.bars],
    }  # fmt: skip


def chart_file(charts: Iterable[Chart], *, name: str, head: Sequence[str]) -> HttpResponse:
    """Return a CSV file with a row for each bar: start, usage, unit, charged amount, currency. Units are texts of
    sellers, so a leading formula character is escaped."""
    buffer = StringIO()
    buffer.write(BYTE_ORDER_MARK)
    table = csv.writer(buffer)
    table.writerow(head)
    for chart in charts:
        unit = localised_name(chart, "unit")
        unit = f"'{unit}" if unit[:1] in {"=", "+", "-", "@", "\t", "\r"} else unit
        for bar in chart.bars:
            table.writerow(
                [bar.at.isoformat(), f"{bar.used.normalize():f}", unit, f"{bar.charged.major}", chart.currency]
            )
    response = HttpResponse(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
