"""Licenses of all sellers: codes, and applications for machines. The licenses of machines are their buyers' and are not shown."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.licenses import lists
from tradepost.market.licenses.lists import Narrowed
from tradepost.market.production import reasons
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.web.access import operator_required
from tradepost.market.web.status import vocabulary
from tradepost.market.web.templatetags.ui import loc


def _asked(request: HttpRequest) -> Narrowed:
    get = request.GET
    search = get.get("q", "").strip()[:64].replace("\x00", "")
    return Narrowed(status=get.get("status", "")[:16], search=search, seller=get.get("seller", "")[:18])


def _sellers() -> list[tuple[str, str]]:
    return [(str(seller.pk), loc(seller, "name")) for seller in sellers_for_filter()]


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    context = {
        "page": lists.sold_codes(asked, after=request.GET.get("after", "")),
        "asked": asked, "states": vocabulary("license code"), "sellers": _sellers(),
    }  # fmt: skip
    return render(request, "console/license_codes.html", context)


@operator_required
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    listed = lists.requests(asked, after=request.GET.get("after", ""))
    context = {
        "page": listed, "asked": asked, "states": vocabulary("license request"), "sellers": _sellers(),
        "rows": [
            (one, reasons.title(one.verdict, protocol="license_online") if one.verdict else "") for one in listed.rows
        ],
    }  # fmt: skip
    return render(request, "console/license_requests.html", context)
