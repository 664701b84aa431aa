"""Sign in at an enterprise's auth centre: by password, or as the market account that one is logged in to."""

from __future__ import annotations

from functools import partial

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.identity import second_factor
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Member
from tradepost.market.web import known_browsers
from tradepost.market.web.peer import network_of, peer

from . import asked_for, freshness, pending, sessions, sign_in
from .models import Grant, SignInSession
from .settings_of import lockout
from .tenant import COOKIE, enterprise_of, following_of, forget, page, sign_in_url, tenant


class SignInForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=sign_in.LONGEST,
        help_text=gettext_lazy("As your enterprise gave it to you, or the e-mail address of your market account."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@tenant
def sign_in_page(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member = sign_in.prove(
                enterprise_of(request), form.cleaned_data["name"], form.cleaned_data["password"],
                network=network_of(peer(request)), where=partial(known_browsers.origin_of, request), lockout=lockout(),
                now=clock.now(), wall=clock.wall(),
            )  # fmt: skip
        except Refused as refused:
            form.add_error(None, refused.message)
            return _page(request, form, status=refused.status)
        return pending.after_password(request, member)
    return _page(request, form, status=422 if form.is_bound else 200)


# It writes only what stands for itself; in one transaction a password would be hashed while SQLite's lock is held.
sign_in_page.own_transactions = True  # type: ignore[attr-defined]


@never_cache
@require_POST
@tenant
def with_account(request: HttpRequest) -> HttpResponse:
    """The one click of somebody who is logged in to the market: a POST, so that no other page signs anybody in."""
    member = _as_account(request)
    if member is None:
        return redirect(sign_in_url(request, following_of(request)))
    if second_factor.is_on(member.user):  # its session of the market took both steps
        return pending.enter(request, member, SignInSession.Way.ACCOUNT, SignInSession.SecondStep.MARKET)
    if member.enterprise.second_step_required:
        return pending.wait(request, member, SignInSession.Way.ACCOUNT, "second_step_set_up")
    return pending.enter(request, member, SignInSession.Way.ACCOUNT)


@never_cache
@require_POST
@tenant
def sign_out(request: HttpRequest) -> HttpResponse:
    secret = request.COOKIES.get(COOKIE, "")
    session = sessions.find(secret, enterprise_of(request), now=clock.wall())
    if session is not None:
        sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
    answer = redirect(page(request, "sign_in"))
    forget(request, answer)
    return answer


def _page(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    following = following_of(request)
    client = asked_for.client_in(following, enterprise_of(request))
    context = {
        "form": form,
        "enterprise": enterprise_of(request),
        "next": following,
        "client": client,
        "account": _as_account(request),
    }
    answer = render(request, "auth_centre/sign_in.html", context, status=status)
    return asked_for.leading_on(request, answer)


def _as_account(request: HttpRequest) -> Member | None:
    """Who the browser is at the market; None where the application asks for a password that was given more recently."""
    user = request.user
    if not freshness.account_suffices(following_of(request), freshness.logged_in_at(request), now=clock.wall()):
        return None
    return sign_in.member_of(enterprise_of(request), user) if isinstance(user, User) else None
