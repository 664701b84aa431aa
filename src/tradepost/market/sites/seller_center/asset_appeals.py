"""The appeal against what refused a file of the asset center (business-rules §2.7)."""

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
from tradepost.market.review.kinds.appeal.documents import MOST_PROOFS, Appeal
from tradepost.market.review.kinds.appeal.reports import OfFile
from tradepost.market.review.models import OPEN
from tradepost.market.web import uploads

from . import appealing
from .frame import SellerRequest, found, seller_page


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, write=True)
@uploads.takes_pictures(0, proofs=MOST_PROOFS)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    """Each finding that refuses the file, why it is mistaken, and what shows it."""
    one = _version(request, pk)
    back, sent = reverse("seller_center:asset_version", args=[pk]), appeals.last_appeal_of(one)
    page = appealing.Page(
        crumbs=(reverse("seller_center:assets"), _("Assets"), back, f"{one.asset.name} {one.label}"), back=back,
        name=one.file_name, said=Appeal(version=one.pk), report=OfFile(one),
        open_one=sent if sent is not None and sent.status in OPEN else None, last=appeals.appeal_to_correct_of(one),
        send=lambda whys, proofs: appeals.appeal_file(
            one, whys, proofs, by=request.user, settings=config(), now=request.now
        ),
    )  # fmt: skip
    return appealing.answer(request, page)


appeal.own_transactions = True  # type: ignore[attr-defined]  # hashing documents must not hold the lock of SQLite


@require_POST
@seller_page(menu=Menu.PRODUCTS)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    sent = found(appeals.last_appeal_of(_version(request, pk)))
    decide.withdraw(sent, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can appeal again for as long as the file is kept."))
    return redirect("seller_center:asset_version", pk)


def _version(request: SellerRequest, pk: int) -> AssetVersion:
    own = AssetVersion.objects.select_related("asset")
    return found(own.filter(asset__seller=request.seller, pk=pk).first())
