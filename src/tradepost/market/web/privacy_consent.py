"""Consent to a new privacy policy: a stage of allauth's sign-in between the second step and the session."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tradepost.market.identity import consents
from tradepost.market.web.pages import ask, submitted_data

from .access import now_of
from .allauth_internals.stages import LoginStage, login_stage_required, stage_of
from .sign_up import ConsentMixin

KEY = "privacy_consent"


class PrivacyConsent(LoginStage):  # type: ignore[misc]  # allauth has no types
    """The last stage, because only the owner of the account can consent."""

    key = KEY
    urlname = KEY

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is None or consents.policy_to_accept(user, now=now_of(self.request)) is None:
            return None, True
        return redirect(self.urlname), True


class ConsentForm(ConsentMixin, forms.Form):
    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_consent(consents.policy(now=now_of(request)))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.check_consent()
        return cleaned


# allauth has no types
@login_stage_required(stage=KEY, redirect_urlname="account_login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_consent(request: HttpRequest) -> HttpResponse:
    stage = stage_of(request)
    if "cancel" in request.POST:
        return _typed(stage.abort())
    form, now = ConsentForm(submitted_data(request), request=request), now_of(request)
    number = form.policy.number if form.policy else 0
    return ask(
        request,
        form,
        lambda: consents.consent(stage.login.user, number, now=now),
        page=lambda: render(request, "account/privacy_consent.html", {"form": form, "policy": form.policy}),
        back=lambda _done: _typed(stage.exit()),
    )


def _typed(response: HttpResponse) -> HttpResponse:
    """Give allauth's untyped response a type."""
    return response
