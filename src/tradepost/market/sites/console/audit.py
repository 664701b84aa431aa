"""The audit log: search, entries, and export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import truncatechars
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.audit import queries
from tradepost.market.audit.details import one_line
from tradepost.market.audit.models import Entry
from tradepost.market.audit.queries import LogFilter
from tradepost.market.base.paging import Page
from tradepost.market.web.access import operator_required
from tradepost.market.web.audit_acts import ACTS, KINDS, act_label
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    choice,
    hidden,
    moment,
    number,
    registry,
    search,
    state,
    text,
    time_range,
    with_link,
)
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT

REFUSED, LIST = "refused", "list"


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Entry]:
    """Return the entries, newest first. The key of a page is the time and key of its last row."""
    del request
    filters = LogFilter(
        actor=query["actor"], act=query["act"], object_kind=query["kind"], object_id=query["id"], seller=query["seller"],
        refused=query["outcome"] == REFUSED, since=query.since, until=query.until,
    )  # fmt: skip
    return queries.search(filters, after=after, size=size)


def _act_choices(request: HttpRequest) -> list[tuple[str, str]]:
    del request
    return sorted(((name, str(act.words)) for name, act in ACTS.items()), key=lambda pair: pair[1])


def _clearance_context(request: HttpRequest, query: ListQuery) -> Mapping[str, Any]:
    del request, query
    return {"cleared": queries.clearance_until()}


def _link(entry: Entry) -> str:
    """Return the page of an entry's object, or ""."""
    if entry.object_kind == "entry":
        source, _colon, pk = entry.object_id.partition(":")
        return f"{reverse('console:queue')}?at={source}:{pk}"
    kind = KINDS.get(entry.object_kind)
    if kind is not None and entry.object_kind == LIST:
        return _address_of_list(entry.object_id)
    if kind is None or not kind.page:
        return ""
    try:
        return reverse(f"console:{kind.page}", args=[entry.object_id])
    except NoReverseMatch:
        return ""


def _address_of_list(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _object_name(entry: Entry) -> str:
    """Return the name of an entry's object; for a list, its title in the reader's language."""
    listed = registry.entry(entry.object_id) if entry.object_kind == LIST else None
    return str(listed.listing.title) if listed else entry.object_text or entry.object_id


def _kind(entry: Entry) -> str:
    kind = KINDS.get(entry.object_kind)
    return str(kind.words) if kind else entry.object_kind


LISTING: Listing[Entry, Entry] = Listing(
    name="console:audit",
    title=_("Audit log"),
    intro=_("Every act of an operator with its result, including refused acts. Entries cannot be changed or deleted."),
    layout=LAYOUT,
    source=_source,
    columns=(
        with_link(moment(_("When"), "at", labelled=False), lambda one: reverse("console:audit_entry", args=[one.pk])),
        text(_("Who"), "actor_text", css="c-cell"),
        text(_("What"), lambda one: act_label(one.act), css="c-cell"),
        text(_("Act code"), "act", on_page=False),
        text(_("Object type"), _kind, on_page=False),
        text(_("Object ID"), "object_id", on_page=False),
        with_link(text(_("About"), _object_name, css="c-cell"), _link),
        number(_("Seller ID"), "seller_id", on_page=False),
        state(_("Outcome"), "audit", "outcome", under=lambda one: truncatechars(one.reason, 90)),
        text(_("Reason"), "reason", on_page=False),
        text(_("Details"), lambda one: one_line(one.details), on_page=False),
        text(_("Network"), "network", on_page=False),
        text(_("Request"), "request", on_page=False),
        number(_("Entry"), "pk", on_page=False),
    ),
    filters=(
        search(_("E-mail address"), name="actor", label=_("Who")),
        choice("act", _("What"), _act_choices),
        choice("kind", _("About"), lambda _request: [(name, kind.words) for name, kind in KINDS.items()]),
        search("", name="id", label=_("Object number")),
        choice("outcome", _("Outcome"), [(REFUSED, _("Refused or failed"))]),
        time_range(),
        hidden("seller"),
    ),
    empty=Empty(
        icon="history",
        title=_("No entries yet"),
        text=_("Each act of an operator in this console appears here at once."),
    ),
    no_fit=Empty(icon="search", title=_("No entries found"), text=_("Remove a filter, or try another time.")),
    size=queries.PAGE_SIZE,
    file="audit-log",
    template="console/audit.html",
    also=_clearance_context,
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    entry = queries.find_entry(pk)
    if entry is None:
        raise Http404
    kind = KINDS.get(entry.object_kind)
    context: dict[str, Any] = {
        "one": entry, "act": act_label(entry.act), "link": _link(entry), "kind": kind.words if kind else entry.object_kind,
        "details": list(entry.details.items()), "about": _object_name(entry),
    }  # fmt: skip
    return render(request, "console/audit_entry.html", context)
