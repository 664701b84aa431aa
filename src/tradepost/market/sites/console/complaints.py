"""Complaints about sellers: operators read both sides and decide (business-rules §9, §1.6, §17.6)."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.paging import Page
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import MAX_LENGTH
from tradepost.market.service_desk.complaint_queries import all_complaints, find_complaint, record_of
from tradepost.market.service_desk.models import Complaint
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    ask,
    fragment,
    moment,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.service_desk import desk_rules_now

from .list_parts import LAYOUT, buyer_column


class DecisionForm(forms.Form):
    decision = forms.CharField(
        label=gettext_lazy("Your decision"),
        max_length=MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Enter the reason. The buyer and the seller can see it."),
    )


class ListedComplaint(Struct, frozen=True):
    complaint: Complaint
    late: bool
    """Whether its decision is overdue."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Complaint]:
    del request
    return all_complaints(status=query["status"], since=query.since, until=query.until, after=after, size=size)


def _rows(request: HttpRequest, complaints: list[Complaint]) -> list[ListedComplaint]:
    now = now_of(request)
    return [ListedComplaint(complaint, complaint.open and complaint.due_at <= now) for complaint in complaints]


LISTING: Listing[Complaint, ListedComplaint] = Listing(
    name="console:complaints",
    title=gettext_lazy("Complaints"),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            gettext_lazy("Seller"),
            "complaint.seller:name",
            "console:complaint",
            "complaint.pk",
            under="complaint.get_reason_display",
        ),
        text(gettext_lazy("Reason"), "complaint.get_reason_display", on_page=False),
        buyer_column("complaint.buyer"),
        moment(gettext_lazy("Received"), "complaint.created_at"),
        fragment(
            gettext_lazy("Decide until"),
            lambda row: row.complaint.due_at if row.complaint.open else None,
            "console/parts/due.html",
        ),
        state(gettext_lazy("State"), "complaint", "complaint.status"),
    ),
    filters=(states("complaint"), time_range()),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No complaints"),
        text=gettext_lazy("Complaints that buyers send from an order, a service or a product appear here."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No complaints found"), text=gettext_lazy("Try another state or time.")
    ),
    file="complaints",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _complaint(pk), DecisionForm())


def _complaint(pk: int) -> Complaint:
    complaint = find_complaint(pk)
    if complaint is None:
        raise Http404
    return complaint


def _page(request: HttpRequest, complaint: Complaint, form: DecisionForm) -> HttpResponse:
    now = now_of(request)
    context = {
        "complaint": complaint,
        "proofs": complaints.proofs_of(complaint),
        "events": complaint_events(complaint),
        "record": record_of(complaint.seller, now=now),
        "points": desk_rules_now().points(complaint.reason, replied=bool(complaint.reply)),
        "delist_days": config().service_desk.complaint_delist_days,
        "early": complaint.status == Complaint.Status.ASKED and now < complaint.reply_until,
        "form": form,
        "now": now,
    }
    return render(request, "console/complaint.html", context)


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    complaint, form = _complaint(pk), DecisionForm(request.POST)
    return ask(
        request,
        form,
        lambda: complaints.decide(
            complaint, form.cleaned_data["decision"], upheld=request.POST.get("answer") == "uphold", by=person(request),
            rules=desk_rules_now(), now=now_of(request),
        ),
        page=lambda: _page(request, complaint, form),
        done=_("Decided. Both parties can see the reason."),
        back=("console:complaint", pk),
        late=_("This request has already been decided."),
    )  # fmt: skip
