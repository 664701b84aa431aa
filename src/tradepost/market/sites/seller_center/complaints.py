"""Complaints about the seller: what buyers say, and the seller's one reply (business-rules §9)."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import LONGEST
from tradepost.market.service_desk.complaint_queries import complaint_of_seller, complaints_of_seller, record_of
from tradepost.market.service_desk.models import Complaint
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.refusals import say_why
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, seller_page, show


class ReplyForm(forms.Form):
    reply = forms.CharField(
        label=gettext_lazy("Your reply"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("You can reply once. The buyer and the operators read it."),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    return show(
        request,
        "seller_center/complaints.html",
        page=complaints_of_seller(request.seller, status=status, after=request.GET.get("after", "")),
        chosen=status,
        states=vocabulary("complaint"),
        record=record_of(request.seller, now=request.now),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, found(complaint_of_seller(request.seller, pk)), ReplyForm())


def _page(request: SellerRequest, complaint: Complaint, form: ReplyForm, *, status: int = 200) -> HttpResponse:
    return show(
        request,
        "seller_center/complaint.html",
        status=status,
        complaint=complaint,
        buyer=buyer_name(complaint.buyer),
        proofs=complaints.proofs_of(complaint),
        events=complaint_events(complaint),
        form=form,
        asked=complaint.open and not complaint.reply,
        points=config().complaint_points_unreachable,
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def reply(request: SellerRequest, pk: int) -> HttpResponse:
    complaint = found(complaint_of_seller(request.seller, pk))
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, complaint, form, status=400)
    try:
        complaints.reply(complaint, form.cleaned_data["reply"], by=request.user, now=request.now)
        messages.success(request, _("Your reply is with the buyer and the operators."))
    except IllegalTransition:
        messages.error(request, _("This complaint was replied to or decided already."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, complaint, form, status=refused.status)
    return redirect("seller_center:complaint", pk)
