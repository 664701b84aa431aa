"""Remember the browsers in which an account signed in completely. Their wrong passwords and codes are counted
separately.

The cookie proves only that. It holds a random id and the accounts, sealed against forgery. The link in a security
notice makes a browser known to an owner without a known one.
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
from tradepost.market.notifications.sign_in_reactions import LINK_MAX_AGE_SECONDS, LINK_SALT

from .peer import network_of, peer

COOKIE = "known_browser"
MAX_AGE = 365 * 24 * 3600
MAX_ACCOUNTS = 10
"""Accounts that a browser remembers; the oldest is dropped."""
_ADDED = "known_browser_of"


def origin_of(request: HttpRequest, user: int) -> Origin:
    """Return the origin under which guesses are counted. ``user``: primary key of the account, or 0 for none, which
    costs the same queries."""
    browser, users = _read(request)
    network = network_of(peer(request))
    return sign_in_guesses.origin_of(network, browser if user in users else "", user, wall=clock.wall())


def remember(request: HttpRequest, user: User) -> None:
    """Remember the browser and its network after a complete sign-in. The cookie is set with the response."""
    setattr(request, _ADDED, user.pk)
    sign_in_guesses.remember_network(network_of(peer(request)), user.pk, wall=clock.wall())


def remember_browser(request: HttpRequest, user: User) -> None:
    """Remember only the browser, for a person who proved access to the owner's mailbox."""
    setattr(request, _ADDED, user.pk)


def set_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie if someone signed in with this request."""
    user = getattr(request, _ADDED, None)
    if user is None:
        return
    browser, users = _read(request)
    user_ids = [*(pk for pk in users if pk != user), user][-MAX_ACCOUNTS:]
    response.set_cookie(
        COOKIE, seal(json.dumps({"browser": browser or ids.secret()[:20], "users": user_ids})), max_age=MAX_AGE,
        httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    """Return the id and the accounts of the cookie; empty for a missing or forged cookie."""
    try:
        content = json.loads(unseal(request.COOKIES.get(COOKIE, "")))
        return str(content["browser"]), [int(pk) for pk in content["users"]]
    except (ValueError, TypeError, KeyError):
        return "", []


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request: HttpRequest, token: str) -> HttpResponse:
    """Make this browser known through the link of a security notice, which only the owner's mailbox receives. A GET
    changes nothing."""
    try:
        user = User.objects.get(pk=signing.loads(token, salt=LINK_SALT, max_age=LINK_MAX_AGE_SECONDS), is_active=True)
    except (signing.BadSignature, User.DoesNotExist):
        raise Http404 from None
    if request.method != "POST":
        return render(request, "web/known_browser.html", {"token": token})
    remember_browser(request, user)
    messages.success(request, _("This browser is confirmed. Sign in with your password."))
    return redirect(reverse("account_login"))
