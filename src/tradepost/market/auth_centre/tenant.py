"""What the pages of an auth centre share: whose it is, who is signed in there, the cookie, and where to go to sign in."""

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

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Enterprise
from tradepost.market.web.access import declare

from . import sessions
from .hosts import AT_ITS_HOST
from .models import SignInSession
from .redirects import origin_of, own_path

COOKIE = "tradepost_sign_in"
MEMBERS = "members who are signed in at the enterprise's auth centre"
ANYBODY = "anybody"
PROGRAMS = "programs, by a secret of their own"
LONGEST_NEXT = 10_000
LONGEST_QUERY = 8000

type Page = Callable[..., HttpResponseBase]


def tenant(view: Page) -> Page:
    """A page of the auth centre of the enterprise in the address: puts it into ``request.enterprise``; 404 where there is none."""

    @wraps(view)
    def inside(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponseBase:
        found = Enterprise.objects.filter(code=code, status=Enterprise.Status.ACTIVE).first()
        if found is None:
            raise Http404
        request.enterprise = found  # type: ignore[attr-defined]
        return view(request, **kwargs)

    return declare(inside, ANYBODY)


def enterprise_of(request: HttpRequest) -> Enterprise:
    """Only behind ``tenant``."""
    found: Enterprise = request.enterprise  # type: ignore[attr-defined]
    return found


def signed_in(request: HttpRequest) -> SignInSession | None:
    """Whose browser it is; only behind ``tenant``."""
    secret = request.COOKIES.get(COOKIE, "")
    return sessions.find(secret, enterprise_of(request), now=clock.wall()) if secret else None


def members_only(view: Page) -> Page:
    """A page for who is signed in: ``request.sign_in``. The others are asked to, and come back where they only wanted to read."""

    @tenant
    @wraps(view)
    def inside(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        session = signed_in(request)
        if session is None:
            return redirect(sign_in_url(request, request.get_full_path() if request.method in {"GET", "HEAD"} else ""))
        request.sign_in = session  # type: ignore[attr-defined]
        answer = view(request, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer

    return declare(inside, MEMBERS)


def session_of(request: HttpRequest) -> SignInSession:
    """Only behind ``members_only``."""
    found: SignInSession = request.sign_in  # type: ignore[attr-defined]
    return found


def page(request: HttpRequest, name: str) -> str:
    """The address of another page of this auth centre."""
    return reverse(f"auth_centre:{name}", kwargs={"code": enterprise_of(request).code})


def sign_in_url(request: HttpRequest, following: str = "") -> str:
    address = page(request, "sign_in")
    return f"{address}?{urlencode({'next': following})}" if following else address


def following_of(request: HttpRequest) -> str:
    """Where to go after signing in: a page of this auth centre, else the workbench. No open redirect (RFC 9700 §4.11)."""
    given = request.POST.get("next", "") or request.GET.get("next", "")
    home = page(request, "workbench")
    return (own_path(given, home) if len(given) <= LONGEST_NEXT else "") or home


def keep(request: HttpRequest, response: HttpResponseBase, secret: str) -> None:
    """The cookie of a sign-in, for this auth centre alone; it ends with the browser, and the sign-in by its own time."""
    response.set_cookie(
        COOKIE, secret, path=_cookie_path(request), httponly=True, secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )  # fmt: skip


def _cookie_path(request: HttpRequest) -> str:
    """All of a host that is this auth centre's alone, else its part of the market's."""
    return "/" if AT_ITS_HOST in request.META else page(request, "workbench")


def forget(request: HttpRequest, response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, path=_cookie_path(request), samesite="Lax")


def by_get(request: HttpRequest) -> HttpResponse:
    """Repeat the form of another site as a GET: browsers send our cookie with that alone (``SameSite=Lax``)."""
    query = "&".join(part for part in (request.META.get("QUERY_STRING", ""), request.POST.urlencode()) if part)
    if len(query) > LONGEST_QUERY:
        return HttpResponse("The form is too long.", status=HTTPStatus.BAD_REQUEST, content_type="text/plain")
    response = HttpResponse(status=HTTPStatus.SEE_OTHER)
    response["Location"] = f"{request.path}?{query}"
    return response


def leads_to(response: HttpResponse, *urls: str) -> HttpResponse:
    """A form on this page may end at these addresses of others: without that a browser stops on its way from the sign-in to a
    callback, since it holds redirects against ``form-action`` too."""
    origins = sorted({origin for url in urls if (origin := origin_of(url))})
    policy = {**settings.SECURE_CSP, "form-action": [CSP.SELF, *origins]}
    response._csp_config = policy  # type: ignore[attr-defined]  # noqa: SLF001  # Django's own place for it
    return response


def refusal(request: HttpRequest, refused: Refused, **more: Any) -> HttpResponse:
    """Why not, in words; nobody is sent back to an application with it."""
    context = {"refused": refused, "enterprise": enterprise_of(request), **more}
    response = render(request, "auth_centre/refused.html", context, status=refused.status)
    response["Cache-Control"] = "no-store"
    return response
