"""Refunds of the market. An operator decides those that a seller did not answer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request as Approval
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment.deletion import deleted_by
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import all_refunds, find_refund
from tradepost.market.orders.refund_requests import Decision
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import GRANT_REFUND
from tradepost.market.web.approved_commands import AgreeToRefund
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    Problem,
    act,
    moment,
    money,
    or_404,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.refund_events import refund_events


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Refund]:
    del request
    return all_refunds(status=query["status"], since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[Refund, Refund] = Listing(
    name="console:refunds",
    title=gettext_lazy("Refunds"),
    layout="console/layout.html",
    source=_source,
    columns=(
        page_link(
            gettext_lazy("Product"), "subscription.product:name", "console:refund", "pk", under="get_kind_display"
        ),
        text(gettext_lazy("Buyer"), "buyer.email"),
        moment(gettext_lazy("Requested"), "requested_at"),
        money(gettext_lazy("Amount"), "total"),
        state(gettext_lazy("State"), "refund"),
    ),
    filters=(states("refund", default=Refund.Status.APPEALED), time_range()),
    empty=Empty(
        icon="arrow-back-up",
        title=gettext_lazy("No refunds"),
        text=gettext_lazy("Requests that a seller rejected, or did not answer in time, appear here for a decision."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No refunds found"), text=gettext_lazy("Try another state or time.")
    ),
    file="refunds",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(find_refund(pk)), None)


def _page(request: HttpRequest, refund: Refund, problem: Problem | None) -> HttpResponse:
    context = {
        "refund": refund,
        "product": refund.subscription.product,
        "deleted_by": deleted_by(refund.subscription),
        "proofs": refund_requests.proofs_of(refund),
        "events": refund_events(refund),
        "asked": refund.status == Refund.Status.APPEALED,
        "refused": problem.refused if problem else None,
        "typed": request.POST.get("opinion", ""),
    }
    return render(request, "console/refund.html", context)


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to a refund, or reject it, instead of the seller."""
    refund = or_404(find_refund(pk))
    decision = Decision(by=person(request), by_operator=True, opinion=request.POST.get("opinion", ""))
    agrees = request.POST.get("answer") == "agree"

    def verb() -> Approval | None:
        if agrees:
            return approving.run(request, GRANT_REFUND, AgreeToRefund(refund=pk, opinion=decision.opinion))
        refund_requests.reject(refund, decision, now=now_of(request))
        return None

    return act(
        request,
        verb,
        done=approving.message_after(
            _("Approved. The money is refunded and the service ends.")
            if agrees
            else _("Rejected. Buyer and seller can read the reason.")
        ),
        back=approving.redirect_after("console:refund", pk),
        page=lambda problem: _page(request, refund, problem),
        late=_("This refund is already decided."),
    )
