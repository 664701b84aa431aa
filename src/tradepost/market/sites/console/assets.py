"""Files of all asset centers: state, scan result, and download."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.assets import operator_queries, scan_words, versions
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.paging import Page
from tradepost.market.review import appeals, asset_files
from tradepost.market.web.access import operator_required, person
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    choice,
    hidden,
    moment,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.status import state_choices
from tradepost.market.web.timeline import events_of_moves, moves_of

from .list_parts import LAYOUT, seller_column

log = structlog.get_logger(__name__)


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[AssetVersion]:
    del request
    filters = operator_queries.VersionFilter(
        status=query["status"], verdict=query["verdict"], seller=query["seller"], since=query.since, until=query.until
    )
    return operator_queries.all_versions(filters, after=after, size=size)


LISTING: Listing[AssetVersion, AssetVersion] = Listing(
    name="console:assets",
    title=_("Assets"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(
            _("Asset"),
            lambda one: f"{one.asset.name} {one.label}",
            "console:asset",
            "pk",
            under="asset.get_kind_display",
            css="c-cell",
        ),
        seller_column("asset.seller"),
        text(_("File name"), "file_name", under=lambda one: filesizeformat(one.bytes), css="c-cell"),
        state(_("Scan"), "asset verdict", "verdict"),
        state(_("State"), "asset version"),
        moment(_("Uploaded"), "created_at"),
    ),
    filters=(
        states("asset version"),
        choice("verdict", _("Scan"), lambda _request: state_choices("asset verdict")),
        time_range(),
        hidden("seller"),
    ),
    empty=Empty(
        icon="box",
        title=_("No files yet"),
        text=_("Files appear here when sellers upload them to their asset centers."),
    ),
    no_fit=Empty(icon="search", title=_("No files found"), text=_("Try another state, scan result or time.")),
    file="assets",
    template="console/assets.html",
    also=lambda _request, _query: {"scans": bool(config().assets.clamd_url)},
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asset_version(pk)
    context = {
        "one": version,
        "findings": scan_words.shown_findings(version),
        "why": scan_words.not_scanned_reason(version),
        "report": scan_words.facts_of(version.report),
        "submission": asset_files.submission_of(version),
        "appeal": appeals.last_appeal_of(version),
        "events": events_of_moves(moves_of(versions.ASSET_VERSION.name, version.pk), with_notes=True),
    }
    return render(request, "console/asset.html", context)


@operator_required
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the file, which may contain malware, and log the operator."""
    version, files = _asset_version(pk), Files(config().files)
    if not version.sha256 or not files.has(version.sha256):
        raise Http404
    log.info("file of an asset taken", version=pk, verdict=version.verdict, operator=person(request).email)
    return send_file(files.path(version.sha256), name=version.file_name)


def _asset_version(pk: int) -> AssetVersion:
    version = operator_queries.find_version(pk)
    if version is None:
        raise Http404
    return version
