"""An administrator comes from the auth centre to the pages of the enterprise, and leaves them (decision 0083)."""

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
STATE_SECONDS = 600


def _home(code: str) -> str:
    return reverse("storefront:enterprise", args=[code])


def _auth_centre(code: str) -> str:
    """On this host where the auth centre has none of its own."""
    return config().auth_centre_of(code) if config().auth_centre_url else f"/t/{code}"


@never_cache
@require_safe
def enter(request: HttpRequest, code: str) -> HttpResponse:
    """First without a ticket: the browser gets a secret and is sent to the auth centre. Then with one."""
    path, ticket = reverse("storefront:enterprise_enter", args=[code]), request.GET.get("ticket", "")
    if not ticket:
        secret = admin_visits.draw()
        asked = urlencode({"state": admin_visits.hash_of(secret)})
        onward = redirect(f"{_auth_centre(code)}/manage/?{asked}")
        onward.set_cookie(
            STATE, secret, path=path, max_age=STATE_SECONDS, httponly=True, secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )  # fmt: skip
        return onward
    answer: HttpResponse
    found = admin_visits.enter(code, ticket, request.COOKIES.get(STATE, ""), now=clock.wall())
    if found is None:
        answer = render(request, "storefront/enterprise_not_entered.html", {"path": path}, status=HTTPStatus.FORBIDDEN)
    else:
        _member, secret, until = found
        answer = redirect("storefront:enterprise_members", code=code)
        rotate_token(request)
        answer.set_cookie(
            admin_visits.COOKIE, secret, path=_home(code), expires=until, httponly=True, secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )  # fmt: skip
    answer.delete_cookie(STATE, path=path, samesite="Lax")
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@never_cache
@require_POST
def exit_pages(request: HttpRequest, code: str) -> HttpResponse:
    """Back to the workbench, where the sign-in goes on."""
    admin_visits.end(request.COOKIES.get(admin_visits.COOKIE, ""), now=clock.wall())
    answer = redirect(f"{_auth_centre(code)}/")
    answer.delete_cookie(admin_visits.COOKIE, path=_home(code), samesite="Lax")
    return answer
