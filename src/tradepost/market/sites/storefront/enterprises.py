"""Enterprises of a person: those that they belong to, a new one, the page of who they are in one, an invitation, and its end."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.organisations import enterprise as verbs
from tradepost.market.organisations import invite, members, queries, second_step
from tradepost.market.organisations.enterprise import Found
from tradepost.market.organisations.profile import stored_profile
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.refusals import say_why

from .enterprise_frame import EnterpriseRequest, enterprise_page, show

private = cache_control(private=True, no_store=True)


class FoundForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the enterprise"),
        max_length=verbs.LONGEST_NAME,
        help_text=gettext_lazy("Sellers of joint software see it."),
    )
    code = forms.CharField(
        label=gettext_lazy("Enterprise code"),
        max_length=63,
        help_text=gettext_lazy(
            "Small letters, digits and hyphens. Your people sign in with it, and it can never be changed: choose a short one."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    person = forms.CharField(
        label=gettext_lazy("Your name in it"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    user_name = forms.CharField(
        label=gettext_lazy("Your account name in it"),
        max_length=64,
        help_text=gettext_lazy(
            "Letters, digits, dots, hyphens and underscores, for example li.lei. It cannot be changed."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )


class RenameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the enterprise"), max_length=verbs.LONGEST_NAME)


class DissolveForm(forms.Form):
    typed = forms.CharField(
        label=gettext_lazy("Enterprise code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/enterprises.html", {"memberships": queries.memberships_of(person(request))})


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form, status = FoundForm(request.POST or None, initial={"name": user.company, "person": user.name}), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = verbs.found(
                    user, Found(**form.cleaned_data), most=config().enterprises_most, now=now_of(request)
                )
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Founded. Next come its departments and people."))
                return redirect("storefront:enterprise", code=made.enterprise.code)
    return render(request, "storefront/enterprise_new.html", {"form": form}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation, as its mail leads to it. Nothing is told of a token that is none."""
    invitation = invite.find_invitation(token, now=now_of(request))
    if invitation is None:
        return render(request, "storefront/enterprise_join.html", {"invitation": None}, status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        made = invite.accept(token, user=user, most=config().enterprise_members_most, now=now_of(request))
        messages.success(request, _("You are a member of %(enterprise)s now.") % {"enterprise": made.enterprise})
        return redirect("storefront:enterprise", code=made.enterprise.code)
    back = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "is_for_reader": user is not None and invite.is_for(invitation, user),
        "login_url": f"{reverse('account_login')}?{back}",
        "signup_url": f"{reverse('account_signup')}?{back}",
    }
    return render(request, "storefront/enterprise_join.html", context)


@require_safe
@enterprise_page(admin=False)
def home(request: EnterpriseRequest) -> HttpResponse:
    """Who the reader is in it; for administrators, how it stands."""
    one = request.membership
    return show(
        request, "storefront/enterprise.html", profile=stored_profile(one.profile), groups=queries.groups_with(one),
        admins=queries.admins_of(request.enterprise),
    )  # fmt: skip


@require_POST
@enterprise_page(admin=False)
def leave(request: EnterpriseRequest) -> HttpResponse:
    members.leave(request.membership, now=request.now)
    messages.success(request, _("You are no longer a member of %(enterprise)s.") % {"enterprise": request.enterprise})
    return redirect("storefront:home" if request.visitor else "storefront:enterprises")


@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def settings(request: EnterpriseRequest) -> HttpResponse:
    form, status = RenameForm(request.POST or None, initial={"name": request.enterprise.name}), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                verbs.rename(request.enterprise, form.cleaned_data["name"], by=request.membership, now=request.now)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Saved."))
                return redirect("storefront:enterprise_settings", code=request.enterprise.code)
    return _settings(request, form, DissolveForm(), status)


def _settings(request: EnterpriseRequest, form: RenameForm, ends: DissolveForm, status: int) -> HttpResponse:
    return show(request, "storefront/enterprise_settings.html", status=status, form=form, ends=ends)


@require_POST
@enterprise_page(admin=True)
def ask_second_step(request: EnterpriseRequest) -> HttpResponse:
    wanted = request.POST.get("wanted") == "yes"
    second_step.ask_of_all(request.enterprise, wanted=wanted, by=request.membership, now=request.now)
    if wanted:
        messages.success(request, _("From their next sign-in on, all members need two-step sign-in."))
    else:
        messages.success(request, _("Each member decides now. Whoever has it on keeps it."))
    return redirect("storefront:enterprise_settings", code=request.enterprise.code)


@require_POST
@enterprise_page(admin=True)
def dissolve(request: EnterpriseRequest) -> HttpResponse:
    ends, status = DissolveForm(request.POST), 400
    if ends.is_valid():
        try:
            verbs.dissolve(request.enterprise, by=request.membership, typed=ends.cleaned_data["typed"], now=request.now)
        except Refused as refused:
            say_why(ends, refused)
            status = refused.status
        else:
            messages.success(request, _("%(enterprise)s is dissolved.") % {"enterprise": request.enterprise})
            return redirect("storefront:home" if request.visitor else "storefront:enterprises")
    return _settings(request, RenameForm(initial={"name": request.enterprise.name}), ends, status)
