"""Servers in the cloud without an order: keep them, or delete them before their grace period ends (business-rules §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from msgspec import Struct

from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.compute import orphans
from tradepost.market.compute.models import OrphanServer
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    fragment,
    moment,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look as status_of

from .list_parts import LAYOUT


class ListedOrphan(Struct, frozen=True):
    orphan: OrphanServer
    due: datetime | None
    """When it is deleted automatically."""
    spared: bool
    """Whether it is exempt from automatic deletion, because it may contain a buyer's data."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[OrphanServer]:
    del request
    return page(between(orphans.orphans(), "found_at", query.since, query.until), after=after, size=size)


def _rows(request: HttpRequest, orphan_servers: list[OrphanServer]) -> list[ListedOrphan]:
    del request
    hours, released_ids = config().compute.orphan_server_hours, orphans.recorded_as_released(orphan_servers)
    return [
        ListedOrphan(
            server,
            server.found_at + timedelta(hours=hours) if hours and server.pk not in released_ids else None,
            server.pk in released_ids,
        )
        for server in orphan_servers
    ]


def _intro(request: HttpRequest) -> str:
    del request
    hours = config().compute.orphan_server_hours
    if not hours:
        return _(
            "Servers in the cloud that carry this store's tag but belong to no order. They stay until you delete them."
        )
    words = ngettext(
        "Servers in the cloud that carry this store's tag but belong to no order. Each is deleted %(n)s hour after it was found, unless you keep it.",
        "Servers in the cloud that carry this store's tag but belong to no order. Each is deleted %(n)s hours after it was found, unless you keep it.",
        hours,
    )
    return words % {"n": hours}


def _last_check(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    """Return the last check of the cloud. Only a successful check can report that there are no orphans."""
    del request
    job = leased_jobs.newest(orphans.KIND, settings.CLOUD) if settings.CLOUD else None
    context: dict[str, Any] = {"job": job, "has_cloud": bool(settings.CLOUD)}
    if not query.narrowed and (job is None or job.outcome != LeasedJob.Outcome.DONE):
        context["nothing"] = NOT_CHECKED if job is None else FAILED if job.ended_at else CHECKING
    return context


NOT_CHECKED = Empty(
    icon="clock",
    title=gettext_lazy("Not checked yet"),
    text=gettext_lazy("Check the cloud to find servers that belong to no order."),
)
EMPTY_TEXT = gettext_lazy("Servers appear here when the cloud has one that no order of this store needs.")
CHECKING = Empty(icon="clock", title=gettext_lazy("A check is in progress."), text=EMPTY_TEXT)
FAILED = Empty(
    icon="alert-triangle",
    title=gettext_lazy("The last check failed, so the result is unknown."),
    text=gettext_lazy("Correct the cause and check the cloud again."),
)
LISTING: Listing[OrphanServer, ListedOrphan] = Listing(
    name="console:orphans",
    title=gettext_lazy("Servers without an order"),
    up=Link(words=gettext_lazy("Servers"), page="console:servers"),
    intro=_intro,
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        fragment(gettext_lazy("Server"), "orphan.name", "console/parts/orphan_server.html", labelled=False),
        text(gettext_lazy("Server id"), "orphan.provider_id", on_page=False),
        text(gettext_lazy("Order"), "orphan.order", css="tp-id"),
        fragment(
            gettext_lazy("State"),
            lambda row: str(status_of("orphan", row.orphan.status).label),
            "console/parts/orphan_state.html",
        ),
        moment(gettext_lazy("Found on"), "orphan.found_at"),
    ),
    filters=(time_range(),),
    empty=Empty(icon="circle-check", title=gettext_lazy("Every server has an order"), text=EMPTY_TEXT),
    no_fit=Empty(icon="search", title=gettext_lazy("No servers found"), text=gettext_lazy("Try another time.")),
    file="servers-without-order",
    template="console/orphans.html",
    also=_last_check,
)
index = operator_list(LISTING)


@operator_required
@require_POST
def start_check(request: HttpRequest) -> HttpResponse:
    if not settings.CLOUD:
        raise Http404
    orphans.start(settings.CLOUD, now=now_of(request))
    messages.success(request, _("The check has started. This page shows its result."))
    return redirect("console:orphans")


@operator_required
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, orphans.exempt_orphan, _("The server is kept until you delete it."))


@operator_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, orphans.release, _("The server is being deleted in the cloud."))


def _decide(request: HttpRequest, pk: int, verb: Callable[..., None], message: str) -> HttpResponse:
    try:
        verb(pk, actor=person(request).email, now=now_of(request))
    except OrphanServer.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, message)
    return redirect("console:orphans")
