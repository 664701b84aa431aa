"""Confirm irreversible or private requests with the owner's password, and a code if two-step sign-in is on."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from tradepost.market.identity import second_factor
from tradepost.market.web import known_browsers
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages import submitted_data


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordAndCodeForm(PasswordForm):
    code = forms.CharField(
        label=gettext_lazy("Code of your authenticator app, or a recovery code"),
        max_length=second_factor.MAX_INPUT_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


def password_form(request: HttpRequest) -> PasswordForm:
    """Return the form that this person must fill in."""
    return (PasswordAndCodeForm if second_factor.is_on(person(request)) else PasswordForm)(submitted_data(request))


def check_password_and_code(request: HttpRequest, form: PasswordForm, *, wall: datetime) -> None:
    """Check the form's password and code. Call it outside of a transaction, because it is slow and a rollback would
    lose the count of failures. Raises ``Refused``."""
    user = person(request)
    second_factor.check_password(user, form.cleaned_data["password"], wall=wall)
    if "code" in form.cleaned_data:
        origin = known_browsers.origin_of(request, user.pk)
        second_factor.verify_code(user, form.cleaned_data["code"], origin=origin, now=now_of(request), wall=wall)
