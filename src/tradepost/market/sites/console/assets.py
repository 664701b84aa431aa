"""Files of all asset centers: what became of each, what scanners said of it, and the file itself to be looked at elsewhere."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.assets import operator_queries, scan_words, versions
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.review import appeals, asset_files
from tradepost.market.web.access import operator_required, person
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.status import vocabulary
from tradepost.market.web.timeline import moves_of, of_moves

log = structlog.get_logger(__name__)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    status, verdict, seller = get.get("status", ""), get.get("verdict", ""), get.get("seller", "")
    found = operator_queries.all_versions(status=status, verdict=verdict, seller=seller, after=get.get("after", ""))
    context = {
        "page": found, "status": status, "verdict": verdict, "statuses": vocabulary("asset version"),
        "verdicts": vocabulary("asset verdict"), "scans": bool(config().clamd_url),
    }  # fmt: skip
    return render(request, "console/assets.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    one = _found(pk)
    context = {
        "one": one,
        "findings": scan_words.shown_findings(one),
        "why": scan_words.why_not(one),
        "report": scan_words.facts_of(one.report),
        "submission": asset_files.submission_of(one),
        "appeal": appeals.last_appeal_of(one),
        "events": of_moves(moves_of(versions.ASSET_VERSION.name, one.pk), with_notes=True),
    }
    return render(request, "console/asset.html", context)


@operator_required
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """It may be what its verdict says: who took it is in the log."""
    one, files = _found(pk), Files(config().files)
    if not one.sha256 or not files.has(one.sha256):
        raise Http404
    log.info("file of an asset taken", version=pk, verdict=one.verdict, operator=person(request).email)
    return send_file(files.path(one.sha256), name=one.file_name)


def _found(pk: int) -> AssetVersion:
    one = operator_queries.find_version(pk)
    if one is None:
        raise Http404
    return one
