"""Turn two-step sign-in on and off, and draw recovery codes: the same pages in the market and at an auth centre.

Each hashes a password, so the views are to be marked ``own_transactions``.
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

from . import known_browsers
from .access import now_of
from .qr import qr_svg
from .refusals import say_why
from .second_step import CodeForm

GROUP = 4
"""Characters of a secret that stand together where it is typed by hand."""


class Place(Struct, frozen=True, kw_only=True):
    """Whose second step it is, and among which pages. ``account``: what the app shows; ``base``: the template around; ``home``: the
    page to go back to; ``more``: what that template needs."""

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
    """Both: whoever sits at a browser that was left open has neither."""

    password = _password()
    field_order = ("password", "code")


class FirstCodeForm(forms.Form):
    """The secret that was shown, sealed, and what the app makes of it."""

    draft = forms.CharField(max_length=1000, widget=forms.HiddenInput)
    code = forms.CharField(
        label=gettext_lazy("Code that the app shows now"),
        max_length=second_factor.LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )


class FirstCodeAndPasswordForm(FirstCodeForm):
    password = _password()
    field_order = ("draft", "code", "password")


type Done = Callable[[list[str]], HttpResponse]
"""Given the recovery codes, the page that shows them, once."""


def turn_on(request: HttpRequest, place: Place, done: Done, *, proved: bool = False) -> HttpResponse:
    """``proved``: the password was given a moment ago."""
    if second_factor.is_on(place.user):
        return redirect(place.home)
    cls, wall = FirstCodeForm if proved else FirstCodeAndPasswordForm, clock.wall()
    form, status = cls(request.POST or None), 200
    begun = second_factor.reopen(place.user, request.POST.get("draft", "")[:1000], wall=wall)
    if request.method == "POST":
        status = 422
        if begun is None:
            form = cls()
            messages.warning(request, _("That picture is too old. Scan this new one."))
        elif form.is_valid():
            try:
                if not proved:
                    second_factor.check_password(place.user, form.cleaned_data["password"], wall=wall)
                return done(
                    second_factor.turn_on(place.user, begun, form.cleaned_data["code"], now=now_of(request), wall=wall)
                )
            except Refused as refused:
                status = _why(form, refused)
    return _picture(request, place, form, begun or second_factor.draft(place.user, wall=wall), status)


def _picture(
    request: HttpRequest, place: Place, form: forms.Form, begun: second_factor.Draft, status: int
) -> HttpResponse:
    """The same secret again after a wrong code: the app holds it already."""
    if not form.is_bound:
        form.initial["draft"] = begun.sealed
    issuer = urlsplit(config().base_url).netloc
    uri = totp.provisioning_uri(begun.secret, account=place.account, issuer=issuer)
    secret = begun.secret
    context = {
        **_around(place), "form": form, "uri": uri, "account": place.account, "issuer": issuer,
        "picture": qr_svg(uri, label=_("Picture for the authenticator app")),
        "typed": " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP)),
    }  # fmt: skip
    return _private(render(request, "web/second_step/turn_on.html", context, status=status))


def turn_off(request: HttpRequest, place: Place, done: Callable[[], HttpResponse]) -> HttpResponse:
    def act() -> HttpResponse:
        second_factor.turn_off(place.user, now=now_of(request), wall=clock.wall())
        return done()

    return _change(request, place, "web/second_step/turn_off.html", act)


def draw_codes(request: HttpRequest, place: Place) -> HttpResponse:
    def act() -> HttpResponse:
        codes = second_factor.new_codes(place.user, now=now_of(request), wall=clock.wall())
        return show_codes(request, place, codes)

    return _change(request, place, "web/second_step/new_codes.html", act)


def show_codes(request: HttpRequest, place: Place, codes: list[str]) -> HttpResponse:
    """The one page that holds them."""
    return _private(render(request, "web/second_step/codes.html", {**_around(place), "codes": codes}))


def _change(request: HttpRequest, place: Place, template: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """After the password and a code."""
    if not second_factor.is_on(place.user):
        return redirect(place.home)
    form, status, wall = PasswordForm(request.POST or None), 200, clock.wall()
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                second_factor.check_password(place.user, form.cleaned_data["password"], wall=wall)
                origin = known_browsers.origin_of(request, place.user.pk)
                second_factor.prove(
                    place.user, form.cleaned_data["code"], origin=origin, now=now_of(request), wall=wall
                )
                return act()
            except Refused as refused:
                status = _why(form, refused)
    return _private(render(request, template, {**_around(place), "form": form}, status=status))


def _why(form: forms.Form, refused: Refused) -> int:
    say_why(form, refused)
    return refused.status


def _around(place: Place) -> dict[str, Any]:
    return {**place.more, "base": place.base, "home": place.home}


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    return answer
