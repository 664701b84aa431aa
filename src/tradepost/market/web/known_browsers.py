"""Remember the browsers in which an account signed in completely: they have counts of wrong passwords and codes of their own.

A cookie proves nothing but that. It holds a random id and the accounts, sealed, so that nobody else can make one. The link of a
security notice makes a browser known for an owner who has none at hand.
"""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tradepost.market.base import clock, ids
from tradepost.market.base.secrets import seal, unseal
from tradepost.market.identity import sign_in_guesses
from tradepost.market.identity.models import User
from tradepost.market.identity.sign_in_guesses import Origin
from tradepost.market.notifications.sign_in_reactions import LINK_HOLDS, LINK_SALT

from .peer import network_of, peer

COOKIE = "known_browser"
LIFE = 365 * 24 * 3600
MOST = 10
"""Accounts that a browser is remembered for; the oldest gives way."""
_ADDED = "known_browser_of"


def origin_of(request: HttpRequest, user: int) -> Origin:
    """``user``: primary key of the account whose secret is guessed; 0 where there is none, which takes the same queries."""
    browser, users = _read(request)
    network = network_of(peer(request))
    return sign_in_guesses.origin_of(network, browser if user in users else "", user, wall=clock.wall())


def remember(request: HttpRequest, user: User) -> None:
    """After a complete sign-in: the browser, when the answer is sent, and its network."""
    setattr(request, _ADDED, user.pk)
    sign_in_guesses.remember_network(network_of(peer(request)), user.pk, wall=clock.wall())


def know(request: HttpRequest, user: User) -> None:
    """Remember the browser alone, when the answer is sent: for who proved that they read the owner's mail."""
    setattr(request, _ADDED, user.pk)


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie where somebody signed in with this request."""
    user = getattr(request, _ADDED, None)
    if user is None:
        return
    browser, users = _read(request)
    known = [*(one for one in users if one != user), user][-MOST:]
    response.set_cookie(
        COOKIE, seal(json.dumps({"browser": browser or ids.secret()[:20], "users": known})), max_age=LIFE, httponly=True,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    """Id and accounts; empty for a cookie that is not ours."""
    try:
        kept = json.loads(unseal(request.COOKIES.get(COOKIE, "")))
        return str(kept["browser"]), [int(one) for one in kept["users"]]
    except (ValueError, TypeError, KeyError):
        return "", []


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a security notice: whoever reads the owner's mail makes this browser known. A GET changes nothing."""
    try:
        user = User.objects.get(pk=signing.loads(token, salt=LINK_SALT, max_age=LINK_HOLDS), is_active=True)
    except (signing.BadSignature, User.DoesNotExist):
        raise Http404 from None
    if request.method != "POST":
        return render(request, "web/known_browser.html", {"token": token})
    know(request, user)
    messages.success(request, _("This browser is known now. Sign in with your password."))
    return redirect(reverse("account_login"))
