"""The asset center: files with which products are delivered, in versions with their check and report (§2.6, §2.7)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.assets import contested, scan_words, seller_queries, versions
from tradepost.market.assets import upload as uploads
from tradepost.market.assets.asset_formats import suffixes_of
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.assets.seller_queries import AssetRow
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.paging import Page
from tradepost.market.identity.menus import Menu
from tradepost.market.review import appeals, asset_files, decide
from tradepost.market.review.kinds.appeal.documents import SECTION
from tradepost.market.review.models import Submission
from tradepost.market.web.pages import Empty, Listing, ListQuery, choice, page_link, search, state, text
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.timeline import events_of_moves, moves_of

from .correcting import remarks_of
from .frame import SellerRequest, or_404, seller_list, seller_page, show, show_refused


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Asset]:
    return seller_queries.assets_of(request.seller, kind=query["kind"], search=query["q"], after=after, size=size)


ASSETS: Listing[Asset, AssetRow] = Listing(
    name="seller_center:assets",
    title=gettext_lazy("Assets"),
    intro=gettext_lazy(
        "Files delivered with your products. Each version is scanned and reviewed by an operator. Products refer "
        "to an approved version."
    ),
    layout="seller_center/layout.html",
    template="seller_center/assets.html",
    source=_source,
    rows=lambda _request, assets: seller_queries.with_newest(assets),
    columns=(
        page_link(gettext_lazy("Asset"), "asset.name", "seller_center:asset", "asset.pk"),
        text(gettext_lazy("Kind of asset"), "asset.get_kind_display"),
        text(gettext_lazy("Approved version"), lambda row: row.usable.label if row.usable else _("None yet")),
        page_link(
            gettext_lazy("Latest file"), "newest.label", "seller_center:asset_version", "newest.pk", labelled=True
        ),
        state(gettext_lazy("State"), "asset version", "newest.status"),
    ),
    filters=(
        search(gettext_lazy("Name of the asset")),
        choice("kind", gettext_lazy("Kind of asset"), Asset.KINDS),
    ),
    empty=Empty(
        icon="box",
        title=gettext_lazy("No assets yet"),
        text=gettext_lazy("Software packages, server images and data files appear here. SaaS products need no assets."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No assets found"),
        text=gettext_lazy("Check the words or show all assets."),
        action=gettext_lazy("Show all assets"),
        page="seller_center:assets",
    ),
    file="assets",
    also=lambda _request, _query: {"kinds": Asset.KINDS, "refused": None, "typed": {}},
)
assets = seller_list(ASSETS, menu=Menu.PRODUCTS)


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def new_asset(request: SellerRequest) -> HttpResponse:
    kind, name = request.POST.get("kind", ""), request.POST.get("name", "")
    try:
        asset = versions.create_asset(request.seller, kind=kind, name=name, by=request.user, now=request.now)
    except Refused as refused:
        return show_refused(request, ASSETS, refused)
    return redirect("seller_center:asset", pk=asset.pk)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset(request: SellerRequest, pk: int) -> HttpResponse:
    own, settings = _asset(request, pk), config()
    last = asset_files.version_to_correct(own)
    context: dict[str, Any] = {
        **_versions_context(own),
        "last": last,
        "remarks": remarks_of(asset_files.submission_of(last)) if last else None,
        "suffixes": suffixes_of(own.kind),
        "updatable": [
            version for version in own.versions.order_by("-number") if version.status == AssetVersion.Status.APPROVED
        ],
        "unfinished": own.uploads.filter(status=Upload.Status.OPEN).order_by("-pk")[:20],
        "chunk": settings.assets.upload_chunk,
        "most": settings.assets.upload_most_bytes,
        "days": settings.assets.keep_unfinished_uploads_days,
        "day_files": settings.assets.upload_day_files,
        "day_bytes": settings.assets.upload_day_bytes,
        "scans": bool(settings.assets.clamd_url),
    }
    return show(request, "seller_center/asset.html", **context)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the versions. The part is polled while one of them is checked."""
    return show(request, "seller_center/parts/asset_versions.html", **_versions_context(_asset(request, pk)))


def _versions_context(own: Asset) -> dict[str, Any]:
    rows = list(own.versions.select_related("updates").order_by("-number")[:100])
    checking = any(row.status == AssetVersion.Status.CHECKING for row in rows)
    return {"own": own, "rows": rows, "checking": checking}


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def delete_asset(request: SellerRequest, pk: int) -> HttpResponse:
    own = _asset(request, pk)
    versions.delete_asset(own)
    messages.success(request, _("The asset %(name)s was deleted.") % {"name": own.name})
    return redirect("seller_center:assets")


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def give_up_upload(request: SellerRequest, pk: int, upload: int) -> HttpResponse:
    own = _asset(request, pk)
    open_upload = or_404(own.uploads.filter(pk=upload, status=Upload.Status.OPEN).first())
    uploads.terminate(open_upload, folder=config().uploads)
    messages.success(request, _("The upload of %(name)s was cancelled.") % {"name": open_upload.file_name})
    return redirect("seller_center:asset", pk=pk)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset_version(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/asset_version.html", **_version_context(_version(request, pk)))


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def version_live(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/parts/asset_state.html", **_version_context(_version(request, pk)))


def _version_context(version: AssetVersion) -> dict[str, Any]:
    submission, appeal = asset_files.submission_of(version), appeals.last_appeal_of(version)
    return {
        "appeal": appeal,
        "waits": appeal is not None and appeal.status == Submission.Status.PENDING,
        "said": appeal.reasons.get(SECTION, "") if appeal else "",
        "may_appeal": contested.appeal_obstacle(version) == "",
        "one": version,
        "own": version.asset,
        "checking": version.status == AssetVersion.Status.CHECKING,
        "job": leased_jobs.newest(versions.CHECK, str(version.pk)),
        "findings": scan_words.shown_findings(version),
        "why": scan_words.not_scanned_reason(version),
        "report": scan_words.facts_of(version.report),
        "submission": submission,
        "reasons": list(submission.reasons.values()) if submission else [],
        "events": events_of_moves(moves_of(versions.ASSET_VERSION.name, version.pk)),
    }


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def download_version(request: SellerRequest, pk: int) -> HttpResponse:
    version = _version(request, pk)
    files = Files(config().files)
    if not version.sha256 or not files.has(version.sha256):
        raise Http404
    return send_file(files.path(version.sha256), name=version.file_name)


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def withdraw_version(request: SellerRequest, pk: int) -> HttpResponse:
    submission = or_404(asset_files.submission_of(_version(request, pk)))
    decide.withdraw(submission, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. This version will not be reviewed."))
    return redirect("seller_center:asset_version", pk=pk)


def _asset(request: SellerRequest, pk: int) -> Asset:
    return or_404(Asset.objects.filter(seller=request.seller, pk=pk).first())


def _version(request: SellerRequest, pk: int) -> AssetVersion:
    own = AssetVersion.objects.select_related("asset", "updates", "by", "confirmed_by")
    return or_404(own.filter(asset__seller=request.seller, pk=pk).first())
