"""Customer demands that the market passed to this seller: make an offer, or decline (business-rules §17.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.service_desk import customer_demands
from tradepost.market.service_desk.customer_demands import Offer
from tradepost.market.service_desk.demand_models import MAX_ANSWER_LENGTH
from tradepost.market.service_desk.demand_queries import customer_demand_of, customer_demands_of, products_to_offer
from tradepost.market.service_desk.models import CustomerDemand
from tradepost.market.web.pages import Empty, Listing, ask, moment, page_link, state, states, time_range
from tradepost.market.web.service_desk import desk_rules_now

from .frame import SellerRequest, or_404, seller_list, seller_page, show

CONTACT_STATES = (CustomerDemand.Status.WAITING, CustomerDemand.Status.ACCEPTED)
"""States in which the seller sees the contact; a seller that declined does not need it."""


MAX_EXCERPT_LENGTH = 80
"""Maximum length in characters of a requirement in the list."""


class OfferForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Your offer"),
        max_length=MAX_ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("The requester sees it under your company's name."),
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
        offered = [(str(product.pk), localised_name(product)) for product in products_to_offer(seller)]
        self.fields["product"].choices = [("", _("none")), *offered]  # type: ignore[attr-defined]  # of a ChoiceField


class DeclineForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Reason for declining"),
        max_length=MAX_ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Only the operators can see it. The requester cannot."),
    )


def _due(demand: CustomerDemand) -> datetime | None:
    return demand.until if demand.status == CustomerDemand.Status.WAITING else None


LISTING: Listing[CustomerDemand, CustomerDemand] = Listing(
    name="seller_center:demands",
    title=gettext_lazy("Customer demands"),
    layout="seller_center/layout.html",
    source=lambda request, query, after, size: customer_demands_of(
        request.seller, status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(
            gettext_lazy("Demand details"),
            lambda one: Truncator(one.demand.requirement).chars(MAX_EXCERPT_LENGTH),
            "seller_center:demand",
            "pk",
        ),
        moment(gettext_lazy("Received at"), "passed_at"),
        moment(gettext_lazy("Answer until"), _due),
        state(gettext_lazy("State"), "customer demand"),
    ),
    filters=(states("customer demand"), time_range()),
    empty=Empty(
        icon="message",
        title=gettext_lazy("No demands"),
        text=gettext_lazy("Operators can ask you for an offer when a customer needs something that the store lacks."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No demands found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all demands"),
        page="seller_center:demands",
    ),
    file="demands",
)
index = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(customer_demand_of(request.seller, pk)))


def _page(
    request: SellerRequest, passed: CustomerDemand, *, offer_form: OfferForm | None = None,
    decline_form: DeclineForm | None = None,
) -> HttpResponse:  # fmt: skip
    waits = passed.status == CustomerDemand.Status.WAITING
    return show(
        request,
        "seller_center/demand.html",
        passed=passed,
        demand=passed.demand,
        waits=waits,
        sees_contact=passed.demand.shares_contact and passed.status in CONTACT_STATES,
        offer_form=offer_form or OfferForm(seller=request.seller, auto_id="offer-%s"),
        decline_form=decline_form or DeclineForm(auto_id="decline-%s"),
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def offer(request: SellerRequest, pk: int) -> HttpResponse:
    demand = or_404(customer_demand_of(request.seller, pk))
    form = OfferForm(request.POST, seller=request.seller, auto_id="offer-%s")

    def send_offer() -> None:
        offered = Offer(by=request.user.email, words=form.cleaned_data["words"], product=form.cleaned_data["product"])
        customer_demands.answer_with_offer(demand, offered, now=request.now)

    return ask(
        request,
        form,
        send_offer,
        page=lambda: _page(request, demand, offer_form=form),
        done=_("Offer sent to the requester."),
        back=("seller_center:demand", pk),
        late=_("This demand no longer needs your answer. The result is shown below."),
    )


@require_POST
@seller_page(menu=Menu.TRADE)
def decline(request: SellerRequest, pk: int) -> HttpResponse:
    demand, form = or_404(customer_demand_of(request.seller, pk)), DeclineForm(request.POST, auto_id="decline-%s")
    return ask(
        request,
        form,
        lambda: customer_demands.decline(
            demand, form.cleaned_data["words"], by=request.user.email, rules=desk_rules_now(), now=request.now
        ),
        page=lambda: _page(request, demand, decline_form=form),
        done=_("You declined. The operators will look for another answer."),
        back=("seller_center:demand", pk),
        late=_("This demand no longer needs your answer. The result is shown below."),
    )
