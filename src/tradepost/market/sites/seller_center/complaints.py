"""Complaints about the seller, and the seller's single reply (business-rules §9)."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.service_desk import complaints
from tradepost.market.service_desk.complaint_models import MAX_LENGTH
from tradepost.market.service_desk.complaint_queries import complaint_of_seller, complaints_of_seller, record_of
from tradepost.market.service_desk.models import Complaint
from tradepost.market.web.complaint_events import complaint_events
from tradepost.market.web.pages import Empty, Listing, ask, moment, page_link, state, states, text, time_range

from .frame import SellerRequest, or_404, seller_list, seller_page, show


class ReplyForm(forms.Form):
    reply = forms.CharField(
        label=gettext_lazy("Your reply"),
        max_length=MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("You can reply only once. The buyer and the operators can see the reply."),
    )


LISTING: Listing[Complaint, Complaint] = Listing(
    name="seller_center:complaints",
    title=gettext_lazy("Complaints"),
    layout="seller_center/layout.html",
    template="seller_center/complaints.html",
    source=lambda request, query, after, size: complaints_of_seller(
        request.seller, status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("About"), "get_reason_display", "seller_center:complaint", "pk"),
        text(gettext_lazy("Product"), "product:name"),
        moment(gettext_lazy("Submitted at"), "created_at"),
        state(gettext_lazy("State"), "complaint"),
    ),
    filters=(states("complaint"), time_range()),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No complaints"),
        text=gettext_lazy("Complaints about your products appear here. You can reply to each one once."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No complaints found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all complaints"),
        page="seller_center:complaints",
    ),
    also=lambda request, _query: {"record": record_of(request.seller, now=request.now)},
    file="complaints",
)
index = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(complaint_of_seller(request.seller, pk)), ReplyForm())


def _page(request: SellerRequest, complaint: Complaint, form: ReplyForm) -> HttpResponse:
    return show(
        request,
        "seller_center/complaint.html",
        complaint=complaint,
        buyer=buyer_name(complaint.buyer),
        proofs=complaints.proofs_of(complaint),
        events=complaint_events(complaint),
        form=form,
        asked=complaint.open and not complaint.reply,
        points=config().service_desk.complaint_points_unreachable,
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def reply(request: SellerRequest, pk: int) -> HttpResponse:
    complaint = or_404(complaint_of_seller(request.seller, pk))
    form = ReplyForm(request.POST)
    return ask(
        request,
        form,
        lambda: complaints.reply(complaint, form.cleaned_data["reply"], by=request.user, now=request.now),
        page=lambda: _page(request, complaint, form),
        done=_("Reply sent. The buyer and the operators can see it."),
        back=("seller_center:complaint", pk),
        late=_("This complaint was replied to or decided already."),
    )
