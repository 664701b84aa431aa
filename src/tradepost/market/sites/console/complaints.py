"""Complaints about sellers: operators read both sides and decide (business-rules §9, §1.6, §17.6)."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import LONGEST
from tradepost.market.service_desk.complaint_queries import all_complaints, find_complaint, record_of
from tradepost.market.service_desk.models import Complaint
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.refusals import say_why
from tradepost.market.web.service_desk import desk_rules_now
from tradepost.market.web.status import vocabulary


class DecisionForm(forms.Form):
    decision = forms.CharField(
        label=gettext_lazy("Your decision"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Say why: the buyer and the seller read it."),
    )


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": all_complaints(status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("complaint"),
        "now": now_of(request),
    }
    return render(request, "console/complaints.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk), DecisionForm())


def _found(pk: int) -> Complaint:
    complaint = find_complaint(pk)
    if complaint is None:
        raise Http404
    return complaint


def _page(request: HttpRequest, complaint: Complaint, form: DecisionForm, *, status: int = 200) -> HttpResponse:
    now = now_of(request)
    context = {
        "complaint": complaint,
        "proofs": complaints.proofs_of(complaint),
        "events": complaint_events(complaint),
        "record": record_of(complaint.seller, now=now),
        "points": desk_rules_now().points(complaint.reason, replied=bool(complaint.reply)),
        "delist_days": config().complaint_delist_days,
        "early": complaint.status == Complaint.Status.ASKED and now < complaint.reply_until,
        "form": form,
        "now": now,
    }
    return render(request, "console/complaint.html", context, status=status)


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    complaint, form = _found(pk), DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, complaint, form, status=400)
    try:
        complaints.decide(
            complaint,
            form.cleaned_data["decision"],
            upheld=request.POST.get("answer") == "uphold",
            by=person(request),
            rules=desk_rules_now(),
            now=now_of(request),
        )
        messages.success(request, _("Decided. Both sides read why."))
    except IllegalTransition:
        messages.error(request, _("This is decided already."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, complaint, form, status=refused.status)
    return redirect("console:complaint", pk)
