"""Sign-in of an administrator from the auth centre to the pages of the enterprise, and exit (decision 0083)."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.organisations import admin_visits

STATE = "tradepost_enterprise_state"
STATE_MAX_AGE = 600


def _home_url(code: str) -> str:
    return reverse("storefront:enterprise", args=[code])


def _auth_centre_url(code: str) -> str:
    """Return the address of the auth centre; a path of this host if it has no host of its own."""
    return config().auth_centre_of(code) if config().auth_centre.auth_centre_url else f"/t/{code}"


@never_cache
@require_safe
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """Sign in: without a ticket, set a secret in the browser and redirect to the auth centre; with a ticket, start the
    visit."""
    path, ticket = reverse("storefront:enterprise_enter", args=[code]), request.GET.get("ticket", "")
    if not ticket:
        secret = admin_visits.new_secret()
        query = urlencode({"state": admin_visits.hash_of(secret)})
        onward = redirect(f"{_auth_centre_url(code)}/manage/?{query}")
        onward.set_cookie(
            STATE, secret, path=path, max_age=STATE_MAX_AGE, httponly=True, secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )  # fmt: skip
        return onward
    response: HttpResponse
    visit = admin_visits.redeem_ticket(code, ticket, request.COOKIES.get(STATE, ""), now=clock.wall())
    if visit is None:
        response = render(
            request, "storefront/enterprise_not_entered.html", {"path": path}, status=HTTPStatus.FORBIDDEN
        )
    else:
        _member, secret, until = visit
        response = redirect("storefront:enterprise_members", code=code)
        rotate_token(request)
        response.set_cookie(
            admin_visits.COOKIE, secret, path=_home_url(code), expires=until, httponly=True, secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )  # fmt: skip
    response.delete_cookie(STATE, path=path, samesite="Lax")
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_POST
def exit_pages(request: HttpRequest, code: str) -> HttpResponse:
    """End the visit and redirect to the workbench, where the user stays signed in."""
    admin_visits.end(request.COOKIES.get(admin_visits.COOKIE, ""), now=clock.wall())
    response = redirect(f"{_auth_centre_url(code)}/")
    response.delete_cookie(admin_visits.COOKIE, path=_home_url(code), samesite="Lax")
    return response
