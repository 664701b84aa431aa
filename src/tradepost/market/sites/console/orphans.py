"""Servers in the cloud that belong to no order: keep them, or delete them before their grace period ends (business-rules §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import page
from tradepost.market.compute import orphans
from tradepost.market.compute.models import OrphanServer
from tradepost.market.web.access import now_of, operator_required, person


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    hours = config().orphan_server_hours
    listed = page(orphans.orphans(), after=request.GET.get("after", ""))
    spared = orphans.never_released(listed.rows)
    context = {
        "page": listed,
        "rows": [
            (orphan, orphan.found_at + timedelta(hours=hours) if hours and orphan.pk not in spared else None)
            for orphan in listed.rows
        ],
        "spared": spared,
        "hours": hours,
        "job": leased_jobs.newest(orphans.KIND, settings.CLOUD) if settings.CLOUD else None,
        "has_cloud": bool(settings.CLOUD),
    }
    return render(request, "console/orphans.html", context)


@operator_required
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    if not settings.CLOUD:
        raise Http404
    orphans.start(settings.CLOUD, now=now_of(request))
    messages.success(request, _("The check has started. This page shows its result."))
    return redirect("console:orphans")


@operator_required
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, orphans.keep, _("The server is kept until you delete it."))


@operator_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, orphans.release, _("The server is being deleted in the cloud."))


def _decide(request: HttpRequest, pk: int, verb: Callable[..., None], done: str) -> HttpResponse:
    try:
        verb(pk, actor=person(request).email, now=now_of(request))
    except OrphanServer.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, done)
    return redirect("console:orphans")
