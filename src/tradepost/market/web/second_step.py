"""The second step of a log-in to the market: allauth asks for it between the password and the session."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStage
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

from . import known_browsers
from .access import now_of
from .refusals import say_why

KEY = "second_step"


class SecondStep(LoginStage):
    """Waits in the session until a right code comes; whoever set a new password by mail waits here, too."""

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
        max_length=second_factor.LONGEST,
        help_text=gettext_lazy("Six digits of your authenticator app. Without the app: one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


def answered(request: HttpRequest, user: User) -> tuple[CodeForm, int, Method | None]:
    """The form, the status of its page, and by what the second step was done; None where it was not."""
    form, status = CodeForm(request.POST or None), 200
    if request.method != "POST":
        return form, status, None
    status = 422
    if form.is_valid():
        try:
            origin = known_browsers.origin_of(request, user.pk)
            method = second_factor.prove(
                user, form.cleaned_data["code"], origin=origin, now=now_of(request), wall=clock.wall()
            )
        except Refused as refused:
            say_why(form, refused)
            status = refused.status
        else:
            return form, status, method
    return form, status, None


@login_stage_required(stage=KEY, redirect_urlname="account_login")  # type: ignore[untyped-decorator]  # allauth has no types
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    stage: Any = request._login_stage  # type: ignore[attr-defined]  # noqa: SLF001  # allauth's own place for it
    if "cancel" in request.POST:
        return _answer(stage.abort())
    form, status, method = answered(request, stage.login.user)
    if method is not None:
        record_authentication(request, stage.login.user, method="mfa", type=method.value)
        return _answer(stage.exit())
    return render(request, "account/second_step.html", {"form": form}, status=status)


def _answer(answer: HttpResponse) -> HttpResponse:
    """With the type that allauth, which has none, leaves out."""
    return answer
