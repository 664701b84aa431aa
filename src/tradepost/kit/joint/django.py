"""Sign-in by joint operation inside a Django project."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from .web import Visit, answer, cookies_in, paths, sign_in_redirect

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.urls import URLPattern

    from tradepost.protocols.http import Response

    from .login import JointLogin, SignedIn

    type View = Callable[..., HttpResponseBase]
    type AsyncView = Callable[..., Awaitable[HttpResponseBase]]


def urls(login: JointLogin) -> list[URLPattern]:
    """Return the pages for sign-in, callback and sign-out, for the root URL configuration: ``urlpatterns =
    [*urls(login), …]``.

    Exempt from CSRF checks: the session cookie is not sent with another site's form (``SameSite=Lax``).
    """

    @csrf_exempt
    def pages(request: HttpRequest) -> HttpResponse:
        return _response(answer(login, _visit(request, request.path_info)))

    return [path(address.lstrip("/"), pages) for address in dict.fromkeys(paths(login))]


def who(login: JointLogin, request: HttpRequest) -> SignedIn | None:
    """Return the signed-in person, for pages that do not require a sign-in."""
    return login.who(cookies_in(request.META.get("HTTP_COOKIE", "")))


def login_required[V: Callable[..., Any]](login: JointLogin) -> Callable[[V], V]:
    """Decorate a view for people who are signed in, available as ``request.signed_in``. Others are sent to sign in and
    return afterwards.

    >>> @login_required(login)
    ... def home(request):
    ...     return HttpResponse(f"Hello, {request.signed_in.name}")

    The view may be asynchronous; then the directory is called in a thread.
    """

    def decorate(view: V) -> V:
        return cast("V", _guarded_async(login, view) if iscoroutinefunction(view) else _guarded(login, view))

    return decorate


def _guarded(login: JointLogin, view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = who(login, request)
        if person is None:
            return _response(sign_in_redirect(login, _visit(request, request.path)))
        request.signed_in = person  # type: ignore[attr-defined]  # as Django's own middleware hangs on its user
        return view(request, *args, **kwargs)

    return guarded


def _guarded_async(login: JointLogin, view: AsyncView) -> AsyncView:
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = await asyncio.to_thread(who, login, request)
        if person is None:
            return _response(sign_in_redirect(login, _visit(request, request.path)))
        request.signed_in = person  # type: ignore[attr-defined]  # as above
        return await view(request, *args, **kwargs)

    return guarded


def _visit(request: HttpRequest, address: str) -> Visit:
    return Visit(
        method=request.method or "",
        path=address,
        query=request.META.get("QUERY_STRING", ""),
        cookie=request.META.get("HTTP_COOKIE", ""),
        language=request.META.get("HTTP_ACCEPT_LANGUAGE", ""),
    )


def _response(response: Response) -> HttpResponse:
    django_response = HttpResponse(response.body, status=response.status)
    for name, value in response.headers:
        if name == "Set-Cookie":
            django_response.cookies.load(value)
        else:
            django_response[name] = value
    return django_response
