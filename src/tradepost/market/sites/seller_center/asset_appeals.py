"""The appeal against a refused file of the asset center (business-rules §2.7)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.config import config
from tradepost.market.identity.menus import Menu
from tradepost.market.review import appeals, decide
from tradepost.market.review.kinds.appeal.documents import MAX_PROOFS, Appeal
from tradepost.market.review.kinds.appeal.reports import FileReport
from tradepost.market.review.models import OPEN
from tradepost.market.web import uploads

from . import appealing
from .frame import SellerRequest, or_404, seller_page


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, write=True)
@uploads.takes_pictures(0, proofs=MAX_PROOFS)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    """Appeal against the findings of a file, each with a reason and documents."""
    version = _version(request, pk)
    version_url, last_appeal = reverse("seller_center:asset_version", args=[pk]), appeals.last_appeal_of(version)
    page = appealing.AppealPage(
        crumbs=(reverse("seller_center:assets"), _("Assets"), version_url, f"{version.asset.name} {version.label}"),
        back=version_url, name=version.file_name, said=Appeal(version=version.pk), report=FileReport(version),
        open_one=last_appeal if last_appeal is not None and last_appeal.status in OPEN else None,
        last=appeals.appeal_to_correct_of(version),
        send=lambda whys, proofs: appeals.appeal_file(
            version, whys, proofs, by=request.user, settings=config(), now=request.now
        ),
    )  # fmt: skip
    return appealing.answer(request, page)


appeal.own_transactions = True  # type: ignore[attr-defined]  # hashing documents must not hold SQLite's write lock


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    submission = or_404(appeals.last_appeal_of(_version(request, pk)))
    decide.withdraw(submission, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can appeal again for as long as the file is kept."))
    return redirect("seller_center:asset_version", pk)


def _version(request: SellerRequest, pk: int) -> AssetVersion:
    own = AssetVersion.objects.select_related("asset")
    return or_404(own.filter(asset__seller=request.seller, pk=pk).first())
