"""Differences between market and sellers: compare, list and repair them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.fulfilment import drift_queries
from tradepost.market.fulfilment import reconcile as comparison
from tradepost.market.fulfilment.drift_queries import DriftFilter
from tradepost.market.fulfilment.models import Drift
from tradepost.market.fulfilment.repair import may_repair
from tradepost.market.fulfilment.repair import repair as verb
from tradepost.market.identity.operator_queries import find_seller
from tradepost.market.organisations.own_companies import own_companies_of
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.drift import describe
from tradepost.market.web.own_business import own_rows
from tradepost.market.web.templatetags.ui import loc

TABS = (("", pgettext_lazy("drift", "Unresolved")), ("settled", pgettext_lazy("drift", "Settled")))


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "console/reconcile.html", _context(request))


@operator_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Return the part with the comparisons, which is polled while one is running."""
    return render(request, "console/parts/comparisons.html", _comparisons())


def _context(request: HttpRequest) -> dict[str, Any]:
    get = request.GET
    settled = get.get("show", "") == "settled"
    filters = DriftFilter(settled=settled, what=get.get("what", "")[:16], seller=get.get("seller", "")[:18])
    drift_page = drift_queries.drifts(filters, after=get.get("after", ""))
    return {
        "page": drift_page,
        "own": own_rows(
            Drift, [row.pk for row in drift_page.rows], own_companies_of(person(request), now=now_of(request))
        ),
        "asked": filters,
        "show": "settled" if settled else "",
        "tabs": TABS,
        "rows": [(row, describe(row), may_repair(row)) for row in drift_page.rows],
        "whats": Drift.What.choices,
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in sellers_for_filter()],
        **_comparisons(),
    }


def _comparisons() -> dict[str, Any]:
    comparisons = drift_queries.comparisons()
    return {"comparisons": comparisons, "comparing": any(comparison.job.open for comparison in comparisons)}


@operator_required
@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """Start a comparison with all sellers, or with the chosen one."""
    seller_id = request.POST.get("seller", "")
    seller = find_seller(whole_number(seller_id) or 0) if seller_id else None
    if seller_id and seller is None:
        raise Http404
    by, now = person(request).email, now_of(request)
    if seller is not None:
        comparison.start(seller, by=by, now=now)
    else:
        comparison.start_all(by=by, now=now)
    messages.success(request, _("The comparison has started. Differences appear here when it ends."))
    return redirect("console:reconcile")


@operator_required
@require_POST
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    drift = drift_queries.find_drift(pk)
    if drift is None:
        raise Http404
    try:
        operation = verb(drift, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        message = _("The seller has been notified. The service is compared again in two minutes.")
        messages.success(
            request, message if operation else _("The difference no longer exists, so the seller was not notified.")
        )
    return redirect(reverse("console:reconcile"))
