"""A demand for what is not in the store: raised by anybody, followed by a link, listed for who is logged in (business-rules §9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.models import User
from tradepost.market.notifications.categories import Channel
from tradepost.market.notifications.demand_reactions import tells_by_sms
from tradepost.market.notifications.settings_of import channels
from tradepost.market.service_desk import demands
from tradepost.market.service_desk.demand_mail import link_for, subject_for
from tradepost.market.service_desk.demand_models import LONGEST_REQUIREMENT
from tradepost.market.service_desk.demand_queries import card_of, demands_of
from tradepost.market.service_desk.demands import LONGEST_CONTACT, LONGEST_EMAIL, LONGEST_SEARCH, Allowance, RaiseDemand
from tradepost.market.service_desk.models import Demand
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.demand_events import demand_events
from tradepost.market.web.peer import network_of, peer
from tradepost.market.web.refusals import say_why
from tradepost.market.web.service_desk import desk_rules_now, key_of, key_shown

private = cache_control(private=True, no_store=True)


class DemandForm(forms.Form):
    requirement = forms.CharField(
        label=gettext_lazy("What do you need?"),
        max_length=LONGEST_REQUIREMENT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("What it should do, for how many people, by when, and what it may cost."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=LONGEST_CONTACT,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=LONGEST_EMAIL,
        required=False,
        help_text=gettext_lazy("The answer and a link to follow it come here. Give this, a telephone number, or both."),
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
        if Channel.SMS in channels():
            self.fields["phone"].help_text = _("Without an e-mail address you get an SMS here when it is answered.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    searched = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    form, status = DemandForm(request.POST or None, initial=_known(request, searched)), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                raised = _raise(request, form, searched)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(
                    request, _("We have received it. Keep the address of this page: the answer shows here.")
                )
                return redirect("storefront:demand", token=raised.token)
    context = {"form": form, "idempotency_key": key_shown(request), **_mail(request)}
    return render(request, "storefront/demand_new.html", context, status=status)


def _known(request: HttpRequest, searched: str) -> dict[str, str]:
    known = {"requirement": searched}
    user = request.user
    if isinstance(user, User):
        known |= {"contact": user.name, "email": user.email, "phone": user.phone}
    return known


def _raise(request: HttpRequest, form: DemandForm, searched: str) -> demands.Raised:
    user = request.user if isinstance(request.user, User) else None
    who = f"user {user.pk}" if user else f"network {network_of(peer(request))}"
    asked = RaiseDemand(
        **form.cleaned_data, searched=searched, language=get_language() or "", buyer=user,
        idempotency_key=key_of(request, form.cleaned_data),
    )  # fmt: skip
    allowed = Allowance(who=who, a_day=config().demands_a_day, wall=clock.wall())
    return demands.raise_demand(asked, rules=desk_rules_now(), allowed=allowed, now=now_of(request))


def _mail(request: HttpRequest) -> dict[str, Any]:
    """The same by mail: where to, the subject in its form, and a body to fill in."""
    settings, user = config(), request.user
    address = settings.demand_email or settings.support_email
    contact = (user.name if isinstance(user, User) else "") or _("your name")
    subject = subject_for(settings.market_name or _("Tradepost"), _("Demand"), contact)
    body = _("What I need:\n\n\nHow to reach me:\nName: \nE-mail: \nPhone: \n")
    return {"address": address, "subject": subject, "body": body, "mailto": link_for(address, subject, body)}


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = demands_of(person(request), after=request.GET.get("after", ""))
    return render(request, "storefront/demands.html", {"page": found})


@buyer_required
@private
@require_safe
def own(request: HttpRequest, pk: int) -> HttpResponse:
    """From a notice, which holds no secret, to the page that who asked follows."""
    found = Demand.objects.filter(buyer=person(request), pk=pk).first()
    if found is None:
        raise Http404
    return redirect("storefront:demand", token=demands.token_of(found))


def _found(token: str) -> Demand:
    found = demands.find_by_link(token)
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
def demand(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has the link reads it: no address and no telephone number stands here."""
    found = _found(token)
    context = {
        "demand": found,
        "token": token,
        "link": config().base_url + reverse("storefront:demand", args=[token]),
        "card": card_of(found.product) if found.product else None,
        "events": demand_events(found),
        "by_sms": tells_by_sms(found),
        "own": isinstance(request.user, User) and found.buyer_id == request.user.pk,
    }
    return render(request, "storefront/demand.html", context)


@never_cache
@require_POST
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    try:
        demands.withdraw(_found(token), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This demand is answered already."))
    else:
        messages.success(request, _("You withdrew it. Nobody looks for an answer any more."))
    return redirect("storefront:demand", token=token)
