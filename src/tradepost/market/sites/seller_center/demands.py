"""What customers need and the market asks this seller for: offer something, or decline (business-rules §17.7)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.service_desk import customer_demands
from tradepost.market.service_desk.customer_demands import Offer
from tradepost.market.service_desk.demand_models import LONGEST_ANSWER
from tradepost.market.service_desk.demand_queries import customer_demand_of, customer_demands_of, products_to_offer
from tradepost.market.service_desk.models import CustomerDemand
from tradepost.market.web.refusals import say_why
from tradepost.market.web.service_desk import desk_rules_now
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, seller_page, show

SEES_CONTACT = (CustomerDemand.Status.WAITING, CustomerDemand.Status.ACCEPTED)
"""While it is asked, and once it offered something: a seller that declined needs nobody's address."""


class OfferForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("What you offer"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Who asked reads it under your company's name."),
    )
    product = forms.TypedChoiceField(
        label=gettext_lazy("Product"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Shown with its price and the way to buy it."),
    )

    def __init__(self, *args: Any, seller: Seller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(str(one.pk), named(one)) for one in products_to_offer(seller)]
        self.fields["product"].choices = [("", _("none")), *offered]  # type: ignore[attr-defined]  # of a ChoiceField


class DeclineForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Why you decline"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The operators read it; who asked does not."),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    return show(
        request,
        "seller_center/demands.html",
        page=customer_demands_of(request.seller, status=status, after=request.GET.get("after", "")),
        chosen=status,
        states=vocabulary("customer demand"),
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, found(customer_demand_of(request.seller, pk)))


def _page(
    request: SellerRequest, passed: CustomerDemand, *, offer_form: OfferForm | None = None,
    decline_form: DeclineForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    waits = passed.status == CustomerDemand.Status.WAITING
    return show(
        request,
        "seller_center/demand.html",
        status=status,
        passed=passed,
        demand=passed.demand,
        waits=waits,
        sees_contact=passed.demand.shares_contact and passed.status in SEES_CONTACT,
        offer_form=offer_form or OfferForm(seller=request.seller, auto_id="offer-%s"),
        decline_form=decline_form or DeclineForm(auto_id="decline-%s"),
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def offer(request: SellerRequest, pk: int) -> HttpResponse:
    passed = found(customer_demand_of(request.seller, pk))
    form = OfferForm(request.POST, seller=request.seller, auto_id="offer-%s")
    if not form.is_valid():
        return _page(request, passed, offer_form=form, status=400)
    try:
        offered = Offer(by=request.user.email, words=form.cleaned_data["words"], product=form.cleaned_data["product"])
        customer_demands.offer(passed, offered, now=request.now)
        messages.success(request, _("Your offer is with who asked."))
    except IllegalTransition:
        messages.error(request, _("You are not asked any more: see what became of it."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, passed, offer_form=form, status=refused.status)
    return redirect("seller_center:demand", pk)


@require_POST
@seller_page(menu=Menu.TRADE)
def decline(request: SellerRequest, pk: int) -> HttpResponse:
    passed, form = found(customer_demand_of(request.seller, pk)), DeclineForm(request.POST, auto_id="decline-%s")
    if not form.is_valid():
        return _page(request, passed, decline_form=form, status=400)
    try:
        customer_demands.decline(
            passed, form.cleaned_data["words"], by=request.user.email, rules=desk_rules_now(), now=request.now
        )
        messages.success(request, _("You declined. The operators look for another answer."))
    except IllegalTransition:
        messages.error(request, _("You are not asked any more: see what became of it."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, passed, decline_form=form, status=refused.status)
    return redirect("seller_center:demand", pk)
