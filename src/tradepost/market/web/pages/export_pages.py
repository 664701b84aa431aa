"""Pages of a person's exports on a site: request, progress, download, deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.paging import page
from tradepost.market.exports import order
from tradepost.market.exports.models import MAX_PATH_LENGTH, Export
from tradepost.market.identity.models import User
from tradepost.market.web.sending_files import send_file

from .downloads import checked_query
from .form_acts import act, or_404
from .listing import FORMATS, Render
from .registry import entry


class ExportPages(Struct, frozen=True, kw_only=True):
    """The export pages of one site. ``seller_of``: the seller for which a request acts."""

    site: str
    layout: str
    render: Render
    seller_of: Callable[[Any], int | None] = lambda _request: None

    def index(self, request: Any) -> HttpResponse:
        """Show the person's exports, newest first. The list is polled while one is in progress."""
        rows = page(self._own(request), after=request.GET.get("after", ""), along=("user",))
        waiting = [row for row in rows.rows if row.status == Export.Status.WAITING]
        jobs = {export.pk: order.job_of(export) for export in waiting}
        context = {
            "layout": self.layout,
            "site": self.site,
            "page": rows,
            "exports": [(row, _progress(jobs.get(row.pk))) for row in rows.rows],
            "readable": _readable(rows.rows, request.user),
            "waiting": bool(waiting),
            "keep_days": config().exports.keep_exports_days,
        }
        return self.render(request, "web/pages/exports.html", context, HTTPStatus.OK)

    def new(self, request: Any) -> HttpResponse:
        """Request a list as a file. 404 for a list that this person cannot open."""
        posted = request.POST
        path, query, kind = posted.get("path", ""), posted.get("query", ""), posted.get("format", "")
        name = _name(path)
        listed = entry(name) if name.startswith(f"{self.site}:") else None
        if listed is None or not listed.listing.file or kind not in FORMATS or len(path) > MAX_PATH_LENGTH:
            raise Http404
        checked_query(query)
        export = Export(
            user=request.user, seller_id=self.seller_of(request), site=self.site, listing=name, title=str(listed.listing.title)[:200],
            path=path, query=query, format=kind, language=get_language() or "zh-hans", name=listed.listing.file,
        )  # fmt: skip
        if not listed.admit(request, export):
            raise Http404
        return act(
            request,
            lambda: order.order_export(export, now=request.now),
            done=_("Your export is in progress. You can close this page."),
            back=f"{self.site}:exports",
        )

    def file(self, request: Any, pk: int) -> HttpResponse:
        """Return the file while the person may still see the list."""
        export = or_404(self._own(request).filter(pk=pk, status=Export.Status.DONE).first())
        if not _may_read(request, export):
            raise Http404
        path = order.folder(config().files).path(export.sha256)
        if not path.exists():
            raise Http404
        return send_file(path, name=f"{export.name}.{export.format}", wanted=request.headers.get("Range", ""))

    def delete(self, request: Any, pk: int) -> HttpResponse:
        export = or_404(self._own(request).filter(pk=pk).first())
        order.delete(export, files=config().files, now=request.now)
        messages.success(request, _("The export was deleted."))
        return redirect(f"{self.site}:exports")

    def _own(self, request: Any) -> Any:
        return Export.objects.filter(user=request.user, site=self.site, seller=self.seller_of(request))


def _name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def _may_read(request: Any, export: Export) -> bool:
    listed = entry(export.listing)
    return listed is not None and listed.admit(request, export)


def _readable(exports: Iterable[Export], user: User) -> set[str]:
    """Return the names of the lists that the person may still open; a change of role or group may have ended it."""
    latest_exports: dict[str, Export] = {}
    for export in exports:
        if export.status == Export.Status.DONE:
            latest_exports.setdefault(export.listing, export)
    for export in latest_exports.values():
        export.user = user
    return {name for name, export in latest_exports.items() if _may_read(HttpRequest(), export)}


def _progress(job: LeasedJob | None) -> int:
    return job.done if job else 0
