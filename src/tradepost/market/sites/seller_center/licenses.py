"""Licenses that the seller delivers: codes with their usage, applications for machines, and codes to test the software with
(saas-v1-license §B2, §B3, business-rules §2.5)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.licenses import lists
from tradepost.market.licenses.code_status import license_status
from tradepost.market.licenses.codes import issue_test
from tradepost.market.licenses.lists import Narrowed
from tradepost.market.licenses.software_usage import by_day
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.production import reasons
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, products_of, seller_page, show

DAYS = 60


def _asked(request: SellerRequest) -> Narrowed:
    search = request.GET.get("q", "").strip()[:64].replace("\x00", "")
    return Narrowed(status=request.GET.get("status", "")[:16], search=search)


@require_safe
@seller_page(menu=Menu.TRADE)
def codes(request: SellerRequest) -> HttpResponse:
    asked = _asked(request)
    return show(
        request, "seller_center/license_codes.html", asked=asked, states=vocabulary("license code"),
        page=lists.sold_codes(asked, seller=request.seller, after=request.GET.get("after", "")),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def code(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(lists.code_of_seller(request.seller, pk))
    held = one.subscription
    return show(
        request, "seller_center/license_code.html", code=one, held=held, days=by_day(one, days=DAYS),
        said=license_status(one.status, held.status if held else None),
        buyer=buyer_name(held.buyer) if held else "",
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def requests(request: SellerRequest) -> HttpResponse:
    asked = _asked(request)
    listed = lists.requests(asked, seller=request.seller, after=request.GET.get("after", ""))
    return show(
        request, "seller_center/license_requests.html", asked=asked, page=listed, states=vocabulary("license request"),
        rows=[(one, reasons.title(one.verdict, protocol="license_online") if one.verdict else "") for one in listed.rows],
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def tests(request: SellerRequest) -> HttpResponse:
    """Codes for the seller's own software, and what was seen of it."""
    refused: Refused | None = None
    if request.method == "POST":
        product = found(_own_product(request))
        try:
            issue_test(product, now=request.now)
        except Refused as error:
            refused = error
        else:
            messages.success(request, _("The test code is made. Let your software activate it and ask about it."))
            return redirect("seller_center:license_tests")
    return show(
        request, "seller_center/license_tests.html", status=refused.status if refused else 200, refused=refused,
        products=lists.products_with_codes(products_of(request)),
        page=lists.codes_of_tests(products_of(request), request.seller, after=request.GET.get("after", "")),
    )  # fmt: skip


def _own_product(request: SellerRequest) -> Product | None:
    """One of the seller's that this member may see."""
    return products_of(request).filter(pk=whole_number(request.POST.get("product", "")) or 0).first()
