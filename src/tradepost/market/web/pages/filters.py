"""Filters of a list: search, choices and time. Their values are in the query string."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base.paging import OLDEST
from tradepost.market.web.status import state_choices
from tradepost.market.web.templatetags.lists import TAB

from .list_query import ListQuery

type Words = str | Promise
type Options = Iterable[tuple[str, Words | Sequence[tuple[str, Words]]]]
"""Values and labels. A sequence instead of a label is a group."""

MAX_SEARCH = 64
SEARCH, TIME = gettext_lazy("Search"), gettext_lazy("Time")
SPANS: Mapping[str, tuple[timedelta, Words]] = {
    "24h": (timedelta(hours=24), gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("7 days")),
    "30d": (timedelta(days=30), gettext_lazy("30 days")),
}
FIRST_YEAR, LAST_YEAR = 2000, 2999
"""Days of these years have a beginning in every time zone."""


class Filter(Struct, frozen=True, kw_only=True):
    """A filter. ``kind``: name of its template; ``options``: the choices, computed for each request."""

    kind: str
    name: str
    label: Words
    hint: Words = ""
    default: str | Callable[[Any], str] = ""
    """Value if the address does not contain the filter."""
    options: Callable[[Any], Options] | None = None

    def value(self, request: HttpRequest) -> str:
        """Return the value from the address. An unknown choice matches no rows."""
        return request.GET.get(self.name, self.initial(request)).strip()[:MAX_SEARCH].replace("\x00", "")

    def initial(self, request: HttpRequest) -> str:
        return self.default(request) if callable(self.default) else self.default

    def field(self, request: HttpRequest, query: ListQuery) -> str:
        """Return the HTML of the filter's field."""
        options = [
            (key, words) if isinstance(words, str | Promise) else ("", (key, words))
            for key, words in (self.options(request) if self.options else ())
        ]
        context = {
            "name": self.name, "label": self.label, "hint": self.hint,
            "value": OLDEST if self.kind == "order" and query.oldest else query[self.name], "options": options,
            "changed": query[self.name] != self.initial(request),
            "last": request.GET.get("last", ""), "spans": [("", _("Any time")), *((key, words) for key, (_span, words) in SPANS.items())],
            "since": request.GET.get("from", "")[:10], "until": request.GET.get("to", "")[:10], "problems": query.problems,
        }  # fmt: skip
        return render_to_string(f"web/pages/filter_{self.kind}.html", context)


def search(hint: Words, *, name: str = "q", label: Words = SEARCH) -> Filter:
    """Return a search field. ``hint`` names the searched fields."""
    return Filter(kind="search", name=name, label=label, hint=hint)


def hidden(name: str) -> Filter:
    """Return a filter that only links set. A search keeps its value."""
    return Filter(kind="hidden", name=name, label="")


def tabs(options: Callable[[Any], Options], *, default: str = "") -> Filter:
    """Return tabs above the filters, selected by ``?show=``; the first is the default."""
    return Filter(kind="tabs", name=TAB, label="", options=options, default=default)


def choice(
    name: str,
    label: Words,
    options: Options | Callable[[Any], Options],
    *,
    default: str | Callable[[Any], str] = "",
) -> Filter:
    """Return a choice of one value, or all."""
    options_of = options if callable(options) else lambda _request: options
    return Filter(kind="choice", name=name, label=label, options=options_of, default=default)


def states(
    lifecycle: str, *, default: str | Callable[[Any], str] = "", also: Sequence[tuple[str, Words]] = ()
) -> Filter:
    """Return a filter by state, with the labels that all pages use. ``also``: options before the states."""
    return choice(
        "status", gettext_lazy("State"), lambda _request: [*also, *state_choices(lifecycle)], default=default
    )  # fmt: skip


def time_range(label: Words = TIME) -> Filter:
    """Return a filter by time: the last 24 hours, 7 or 30 days, or two dates. The source of the list uses
    ``base.pk_times.between``.

    ``label`` names the time if the list shows several.
    """
    return Filter(kind="time", name="last", label=label)


ORDER = Filter(
    kind="order",
    name="order",
    label=gettext_lazy("Sort"),
    options=lambda _request: [("", gettext_lazy("Newest first")), (OLDEST, gettext_lazy("Oldest first"))],
)
"""Reverses the order of the list. The same index serves both orders."""


def read(filters: Iterable[Filter], request: HttpRequest, now: datetime) -> ListQuery:
    """Parse the query string."""
    filters = list(filters)
    values = {item.name: item.value(request) for item in filters if item.kind not in {"time", "order"}}
    oldest = any(item.kind == "order" and item.value(request) == OLDEST for item in filters)
    # An empty tab is not a search without results: the page explains why the tab is empty.
    initial = {
        item.name: values[item.name] if item.kind == "tabs" else item.initial(request)
        for item in filters
        if item.name in values
    }
    if not any(item.kind == "time" for item in filters):
        return ListQuery(values=values, initial=initial, oldest=oldest)
    since, until, problems = _time(request, now)
    return ListQuery(values=values, initial=initial, oldest=oldest, since=since, until=until, problems=problems)


def _time(request: HttpRequest, now: datetime) -> tuple[datetime | None, datetime | None, dict[str, str]]:
    """Parse the time. Typed dates take precedence over a span."""
    dates = {name: request.GET.get(name, "").strip()[:10] for name in ("from", "to")}
    if not any(dates.values()):
        span = SPANS.get(request.GET.get("last", ""))
        return (now - span[0] if span else None), None, {}
    days = {name: _day(value) for name, value in dates.items()}
    problems = {name: _("Enter a date.") for name, value in dates.items() if value and days[name] is None}
    first_day, last_day = days["from"], days["to"]
    if first_day and last_day and last_day < first_day:
        problems["to"] = _("The last day is before the first.")
    if problems:
        return None, None, problems
    return _midnight(first_day), _midnight(last_day + timedelta(days=1) if last_day else None), {}


def _day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value) if len(value) == len("2026-01-31") else None
    except ValueError:
        return None
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), timezone.get_default_timezone()) if day else None
