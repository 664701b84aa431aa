"""Shared by the pages of an auth centre: the enterprise, the sign-in, its cookie, and redirects to the sign-in page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import declare_access

from . import sessions
from .hosts import HOST_CODE
from .models import SignInSession
from .redirects import origin_of, own_path

COOKIE = "tradepost_sign_in"
MEMBERS = "members who are signed in at the enterprise's auth centre"
ANYBODY = "anybody"
PROGRAMS = "programs, by a secret of their own"
MAX_NEXT_LENGTH = 10_000
MAX_QUERY_LENGTH = 8000

type Page = Callable[..., HttpResponseBase]


def tenant(view: Page) -> Page:
    """Decorate a page of an auth centre: set ``request.enterprise``, or answer 404."""

    @wraps(view)
    def inside(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponseBase:
        enterprise = Enterprise.objects.filter(code=code, status=Enterprise.Status.ACTIVE).first()
        if enterprise is None:
            raise Http404
        request.enterprise = enterprise  # type: ignore[attr-defined]
        return view(request, **kwargs)

    return declare_access(inside, ANYBODY)


def enterprise_of(request: HttpRequest) -> Enterprise:
    """Return the enterprise. Requires ``tenant``."""
    enterprise: Enterprise = request.enterprise  # type: ignore[attr-defined]
    return enterprise


def current_sign_in(request: HttpRequest) -> SignInSession | None:
    """Return the sign-in of the browser. Requires ``tenant``."""
    secret = request.COOKIES.get(COOKIE, "")
    return sessions.find(secret, enterprise_of(request), now=clock.wall()) if secret else None


def members_only(view: Page) -> Page:
    """Decorate a page for signed-in members: set ``request.sign_in``. Others are redirected to sign in, and back after
    a GET."""

    @tenant
    @wraps(view)
    def inside(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        session = current_sign_in(request)
        if session is None:
            return redirect(sign_in_url(request, request.get_full_path() if request.method in {"GET", "HEAD"} else ""))
        request.sign_in = session  # type: ignore[attr-defined]
        response = view(request, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return declare_access(inside, MEMBERS)


def session_of(request: HttpRequest) -> SignInSession:
    """Return the sign-in. Requires ``members_only``."""
    session: SignInSession = request.sign_in  # type: ignore[attr-defined]
    return session


def page(request: HttpRequest, name: str) -> str:
    """Return the address of another page of this auth centre."""
    return reverse(f"auth_centre:{name}", kwargs={"code": enterprise_of(request).code})


def sign_in_url(request: HttpRequest, following: str = "") -> str:
    address = page(request, "sign_in")
    return f"{address}?{urlencode({'next': following})}" if following else address


def following_of(request: HttpRequest) -> str:
    """Return the page to open after signing in: a page of this auth centre, else the workbench (RFC 9700 §4.11)."""
    requested = request.POST.get("next", "") or request.GET.get("next", "")
    home = page(request, "workbench")
    return (own_path(requested, home) if len(requested) <= MAX_NEXT_LENGTH else "") or home


def set_sign_in_cookie(request: HttpRequest, response: HttpResponseBase, secret: str) -> None:
    """Set the sign-in cookie for this auth centre. It ends with the browser; the sign-in has its own lifetime."""
    response.set_cookie(
        COOKIE, secret, path=_cookie_path(request), httponly=True, secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )  # fmt: skip


def _cookie_path(request: HttpRequest) -> str:
    """Return ``/`` on a host of this auth centre, otherwise its path in the market."""
    return "/" if HOST_CODE in request.META else page(request, "workbench")


def clear_sign_in_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, path=_cookie_path(request), samesite="Lax")


def repeat_as_get(request: HttpRequest) -> HttpResponse:
    """Repeat a form POST of another site as a GET, since browsers then send the cookie (``SameSite=Lax``)."""
    query = "&".join(part for part in (request.META.get("QUERY_STRING", ""), request.POST.urlencode()) if part)
    if len(query) > MAX_QUERY_LENGTH:
        return HttpResponse("The form is too long.", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    response = HttpResponse(status=HTTPStatus.SEE_OTHER)
    response["Location"] = f"{request.path}?{query}"
    return response


def allow_form_targets(response: HttpResponse, *urls: str) -> HttpResponse:
    """Allow the form to lead to these origins. Browsers apply ``form-action`` to redirects after the sign-in as
    well."""
    origins = sorted({origin for url in urls if (origin := origin_of(url))})
    policy: dict[str, Any] = {**settings.SECURE_CSP, "form-action": [CSP.SELF, *origins]}
    answer: HttpResponse = csp_override(policy)(lambda _request: response)(
        None
    )  # the decorator of a view, for one response
    return answer


def refusal(request: HttpRequest, refused: Refused, **more: Any) -> HttpResponse:
    """Show a refusal. It is never sent to the application."""
    context = {"refused": refused, "enterprise": enterprise_of(request), **more}
    response = render(request, "auth_centre/refused.html", context, status=refused.status)
    response["Cache-Control"] = "no-store"
    return response
