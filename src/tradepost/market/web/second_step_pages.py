"""Pages to turn two-step sign-in on and off, and to create recovery codes, for the market and the auth centre.

Each hashes a password, so mark the views as ``own_transactions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct, field

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor, totp
from tradepost.market.identity.models import User
from tradepost.market.web.pages import submitted_data

from . import known_browsers
from .access import now_of
from .qr import qr_svg
from .refusals import add_refusal, status_of
from .second_step import CodeForm

GROUP_LENGTH = 4
"""Characters of a group, where the secret is typed by hand."""


class SecondStepContext(Struct, frozen=True, kw_only=True):
    """The context of the pages: whose second step, and where. ``account``: name in the app; ``base``: base template;
    ``home``: page to return to; ``more``: context of that template."""

    user: User
    account: str
    base: str
    home: str
    more: Mapping[str, Any] = field(default_factory=dict)


def _password() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(CodeForm):
    """Asks for password and code, neither of which a person at an unlocked browser has."""

    password = _password()
    field_order = ("password", "code")


class FirstCodeForm(forms.Form):
    """The sealed draft of the secret that was shown, and the code that the app computes from it."""

    draft = forms.CharField(max_length=1000, widget=forms.HiddenInput)
    code = forms.CharField(
        label=gettext_lazy("Current code of the app"),
        max_length=second_factor.MAX_INPUT_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )


class FirstCodeAndPasswordForm(FirstCodeForm):
    password = _password()
    field_order = ("draft", "code", "password")


type Done = Callable[[list[str]], HttpResponse]
"""Returns the page that shows the recovery codes once."""


def turn_on(request: HttpRequest, place: SecondStepContext, done: Done, *, proved: bool = False) -> HttpResponse:
    """Turn two-step sign-in on. ``proved``: the password was checked a moment ago."""
    if second_factor.is_on(place.user):
        return redirect(place.home)
    cls, wall = FirstCodeForm if proved else FirstCodeAndPasswordForm, clock.wall()
    form, status = cls(submitted_data(request)), 200
    draft = second_factor.reopen(place.user, request.POST.get("draft", "")[:1000], wall=wall)
    if request.method == "POST":
        status = 422
        if draft is None:
            form = cls()
            messages.warning(request, _("That QR code has expired. Scan the new one."))
        elif form.is_valid():
            try:
                if not proved:
                    second_factor.check_password(place.user, form.cleaned_data["password"], wall=wall)
                return done(
                    second_factor.turn_on(place.user, draft, form.cleaned_data["code"], now=now_of(request), wall=wall)
                )
            except Refused as refused:
                status = _add_refusal(form, refused)
    return _qr_page(request, place, form, draft or second_factor.draft(place.user, wall=wall), status)


def _qr_page(
    request: HttpRequest, place: SecondStepContext, form: forms.Form, draft: second_factor.Draft, status: int
) -> HttpResponse:
    """Show the QR code. After a wrong code it is the same, because the app has stored its secret."""
    if not form.is_bound:
        form.initial["draft"] = draft.sealed
    issuer = urlsplit(config().base_url).netloc
    uri = totp.provisioning_uri(draft.secret, account=place.account, issuer=issuer)
    secret = draft.secret
    context = {
        **_context(place), "form": form, "uri": uri, "account": place.account, "issuer": issuer,
        "picture": qr_svg(uri, label=_("QR code for the authenticator app")),
        "typed": " ".join(secret[start : start + GROUP_LENGTH] for start in range(0, len(secret), GROUP_LENGTH)),
    }  # fmt: skip
    return _private(render(request, "web/second_step/turn_on.html", context, status=status))


def turn_off(request: HttpRequest, place: SecondStepContext, done: Callable[[], HttpResponse]) -> HttpResponse:
    def act() -> HttpResponse:
        second_factor.turn_off(place.user, now=now_of(request), wall=clock.wall())
        return done()

    return _change(request, place, "web/second_step/turn_off.html", act)


def create_codes(request: HttpRequest, place: SecondStepContext) -> HttpResponse:
    def act() -> HttpResponse:
        codes = second_factor.new_codes(place.user, now=now_of(request), wall=clock.wall())
        return show_codes(request, place, codes)

    return _change(request, place, "web/second_step/new_codes.html", act)


def show_codes(request: HttpRequest, place: SecondStepContext, codes: list[str]) -> HttpResponse:
    """Show new recovery codes, only in this response."""
    return _private(render(request, "web/second_step/codes.html", {**_context(place), "codes": codes}))


def _change(
    request: HttpRequest, place: SecondStepContext, template: str, act: Callable[[], HttpResponse]
) -> HttpResponse:
    """Run the act after checking the password and a code."""
    if not second_factor.is_on(place.user):
        return redirect(place.home)
    form, status, wall = PasswordForm(submitted_data(request)), 200, clock.wall()
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                second_factor.check_password(place.user, form.cleaned_data["password"], wall=wall)
                origin = known_browsers.origin_of(request, place.user.pk)
                second_factor.verify_code(
                    place.user, form.cleaned_data["code"], origin=origin, now=now_of(request), wall=wall
                )
                return act()
            except Refused as refused:
                status = _add_refusal(form, refused)
    return _private(render(request, template, {**_context(place), "form": form}, status=status))


def _add_refusal(form: forms.Form, refused: Refused) -> int:
    add_refusal(form, refused)
    return status_of(refused)


def _context(place: SecondStepContext) -> dict[str, Any]:
    return {**place.more, "base": place.base, "home": place.home}


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response
