"""The second step of a sign-in to the market: a stage of allauth between the password and the session."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.identity.models import User
from tradepost.market.identity.second_factor import Method
from tradepost.market.web.pages import submitted_data

from . import known_browsers
from .access import now_of
from .allauth_internals.stages import LoginStage, login_stage_required, record_authentication, stage_of
from .refusals import add_refusal, status_of

KEY = "second_step"


class SecondStep(LoginStage):
    """A sign-in that waits in the session for a valid code, also after a password reset."""

    key = KEY
    urlname = "second_step"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is None or not second_factor.is_on(user):
            return None, True
        return redirect(self.urlname), True


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=second_factor.MAX_INPUT_LENGTH,
        help_text=gettext_lazy("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


def check_code(request: HttpRequest, user: User) -> tuple[CodeForm, int, Method | None]:
    """Return the form, the status of its page, and the method that proved the second step, or None."""
    form, status = CodeForm(submitted_data(request)), 200
    if request.method != "POST":
        return form, status, None
    status = 422
    if form.is_valid():
        try:
            origin = known_browsers.origin_of(request, user.pk)
            method = second_factor.verify_code(
                user, form.cleaned_data["code"], origin=origin, now=now_of(request), wall=clock.wall()
            )
        except Refused as refused:
            add_refusal(form, refused)
            status = status_of(refused)
        else:
            return form, status, method
    return form, status, None


# allauth has no types
@login_stage_required(stage=KEY, redirect_urlname="account_login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    stage = stage_of(request)
    if "cancel" in request.POST:
        return _typed(stage.abort())
    form, status, method = check_code(request, stage.login.user)
    if method is not None:
        record_authentication(request, stage.login.user, method="mfa", type=method.value)
        return _typed(stage.exit())
    return render(request, "account/second_step.html", {"form": form}, status=status)


def _typed(response: HttpResponse) -> HttpResponse:
    """Give allauth's untyped response a type."""
    return response
