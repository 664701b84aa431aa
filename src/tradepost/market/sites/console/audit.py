"""The audit log: every act of an operator, searched, read one by one, and exported as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.audit import queries
from tradepost.market.audit.details import flat
from tradepost.market.audit.models import Entry
from tradepost.market.audit.queries import LogFilter
from tradepost.market.base.errors import Refused
from tradepost.market.web.access import operator_required
from tradepost.market.web.audit_acts import ACTS, KINDS, words_of

MOST_EXPORTED = 100_000
LONGEST_EXPORT = timedelta(days=366)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    asked, wrong = _asked(request)
    found = queries.search(asked, after=get.get("after", "")) if not wrong else None
    context = {
        "page": found,
        "rows": [(one, words_of(one.act), _link(one)) for one in found.rows] if found else [],
        "asked": asked,
        "wrong": wrong,
        "since": get.get("since", "")[:10],
        "until": get.get("until", "")[:10],
        "acts": sorted(((name, str(act.words)) for name, act in ACTS.items()), key=lambda pair: pair[1]),
        "kinds": [(name, kind.words) for name, kind in KINDS.items()],
        "outcome": "refused" if asked.refused else "",
        "outcomes": [("refused", _("Refused or failed"))],
        "cleared": queries.clearance_until(),
        "most_days": LONGEST_EXPORT.days,
    }
    return render(
        request, "console/audit.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    )


def _asked(request: HttpRequest) -> tuple[LogFilter, str]:
    """What is searched for, and what is wrong with it. ``until`` is the last day that is looked at."""
    get, wrong = request.GET, ""
    days: list[date | None] = []
    for name in ("since", "until"):
        typed = get.get(name, "").strip()
        try:
            days.append(date.fromisoformat(typed[:10]) if typed else None)
        except ValueError:
            days.append(None)
            wrong = _("Type a date.")
    since, until = days
    asked = LogFilter(
        actor=get.get("actor", "").strip()[:254], act=get.get("act", "")[:64], object_kind=get.get("kind", "")[:32],
        object_id=get.get("id", "").strip()[:64], seller=get.get("seller", "")[:18],
        refused=get.get("outcome", "") == "refused", since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until is not None and until < date.max else None,
    )  # fmt: skip
    if since is not None and until is not None and until < since:
        wrong = _("The last day is before the first.")
    return asked, wrong


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), timezone.get_default_timezone()) if day is not None else None


def _link(one: Entry) -> str:
    """The page of what was acted on; empty where there is none."""
    if one.object_kind == "entry":
        source, _colon, pk = one.object_id.partition(":")
        return f"{reverse('console:queue')}?at={source}:{pk}"
    kind = KINDS.get(one.object_kind)
    if kind is None or not kind.page:
        return ""
    try:
        return reverse(f"console:{kind.page}", args=[one.object_id])
    except NoReverseMatch:
        return ""


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    one = queries.find_entry(pk)
    if one is None:
        raise Http404
    kind = KINDS.get(one.object_kind)
    context: dict[str, Any] = {
        "one": one, "act": words_of(one.act), "link": _link(one), "kind": kind.words if kind else one.object_kind,
        "details": list(one.details.items()),
    }  # fmt: skip
    return render(request, "console/audit_entry.html", context)


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


@operator_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """As CSV; of a time of at most a year, which must be said. It is read within the request, so that it counts as an export."""
    asked, wrong = _asked(request)
    if wrong or asked.since is None or asked.until is None:
        raise Refused("audit.time", wrong or _("Choose the first and the last day."), HTTPStatus.UNPROCESSABLE_ENTITY)
    if asked.until - asked.since > LONGEST_EXPORT:
        raise Refused("audit.long", _("Choose at most a year."), HTTPStatus.UNPROCESSABLE_ENTITY)
    name = f"audit-{asked.since:%Y%m%d}-{asked.until - timedelta(days=1):%Y%m%d}.csv"
    return HttpResponse(
        "".join(_lines(queries.exported(asked, most=MOST_EXPORTED))),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


COLUMNS = ("at", "actor", "act", "title", "object", "object_id", "object_name", "seller", "outcome", "reason", "details", "network", "request", "entry")  # fmt: skip


def _lines(batches: Iterable[Iterable[Entry]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # so that a spreadsheet reads Chinese as it is
    yield writer.writerow(COLUMNS)
    for batch in batches:
        yield "".join(writer.writerow([_cell(value) for value in _row(one)]) for one in batch)


def _row(one: Entry) -> tuple[object, ...]:
    return (
        one.at.isoformat(timespec="seconds"), one.actor_text, one.act, words_of(one.act), one.object_kind, one.object_id,
        one.object_text, one.seller_id or "", one.outcome, one.reason, flat(one.details), one.network, one.request, one.pk,
    )  # fmt: skip


def _cell(value: object) -> str:
    """What a spreadsheet would take for a formula is text."""
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
