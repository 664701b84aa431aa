"""The asset center: what a seller's products are delivered with, in versions, each with its check and its report (§2.6, §2.7)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.assets import contested, scan_words, seller_queries, versions
from tradepost.market.assets import upload as uploads
from tradepost.market.assets.asset_formats import suffixes_of
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.identity.menus import Menu
from tradepost.market.review import appeals, asset_files, decide
from tradepost.market.review.kinds.appeal.documents import SECTION
from tradepost.market.review.models import Submission
from tradepost.market.web.sending_files import send_file
from tradepost.market.web.timeline import moves_of, of_moves

from .correcting import remarks_of
from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def assets(request: SellerRequest) -> HttpResponse:
    return _list(request)


def _list(request: SellerRequest, refused: Refused | None = None) -> HttpResponse:
    kind, search = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:100]
    page = seller_queries.assets_of(request.seller, kind=kind, search=search, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/assets.html", status=refused.status if refused else 200, page=page,
        rows=seller_queries.with_newest(page.rows), kind=kind, search=search, kinds=Asset.KINDS, refused=refused,
        typed=request.POST,
    )  # fmt: skip


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def new_asset(request: SellerRequest) -> HttpResponse:
    kind, name = request.POST.get("kind", ""), request.POST.get("name", "")
    try:
        made = versions.create_asset(request.seller, kind=kind, name=name, by=request.user, now=request.now)
    except Refused as refused:
        return _list(request, refused)
    return redirect("seller_center:asset", pk=made.pk)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset(request: SellerRequest, pk: int) -> HttpResponse:
    own, settings = _asset(request, pk), config()
    last = asset_files.version_to_correct(own)
    context: dict[str, Any] = {
        **_versions(own),
        "last": last,
        "remarks": remarks_of(asset_files.submission_of(last)) if last else None,
        "suffixes": suffixes_of(own.kind),
        "updatable": [one for one in own.versions.order_by("-number") if one.status == AssetVersion.Status.APPROVED],
        "unfinished": own.uploads.filter(status=Upload.Status.OPEN).order_by("-pk")[:20],
        "chunk": settings.upload_chunk,
        "most": settings.upload_most_bytes,
        "days": settings.keep_unfinished_uploads_days,
        "day_files": settings.upload_day_files,
        "day_bytes": settings.upload_day_bytes,
        "scans": bool(settings.clamd_url),
    }
    return show(request, "seller_center/asset.html", **context)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset_live(request: SellerRequest, pk: int) -> HttpResponse:
    """The versions; asks for itself again while one of them is checked."""
    return show(request, "seller_center/parts/asset_versions.html", **_versions(_asset(request, pk)))


def _versions(own: Asset) -> dict[str, Any]:
    rows = list(own.versions.select_related("updates").order_by("-number")[:100])
    checking = any(one.status == AssetVersion.Status.CHECKING for one in rows)
    return {"own": own, "rows": rows, "checking": checking}


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def delete_asset(request: SellerRequest, pk: int) -> HttpResponse:
    own = _asset(request, pk)
    versions.delete_asset(own)
    messages.success(request, _("The asset %(name)s is deleted.") % {"name": own.name})
    return redirect("seller_center:assets")


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def give_up_upload(request: SellerRequest, pk: int, upload: int) -> HttpResponse:
    own = _asset(request, pk)
    open_one = found(own.uploads.filter(pk=upload, status=Upload.Status.OPEN).first())
    uploads.terminate(open_one, folder=config().uploads)
    messages.success(request, _("The upload of %(name)s is given up.") % {"name": open_one.file_name})
    return redirect("seller_center:asset", pk=pk)


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def asset_version(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/asset_version.html", **_described(_version(request, pk)))


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def version_live(request: SellerRequest, pk: int) -> HttpResponse:
    return show(request, "seller_center/parts/asset_state.html", **_described(_version(request, pk)))


def _described(one: AssetVersion) -> dict[str, Any]:
    submission, appeal = asset_files.submission_of(one), appeals.last_appeal_of(one)
    return {
        "appeal": appeal,
        "waits": appeal is not None and appeal.status == Submission.Status.PENDING,
        "said": appeal.reasons.get(SECTION, "") if appeal else "",
        "may_appeal": contested.against_appeal(one) == "",
        "one": one,
        "own": one.asset,
        "checking": one.status == AssetVersion.Status.CHECKING,
        "job": leased_jobs.newest(versions.CHECK, str(one.pk)),
        "findings": scan_words.shown_findings(one),
        "why": scan_words.why_not(one),
        "report": scan_words.facts_of(one.report),
        "submission": submission,
        "reasons": list(submission.reasons.values()) if submission else [],
        "events": of_moves(moves_of(versions.ASSET_VERSION.name, one.pk)),
    }


@require_safe
@seller_page(menu=Menu.PRODUCTS)
def download_version(request: SellerRequest, pk: int) -> HttpResponse:
    one = _version(request, pk)
    files = Files(config().files)
    if not one.sha256 or not files.has(one.sha256):
        raise Http404
    return send_file(files.path(one.sha256), name=one.file_name)


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def withdraw_version(request: SellerRequest, pk: int) -> HttpResponse:
    submission = found(asset_files.submission_of(_version(request, pk)))
    decide.withdraw(submission, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn: nobody decides about this version any more."))
    return redirect("seller_center:asset_version", pk=pk)


def _asset(request: SellerRequest, pk: int) -> Asset:
    return found(Asset.objects.filter(seller=request.seller, pk=pk).first())


def _version(request: SellerRequest, pk: int) -> AssetVersion:
    own = AssetVersion.objects.select_related("asset", "updates", "by", "confirmed_by")
    return found(own.filter(asset__seller=request.seller, pk=pk).first())
