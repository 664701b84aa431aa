"""Demands for products that the store lacks: open to everyone, followed by a link, listed for signed-in users
(business-rules §9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.branding.face import current
from tradepost.market.identity.models import User
from tradepost.market.notifications.categories import Channel
from tradepost.market.notifications.demand_reactions import is_answered_by_sms
from tradepost.market.notifications.settings_of import enabled_channels
from tradepost.market.service_desk import demands
from tradepost.market.service_desk.demand_mail import link_for, subject_for
from tradepost.market.service_desk.demand_models import MAX_REQUIREMENT_LENGTH
from tradepost.market.service_desk.demand_queries import card_of, demands_of
from tradepost.market.service_desk.demands import (
    MAX_CONTACT_LENGTH,
    MAX_EMAIL_LENGTH,
    MAX_SEARCH_LENGTH,
    Allowance,
    RaiseDemand,
)
from tradepost.market.service_desk.models import Demand
from tradepost.market.web.access import now_of, person
from tradepost.market.web.context import support_email
from tradepost.market.web.demand_events import demand_events
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ask,
    moment,
    page_link,
    state,
    submitted_data,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import buyer_list, buyer_page
from tradepost.market.web.peer import network_of, peer
from tradepost.market.web.service_desk import desk_rules_now, key_for_form, key_of

MAX_EXCERPT_LENGTH = 80
"""Maximum length in characters of a requirement in the list."""


class DemandForm(forms.Form):
    requirement = forms.CharField(
        label=gettext_lazy("What do you need?"),
        max_length=MAX_REQUIREMENT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Describe its purpose, the number of users, the deadline and the budget."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=MAX_CONTACT_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=MAX_EMAIL_LENGTH,
        required=False,
        help_text=gettext_lazy(
            "The answer and a tracking link are sent here. Enter an e-mail address, a telephone number or both."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    shares_contact = forms.BooleanField(
        label=gettext_lazy("A seller that the market asks may see my name, e-mail and telephone number."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if Channel.SMS in enabled_channels():
            self.fields["phone"].help_text = _(
                "If you enter no e-mail address, we send an SMS to this number when we answer."
            )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    searched = request.GET.get("q", "").strip()[:MAX_SEARCH_LENGTH]
    form = DemandForm(submitted_data(request), initial=_initial_values(request, searched))

    def page() -> HttpResponse:
        context = {"form": form, "idempotency_key": key_for_form(request), **_mail_context(request)}
        return render(request, "storefront/demand_new.html", context)

    return ask(
        request,
        form,
        lambda: _raise_demand(request, form, searched),
        page=page,
        done=_("We have received your demand. Save the address of this page: the answer appears here."),
        back=lambda raised: redirect("storefront:demand", token=raised.token),
    )


def _initial_values(request: HttpRequest, searched: str) -> dict[str, str]:
    values = {"requirement": searched}
    user = request.user
    if isinstance(user, User):
        values |= {"contact": user.name, "email": user.email, "phone": user.phone}
    return values


def _raise_demand(request: HttpRequest, form: DemandForm, searched: str) -> demands.Raised:
    user = request.user if isinstance(request.user, User) else None
    requester = f"user {user.pk}" if user else f"network {network_of(peer(request))}"
    command = RaiseDemand(
        **form.cleaned_data, searched=searched, language=get_language() or "", buyer=user,
        idempotency_key=key_of(request, form.cleaned_data),
    )  # fmt: skip
    allowed = Allowance(who=requester, a_day=config().service_desk.demands_a_day, wall=clock.wall())
    return demands.raise_demand(command, rules=desk_rules_now(), allowed=allowed, now=now_of(request))


def _mail_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context for a demand by mail: address, subject and a body to fill in."""
    settings, user = config(), request.user
    address = settings.service_desk.demand_email or support_email()
    contact = (user.name if isinstance(user, User) else "") or _("your name")
    subject = subject_for(current().name, _("Demand"), contact)
    body = _("What I need:\n\n\nHow to reach me:\nName: \nE-mail: \nPhone: \n")
    return {"address": address, "subject": subject, "body": body, "mailto": link_for(address, subject, body)}


LISTING: Listing[Demand, Demand] = Listing(
    name="storefront:demands",
    title=gettext_lazy("My demands"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: demands_of(person(request), within=query.within, after=after, size=size),
    columns=(
        page_link(
            gettext_lazy("Your requirements"),
            lambda demand: Truncator(demand.requirement).chars(MAX_EXCERPT_LENGTH),
            "storefront:demand_own",
            "pk",
        ),
        moment(gettext_lazy("Submitted at"), "created_at"),
        text(gettext_lazy("Product"), "product:name"),
        state(gettext_lazy("State"), "demand"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="message",
        title=gettext_lazy("No demands yet"),
        text=gettext_lazy("Ask for a product that the store does not have."),
        action=gettext_lazy("Tell us what you need"),
        page="storefront:demand_new",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No demands found"), text=gettext_lazy("Try another time.")),
    links=(Link(words=gettext_lazy("Tell us what you need"), page="storefront:demand_new", icon="plus", primary=True),),
    size=20,
    file="demands",
)
index = buyer_list(LISTING)


@buyer_page
def own(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect from a notice, which contains no secret, to the page of the buyer's demand."""
    demand = Demand.objects.filter(buyer=person(request), pk=pk).first()
    if demand is None:
        raise Http404
    return redirect("storefront:demand", token=demands.token_of(demand))


def _demand_by_link(token: str) -> Demand:
    demand = demands.find_by_link(token)
    if demand is None:
        raise Http404
    return demand


@never_cache
@require_safe
def demand(request: HttpRequest, token: str) -> HttpResponse:
    """Show a demand to anyone with its link, without mail address and telephone number."""
    demand = _demand_by_link(token)
    context = {
        "demand": demand,
        "token": token,
        "link": config().base_url + reverse("storefront:demand", args=[token]),
        "card": card_of(demand.product) if demand.product else None,
        "events": demand_events(demand),
        "by_sms": is_answered_by_sms(demand),
        "own": isinstance(request.user, User) and demand.buyer_id == request.user.pk,
    }
    return render(request, "storefront/demand.html", context)


@never_cache
@require_POST
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    try:
        demands.withdraw(_demand_by_link(token), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This demand is answered already."))
    else:
        messages.success(request, _("Demand withdrawn. It will not be processed further."))
    return redirect("storefront:demand", token=token)
