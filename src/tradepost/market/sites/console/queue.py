"""The work queue: tasks of operators by deadline, their assignee, and entries that are put off."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User
from tradepost.market.organisations.own_companies import own_companies_of
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.console_access import reads_source
from tradepost.market.web.own_business import entry_is_own
from tradepost.market.work_queue import handle, queue_queries, snooze
from tradepost.market.work_queue.contract import Clock
from tradepost.market.work_queue.queue_queries import QueuedEntry, QueueFilter
from tradepost.market.work_queue.registry import sources

TABS = (
    ("", pgettext_lazy("work queue", "All")),
    ("mine", pgettext_lazy("work queue", "Mine")),
    ("nobody", pgettext_lazy("work queue", "Unassigned")),
    ("snoozed", pgettext_lazy("work queue", "Postponed")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    clock, show = clock_of(request), request.GET.get("show", "")
    filters = QueueFilter(
        source=request.GET.get("source", "")[:32],
        whose=show if show in {"mine", "nobody"} else "",
        snoozed=show == "snoozed",
    )
    selected_entry = _selected_entry(request, request.GET.get("at", ""))
    listing = queue_queries.listed(filters, reader=person(request), clock=clock, reads=source_predicate(request))
    open_entry = selected_entry or next(iter(listing.entries), None)
    context = {
        "found": listing,
        "sources": queue_queries.waiting_by_source(clock, reads=source_predicate(request)),
        "titles": _titles(request),
        "asked": filters,
        "show": show,
        "tabs": TABS,
        "gone": bool(request.GET.get("at")) and selected_entry is None,
        "chosen": selected_entry is not None,
        **(_entry_context(request, open_entry) if open_entry is not None else {}),
    }
    return render(request, "console/queue.html", context)


def clock_of(request: HttpRequest) -> Clock:
    """Return the market's time of this request with the settings for deadlines."""
    return Clock(now=now_of(request), settings=config(), zone=timezone.get_default_timezone())


def _selected_entry(request: HttpRequest, key: str) -> QueuedEntry | None:
    """Return the entry at which the list is opened."""
    source, _colon, pk = key.partition(":")
    number = whole_number(pk)
    return _find_entry(request, source, number) if number is not None else None


def source_predicate(request: HttpRequest) -> queue_queries.MayRead:
    """Return a predicate: whether the operator's role includes a source's list."""
    return reads_source(person(request).operator_role)


def _find_entry(request: HttpRequest, source: str, pk: int) -> QueuedEntry | None:
    return queue_queries.find(source, pk, clock_of(request), reads=source_predicate(request))


def _titles(request: HttpRequest) -> dict[str, object]:
    reads = source_predicate(request)
    return {name: source.title for name, source in sources().items() if reads(source)}


def _entry_context(
    request: HttpRequest, entry: QueuedEntry, *, refused: Refused | None = None, back: str | None = None
) -> dict[str, Any]:
    """Return the context of an entry's panel with its forms. ``back``: the list from which it was opened."""
    handling = entry.handling
    return {
        "one": entry,
        "source_title": _titles(request)[entry.entry.source],
        "changes": queue_queries.changes_of(handling),
        "operators": queue_queries.operators(),
        "me": person(request),
        "own": entry_is_own(entry.entry.source, entry.entry.pk, own_companies_of(person(request), now=now_of(request))),
        "refused": refused,
        "typed": request.POST,
        "back": request.get_full_path() if back is None else back,
    }


@operator_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """Return the count for the navigation, polled every minute."""
    return render(
        request, "web/parts/nav_count.html",
        {"badge": queue_queries.waiting_count(now_of(request), reads=source_predicate(request)), "badge_url": reverse("console:queue_count")},
    )  # fmt: skip


@operator_required
@require_safe
def entry(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """Show an entry beside the list or on its own page."""
    queued_entry = _find_entry(request, source, pk)
    if queued_entry is None:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        current_url = request.headers.get("HX-Current-URL", "")
        return render(
            request,
            "console/parts/queue_peek.html",
            _entry_context(request, queued_entry, back=_list_address(request, current_url)),
        )
    return _page(request, queued_entry)


def _page(request: HttpRequest, entry: QueuedEntry, refused: Refused | None = None) -> HttpResponse:
    list_url = _list_address(request, request.POST.get("back", ""))
    context = _entry_context(request, entry, refused=refused, back=list_url)
    return render(request, "console/queue_entry.html", context)


def _list_address(request: HttpRequest, address: str) -> str:
    """Return the previous list if it belongs to this page, otherwise the whole list."""
    queue_url = reverse("console:queue")
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return queue_url
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.path == queue_url else queue_url


type Act = Callable[[QueuedEntry], str]


def _act(request: HttpRequest, source: str, pk: int, act: Act) -> HttpResponse:
    """Run an act and return to the list with the entry. A refusal is shown on the entry's page."""
    queued_entry = _find_entry(request, source, pk)
    if queued_entry is None:
        raise Refused("queue.gone", _("This entry is resolved and no longer in the queue."))
    try:
        message = act(queued_entry)
    except Refused as refused:
        return _page(request, _find_entry(request, source, pk) or queued_entry, refused)
    messages.success(request, message)
    path, _mark, query = _list_address(request, request.POST.get("back", "")).partition("?")
    parameters = [(name, value) for name, value in parse_qsl(query) if name != "at"]
    return redirect(f"{path}?{urlencode([*parameters, ('at', queued_entry.entry.key)])}")


@operator_required
@require_POST
def assign(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """Assign an entry to oneself or another operator, or unassign it."""
    choice, me = request.POST.get("assignee", ""), person(request)
    to = me if choice == "me" else _operator(choice)
    seen_assignee = whole_number(request.POST.get("seen", ""))

    def act(entry: QueuedEntry) -> str:
        if to is not None and entry_is_own(source, pk, own_companies_of(to, now=now_of(request))):
            words = _("This concerns an account or a company of %(name)s. Choose another operator.") % {"name": to}
            raise Refused("own.assignee", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="assignee")
        handle.assign(entry.entry, to, seen=seen_assignee, by=me, now=now_of(request))
        if to is None:
            return _("The entry is unassigned.")
        return _("Assigned to you.") if to == me else _("Assigned to %(name)s.") % {"name": to}

    return _act(request, source, pk, act)


def _operator(choice: str) -> User | None:
    if not choice:
        return None
    operator = next((operator for operator in queue_queries.operators() if str(operator.pk) == choice), None)
    if operator is None:
        raise Refused("queue.no_operator", _("Choose an operator."), HTTPStatus.UNPROCESSABLE_ENTITY, field="assignee")
    return operator


@operator_required
@require_POST
def put_off(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """Put an entry off until a morning, or return it to the queue."""
    clock, post = clock_of(request), request.POST

    def act(entry: QueuedEntry) -> str:
        back_at = snooze.end_of_snooze(
            post.get("until", ""), post.get("date", ""), now=clock.now, zone=clock.zone,
            morning=clock.settings.work_queue.queue_morning,
        )  # fmt: skip
        handle.snooze(entry.entry, back_at, knowing="beyond" in post, by=person(request), now=clock.now)
        return _("The entry will return to the queue automatically.") if back_at else _("Returned to the queue.")

    return _act(request, source, pk, act)


@operator_required
@require_POST
def note(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """Save a note for the next operator."""

    def act(entry: QueuedEntry) -> str:
        handle.note(entry.entry, request.POST.get("note", ""), by=person(request), now=now_of(request))
        return _("The note is saved.")

    return _act(request, source, pk, act)
