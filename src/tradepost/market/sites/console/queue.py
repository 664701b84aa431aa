"""The work queue: what of the whole market needs an operator, by its clock; who has it, and until when it is put off."""

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
from tradepost.market.organisations.own_companies import own_of
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.own_business import entry_is_own
from tradepost.market.work_queue import handle, queue_queries, snooze
from tradepost.market.work_queue.contract import Clock
from tradepost.market.work_queue.queue_queries import Queued, QueueFilter
from tradepost.market.work_queue.registry import sources

TABS = (
    ("", pgettext_lazy("work queue", "All")),
    ("mine", pgettext_lazy("work queue", "Mine")),
    ("nobody", pgettext_lazy("work queue", "Nobody's")),
    ("snoozed", pgettext_lazy("work queue", "Put off")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    clock, show = clock_of(request), request.GET.get("show", "")
    asked = QueueFilter(
        source=request.GET.get("source", "")[:32],
        whose=show if show in {"mine", "nobody"} else "",
        snoozed=show == "snoozed",
    )
    at = _at(request.GET.get("at", ""), clock)
    context = {
        "found": queue_queries.listed(asked, reader=person(request), clock=clock),
        "sources": queue_queries.waiting_by_source(clock),
        "titles": _titles(),
        "asked": asked,
        "show": show,
        "tabs": TABS,
        "gone": bool(request.GET.get("at")) and at is None,
        **(_peek(request, at) if at is not None else {}),
    }
    return render(request, "console/queue.html", context)


def clock_of(request: HttpRequest) -> Clock:
    """The market's time of this request, with the settings that promise when something is done."""
    return Clock(now=now_of(request), settings=config(), zone=timezone.get_default_timezone())


def _at(key: str, clock: Clock) -> Queued | None:
    """The entry that the list is opened at."""
    source, _colon, pk = key.partition(":")
    number = whole_number(pk)
    return queue_queries.find(source, number, clock) if number is not None else None


def _titles() -> dict[str, object]:
    return {name: source.title for name, source in sources().items()}


def _peek(
    request: HttpRequest, one: Queued, *, refused: Refused | None = None, back: str | None = None
) -> dict[str, Any]:
    """What the side shows of one entry, with the forms. ``back``: the list that it was opened from."""
    handling = one.handling
    return {
        "one": one,
        "source_title": _titles()[one.entry.source],
        "changes": queue_queries.changes_of(handling),
        "operators": queue_queries.operators(),
        "me": person(request),
        "own": entry_is_own(one.entry.source, one.entry.pk, own_of(person(request), now=now_of(request))),
        "refused": refused,
        "typed": request.POST,
        "back": request.get_full_path() if back is None else back,
    }


@operator_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """What the navigation shows, asked again each minute."""
    return render(
        request, "web/parts/nav_count.html",
        {"badge": queue_queries.waiting_count(now_of(request)), "badge_url": reverse("console:queue_count")},
    )  # fmt: skip


@operator_required
@require_safe
def entry(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """One entry: beside the list, or as a page of its own."""
    found = queue_queries.find(source, pk, clock_of(request))
    if found is None:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        back = request.headers.get("HX-Current-URL", "")
        return render(request, "console/parts/queue_peek.html", _peek(request, found, back=_ours(request, back)))
    return _page(request, found)


def _page(request: HttpRequest, found: Queued, refused: Refused | None = None) -> HttpResponse:
    back = _ours(request, request.POST.get("back", ""))
    context = _peek(request, found, refused=refused, back=back)
    status = HTTPStatus(refused.status) if refused else HTTPStatus.OK
    return render(request, "console/queue_entry.html", context, status=status)


def _ours(request: HttpRequest, address: str) -> str:
    """The list that somebody came from, or the whole one; never another site's."""
    whole = reverse("console:queue")
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return whole
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.path == whole else whole


type Act = Callable[[Queued], str]


def _act(request: HttpRequest, source: str, pk: int, act: Act) -> HttpResponse:
    """Do it, say so, and go back to the list with the entry beside it. What was refused stands on the entry's page."""
    found = queue_queries.find(source, pk, clock_of(request))
    if found is None:
        raise Refused("queue.gone", _("This is resolved: it is not in the queue any more."))
    try:
        said = act(found)
    except Refused as refused:
        return _page(request, queue_queries.find(source, pk, clock_of(request)) or found, refused)
    messages.success(request, said)
    path, _mark, query = _ours(request, request.POST.get("back", "")).partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name != "at"]
    return redirect(f"{path}?{urlencode([*kept, ('at', found.entry.key)])}")


@operator_required
@require_POST
def assign(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """To oneself, to another operator, or back to nobody."""
    chosen, me = request.POST.get("assignee", ""), person(request)
    to = me if chosen == "me" else _operator(chosen)
    seen = whole_number(request.POST.get("seen", ""))

    def act(one: Queued) -> str:
        if to is not None and entry_is_own(source, pk, own_of(to, now=now_of(request))):
            words = _("This concerns an account or a company of %(name)s. Choose another operator.") % {"name": to}
            raise Refused("own.assignee", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="assignee")
        handle.assign(one.entry, to, seen=seen, by=me, now=now_of(request))
        if to is None:
            return _("It is nobody's now.")
        return _("It is yours now.") if to == me else _("It is given to %(name)s.") % {"name": to}

    return _act(request, source, pk, act)


def _operator(chosen: str) -> User | None:
    if not chosen:
        return None
    found = next((one for one in queue_queries.operators() if str(one.pk) == chosen), None)
    if found is None:
        raise Refused("queue.no_operator", _("Choose an operator."), HTTPStatus.UNPROCESSABLE_ENTITY, field="assignee")
    return found


@operator_required
@require_POST
def put_off(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """Until a morning; or put it back now."""
    clock, post = clock_of(request), request.POST

    def act(one: Queued) -> str:
        back_at = snooze.until(
            post.get("until", ""), post.get("date", ""), now=clock.now, zone=clock.zone,
            morning=clock.settings.queue_morning,
        )  # fmt: skip
        handle.snooze(one.entry, back_at, knowing="beyond" in post, by=person(request), now=clock.now)
        return _("It comes back by itself.") if back_at else _("It is back in the queue.")

    return _act(request, source, pk, act)


@operator_required
@require_POST
def note(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """For whoever looks at it next."""

    def act(one: Queued) -> str:
        handle.note(one.entry, request.POST.get("note", ""), by=person(request), now=now_of(request))
        return _("The note is saved.")

    return _act(request, source, pk, act)
