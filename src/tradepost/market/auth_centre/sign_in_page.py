"""Sign in at an enterprise's auth centre, by password or through the market account."""

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
from tradepost.market.web.pages import submitted_data
from tradepost.market.web.peer import network_of, peer
from tradepost.market.web.refusals import status_of

from . import freshness, pending, requesting_client, sessions, sign_in, sign_in_notes
from .models import Grant, SignInSession
from .settings_of import password_delays
from .tenant import COOKIE, clear_sign_in_cookie, enterprise_of, following_of, page, sign_in_url, tenant


class SignInForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=sign_in.MAX_LENGTH,
        help_text=gettext_lazy("The user name from your enterprise, or the e-mail address of your market account."),
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
    form = SignInForm(submitted_data(request))
    if request.method == "POST" and form.is_valid():
        try:
            member = sign_in.authenticate(
                enterprise_of(request), form.cleaned_data["name"], form.cleaned_data["password"],
                network=network_of(peer(request)), where=partial(known_browsers.origin_of, request), delays=password_delays(),
                now=clock.now(), wall=clock.wall(),
            )  # fmt: skip
        except Refused as refusal:
            sign_in_notes.record_refusal(request, form.cleaned_data["name"], refusal)
            form.add_error(None, refusal.message)
            return _page(request, form, status=status_of(refusal))
        return pending.after_password(request, member)
    return _page(request, form, status=422 if form.is_bound else 200)


# Each write is independent. A surrounding transaction would hold SQLite's lock while a password is hashed.
sign_in_page.own_transactions = True  # type: ignore[attr-defined]


@never_cache
@require_POST
@tenant
def with_account(request: HttpRequest) -> HttpResponse:
    """Sign in through the market account. A POST is required, so that other sites cannot sign people in."""
    member = _market_member(request)
    if member is None:
        return redirect(sign_in_url(request, following_of(request)))
    if second_factor.is_on(member.user):  # the market session included both steps
        return pending.enter(request, member, SignInSession.Way.ACCOUNT, SignInSession.SecondStep.MARKET)
    if member.enterprise.second_step_required:
        return pending.redirect_to(request, member, SignInSession.Way.ACCOUNT, "second_step_set_up")
    return pending.enter(request, member, SignInSession.Way.ACCOUNT)


@never_cache
@require_POST
@tenant
def sign_out(request: HttpRequest) -> HttpResponse:
    secret = request.COOKIES.get(COOKIE, "")
    session = sessions.find(secret, enterprise_of(request), now=clock.wall())
    if session is not None:
        sessions.end(session, Grant.Why.SIGNED_OUT, now=clock.wall())
    response = redirect(page(request, "sign_in"))
    clear_sign_in_cookie(request, response)
    return response


def _page(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    following = following_of(request)
    client = requesting_client.client_in_address(following, enterprise_of(request))
    context = {
        "form": form,
        "enterprise": enterprise_of(request),
        "next": following,
        "client": client,
        "account": _market_member(request),
    }
    response = render(request, "auth_centre/sign_in.html", context, status=status)
    return requesting_client.allow_next_address(request, response)


def _market_member(request: HttpRequest) -> Member | None:
    """Return the market account as a member; None if the application requires a more recent password."""
    user = request.user
    if not freshness.is_account_sufficient(following_of(request), freshness.logged_in_at(request), now=clock.wall()):
        return None
    return sign_in.member_of(enterprise_of(request), user) if isinstance(user, User) else None
