"""Where market and sellers do not say the same: compare them, see what differs, and repair what calls can repair."""

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
from tradepost.market.organisations.own_companies import own_of
from tradepost.market.production.operator_queries import sellers_for_filter
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.drift import described
from tradepost.market.web.own_business import own_rows
from tradepost.market.web.templatetags.ui import loc

TABS = (("", pgettext_lazy("drift", "Standing")), ("settled", pgettext_lazy("drift", "Settled")))


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "console/reconcile.html", _context(request))


@operator_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The comparisons alone, while one is under way."""
    return render(request, "console/parts/comparisons.html", _comparisons())


def _context(request: HttpRequest) -> dict[str, Any]:
    get = request.GET
    settled = get.get("show", "") == "settled"
    asked = DriftFilter(settled=settled, what=get.get("what", "")[:16], seller=get.get("seller", "")[:18])
    found = drift_queries.drifts(asked, after=get.get("after", ""))
    return {
        "page": found,
        "own": own_rows(Drift, [one.pk for one in found.rows], own_of(person(request), now=now_of(request))),
        "asked": asked,
        "show": "settled" if settled else "",
        "tabs": TABS,
        "rows": [(one, described(one), may_repair(one)) for one in found.rows],
        "whats": Drift.What.choices,
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in sellers_for_filter()],
        **_comparisons(),
    }


def _comparisons() -> dict[str, Any]:
    found = drift_queries.comparisons()
    return {"comparisons": found, "comparing": any(one.job.open for one in found)}


@operator_required
@require_POST
def compare(request: HttpRequest) -> HttpResponse:
    """All sellers, or the one that is named."""
    named = request.POST.get("seller", "")
    seller = find_seller(whole_number(named) or 0) if named else None
    if named and seller is None:
        raise Http404
    by, now = person(request).email, now_of(request)
    if seller is not None:
        comparison.start(seller, by=by, now=now)
    else:
        comparison.start_all(by=by, now=now)
    messages.success(request, _("The comparison is begun: what differs shows here when it ends."))
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
        said = _("The seller is asked. The service is compared again in two minutes.")
        messages.success(request, said if operation else _("The difference was gone already: nothing was asked."))
    return redirect(reverse("console:reconcile"))
