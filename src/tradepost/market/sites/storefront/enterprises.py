"""Enterprises of a person: list, creation, membership, invitations and dissolution."""

from __future__ import annotations

from http import HTTPStatus
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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.identity.models import User
from tradepost.market.organisations import dissolution, invite, members, queries, second_step
from tradepost.market.organisations import enterprise as verbs
from tradepost.market.organisations.enterprise import FoundEnterprise
from tradepost.market.organisations.models import Member
from tradepost.market.organisations.profile import stored_profile
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.pages.guards import buyer_form, buyer_page
from tradepost.market.web.refusals import add_refusal, status_of

from .enterprise_frame import EnterpriseRequest, enterprise_page, show


class CreateForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the enterprise"),
        max_length=verbs.MAX_NAME_LENGTH,
        help_text=gettext_lazy("Sellers of joint software see it."),
    )
    code = forms.CharField(
        label=gettext_lazy("Enterprise code"),
        max_length=63,
        help_text=gettext_lazy(
            "Lowercase letters, digits and hyphens. Members use it to sign in, and it cannot be changed. Choose "
            "a short code."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    person = forms.CharField(
        label=gettext_lazy("Your name in the enterprise"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    user_name = forms.CharField(
        label=gettext_lazy("Your account name in the enterprise"),
        max_length=64,
        help_text=gettext_lazy(
            "Letters, digits, dots, hyphens and underscores, for example li.lei. It cannot be changed."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )


class RenameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the enterprise"), max_length=verbs.MAX_NAME_LENGTH)


class DissolveForm(forms.Form):
    typed = forms.CharField(
        label=gettext_lazy("Enterprise code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


@buyer_page
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/enterprises.html", {"memberships": queries.memberships_of(person(request))})


@buyer_form
def new(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = CreateForm(submitted_data(request), initial={"name": user.company, "person": user.name})
    return ask(
        request,
        form,
        lambda: verbs.found_enterprise(
            user,
            FoundEnterprise(**form.cleaned_data),
            most=config().organisations.enterprises_most,
            now=now_of(request),
        ),
        page=lambda: render(request, "storefront/enterprise_new.html", {"form": form}),
        done=_("The enterprise was created. Add departments and people next."),
        back=lambda created: redirect("storefront:enterprise", code=created.enterprise.code),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation from its mail, and accept it. An invalid token reveals nothing."""
    invitation = invite.find_invitation(token, now=now_of(request))
    if invitation is None:
        return render(request, "storefront/enterprise_join.html", {"invitation": None}, status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        if user is None:
            return redirect_to_login(request.path)
        member = invite.accept(
            token, user=user, most=config().organisations.enterprise_members_most, now=now_of(request)
        )
        messages.success(request, _("You are now a member of %(enterprise)s.") % {"enterprise": member.enterprise})
        return redirect("storefront:enterprise", code=member.enterprise.code)
    return_query = urlencode({REDIRECT_FIELD_NAME: request.path})
    context = {
        "invitation": invitation,
        "is_for_reader": user is not None and invite.is_for(invitation, user),
        "login_url": f"{reverse('account_login')}?{return_query}",
        "signup_url": f"{reverse('account_signup')}?{return_query}",
    }
    return render(request, "storefront/enterprise_join.html", context)


@require_safe
@enterprise_page(admin=False)
def home(request: EnterpriseRequest) -> HttpResponse:
    """Show the reader's membership, and for administrators the state of the enterprise."""
    membership = request.membership
    return show(
        request, "storefront/enterprise.html", profile=stored_profile(membership.profile),
        groups=queries.groups_of_member(membership),
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
    form = RenameForm(submitted_data(request), initial={"name": request.enterprise.name})
    return ask(
        request,
        form,
        lambda: verbs.rename(request.enterprise, form.cleaned_data["name"], by=request.membership, now=request.now),
        page=lambda: _settings_page(request, form, DissolveForm()),
        done=_("Saved."),
        back=("storefront:enterprise_settings", request.enterprise.code),
    )


def _settings_page(
    request: EnterpriseRequest, form: RenameForm, dissolve_form: DissolveForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    asker = request.enterprise.dissolve_asked_by
    asked_by = Member.objects.filter(pk=asker).first() if asker is not None else None
    return show(
        request, "storefront/enterprise_settings.html", status=status, form=form, ends=dissolve_form, asked_by=asked_by
    )


@require_POST
@enterprise_page(admin=True)
def ask_second_step(request: EnterpriseRequest) -> HttpResponse:
    required = request.POST.get("wanted") == "yes"
    second_step.require_for_all(request.enterprise, wanted=required, by=request.membership, now=request.now)
    if required:
        messages.success(request, _("From their next sign-in on, all members need two-step sign-in."))
    else:
        messages.success(request, _("Two-step sign-in is now optional. Members who turned it on keep it."))
    return redirect("storefront:enterprise_settings", code=request.enterprise.code)


@require_POST
@enterprise_page(admin=True)
def dissolve(request: EnterpriseRequest) -> HttpResponse:
    """Request the dissolution. The password is hashed outside of a transaction."""
    dissolve_form = DissolveForm(request.POST)
    if dissolve_form.is_valid():
        try:
            second_factor.check_password(request.user, dissolve_form.cleaned_data["password"], wall=clock.wall())
            dissolution.request_dissolution(
                request.enterprise, by=request.membership, typed=dissolve_form.cleaned_data["typed"], now=request.now
            )
        except Refused as refused:
            add_refusal(dissolve_form, refused)
            return _settings_page(
                request, RenameForm(initial={"name": request.enterprise.name}), dissolve_form, status_of(refused)
            )
        messages.success(
            request, _("The request to dissolve %(enterprise)s is saved.") % {"enterprise": request.enterprise}
        )
        return redirect("storefront:enterprise_settings", code=request.enterprise.code)
    return _settings_page(request, RenameForm(initial={"name": request.enterprise.name}), dissolve_form, 422)


dissolve.own_transactions = True  # type: ignore[attr-defined]


@require_POST
@enterprise_page(admin=True)
def agree_to_dissolve(request: EnterpriseRequest) -> HttpResponse:
    dissolution.agree_to_dissolution(request.enterprise, by=request.membership, now=request.now)
    messages.success(request, _("%(enterprise)s will be dissolved in seven days.") % {"enterprise": request.enterprise})
    return redirect("storefront:enterprise_settings", code=request.enterprise.code)


@require_POST
@enterprise_page(admin=True)
def keep(request: EnterpriseRequest) -> HttpResponse:
    dissolution.cancel_dissolution(request.enterprise, by=request.membership, now=request.now)
    messages.success(request, _("%(enterprise)s will be kept.") % {"enterprise": request.enterprise})
    return redirect("storefront:enterprise_settings", code=request.enterprise.code)
