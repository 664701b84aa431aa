"""Sign-in settings: OpenID providers, roles of operators by group, and passwords of operators."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.identity import sign_in_providers as verbs
from tradepost.market.identity.models import SignInProvider
from tradepost.market.identity.operator_roles import Role
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import act, ask, submitted_data
from tradepost.market.web.pages.form_acts import or_404

GROUP_ROLE_LINE = re.compile(r"^(?P<group>.{1,200}?)\s*=\s*(?P<role>[a-z]+)$")
MAX_LINES = 100


class ProviderForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the provider"),
        max_length=64,
        help_text=_("Shown on the button of the sign-in page, for example the name of your company."),
    )
    issuer = forms.CharField(
        label=_("Issuer"), max_length=500,
        help_text=_("The address of the provider, without /.well-known/openid-configuration."),
    )  # fmt: skip
    client_id = forms.CharField(label=_("Client ID"), max_length=255)
    secret = forms.CharField(
        label=_("Client secret"), max_length=500, required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("It is kept encrypted and never shown again. Leave it empty to keep the current one."),
    )  # fmt: skip
    scopes = forms.CharField(
        label=_("Scopes"), max_length=255, initial="openid profile email offline_access",
        help_text=_(
            "With offline_access, the groups are refreshed every ten minutes. Without it, operators sign in again "
            "each hour. Some providers need a scope for groups."),
    )  # fmt: skip
    asks_consent = forms.BooleanField(
        label=_("Ask for consent at each sign-in"), required=False,
        help_text=_("Turn this on if your provider grants offline_access only with prompt=consent."),
    )  # fmt: skip
    for_buyers = forms.BooleanField(label=_("Buyers may sign in and create accounts"), required=False)
    for_operators = forms.BooleanField(label=_("Operators may sign in"), required=False)
    groups_claim = forms.CharField(label=_("Claim with the groups"), max_length=64, initial="groups")
    roles = forms.CharField(
        label=_("Roles by group"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_(
            "One line per group: group = role. Roles: owner, finance, reviewer, service, support, auditor. The first "
            "line with a group of the person applies."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=_("Offered on the sign-in page"), required=False, initial=True)

    def clean_issuer(self) -> str:
        url = str(self.cleaned_data["issuer"]).strip().rstrip("/")
        if not re.fullmatch(r"https?://[^\s?#]+", url) or (url.startswith("http://") and not config().sandbox):
            raise forms.ValidationError(gettext("Enter an address that begins with https://."))
        return url

    def clean_scopes(self) -> str:
        scopes: list[str] = self.cleaned_data["scopes"].split()
        if "openid" not in scopes:
            raise forms.ValidationError(gettext("The scope openid is required."))
        return " ".join(scopes)

    def clean_roles(self) -> list[list[str]]:
        group_roles = []
        for number, line in enumerate(self.cleaned_data["roles"].splitlines(), start=1):
            if not line.strip():
                continue
            match = GROUP_ROLE_LINE.match(line.strip())
            if match is None or match["role"] not in Role.values or number > MAX_LINES:
                words = gettext("Line %(number)s is not group = role, or the role is unknown.") % {"number": number}
                raise forms.ValidationError(words)
            group_roles.append([match["group"], match["role"]])
        return group_roles

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("for_operators") and not cleaned.get("roles") and "roles" not in self.errors:
            self.add_error("roles", gettext("Enter at least one group. Otherwise no operator could sign in."))
        if not (cleaned.get("for_operators") or cleaned.get("for_buyers")):
            self.add_error("for_buyers", gettext("Choose who may sign in."))
        return cleaned


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = {
        "providers": list(SignInProvider.objects.order_by("name", "pk")),
        "passwords": verbs.passwords_allowed(),
    }
    return render(request, "console/sign_in.html", context)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _edit_provider(request, SignInProvider())


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_provider(request, or_404(SignInProvider.objects.filter(pk=pk).first()))


def _edit_provider(request: HttpRequest, provider: SignInProvider) -> HttpResponse:
    initial = (
        {name: getattr(provider, name) for name in PROVIDER_FIELDS} | {"roles": _role_lines(provider)}
        if provider.pk
        else None
    )
    form = ProviderForm(submitted_data(request), initial=initial)

    def save() -> SignInProvider:
        return verbs.save(
            provider,
            {name: form.cleaned_data[name] for name in (*PROVIDER_FIELDS, "roles")},
            secret=form.cleaned_data["secret"],
            now=now_of(request),
        )

    return ask(
        request,
        form,
        save,
        page=lambda: render(request, "console/sign_in_provider.html", {"form": form, **_context(provider)}),
        done=lambda saved: gettext("The provider %(name)s was saved.") % {"name": saved},
        back=lambda saved: redirect("console:provider", saved.pk),
    )


def _context(provider: SignInProvider) -> dict[str, Any]:
    return {
        "provider": provider,
        "base_url": config().base_url,
        "lacks_refresh": bool(provider.pk) and verbs.lacks_refresh(provider),
    }


PROVIDER_FIELDS = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "asks_consent",
    "for_buyers",
    "for_operators",
    "groups_claim",
    "enabled",
)


def _role_lines(provider: SignInProvider) -> str:
    return "\n".join(f"{group} = {role}" for group, role in provider.roles)


@operator_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    provider = or_404(SignInProvider.objects.filter(pk=pk).first())
    return act(
        request,
        lambda: verbs.delete(provider, now=now_of(request), wall=clock.wall()),
        done=gettext("The provider %(name)s was deleted.") % {"name": provider},
        back="console:providers",
    )


@operator_required
@require_POST
def passwords(request: HttpRequest) -> HttpResponse:
    allowed = request.POST.get("passwords") == "on"
    return act(
        request,
        lambda: verbs.allow_passwords(allowed, by=person(request), now=now_of(request), wall=clock.wall()),
        done=gettext("Operators may sign in by password.")
        if allowed
        else gettext("Operators can sign in only through a provider. Their other sessions ended."),
        back="console:providers",
    )
