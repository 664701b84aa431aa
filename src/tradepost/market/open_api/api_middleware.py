"""Route requests of programs directly to an API, past the middleware for people's pages.

It comes after the protection of all responses (headers, host checks) and before sessions, languages, forms and
messages.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404

from tradepost.market.base import clock

from .answers import is_for_programs, match_of, unknown_api


class ApiMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_for_programs(request):
            return self.get_response(request)
        request.get_host()  # refuses an unknown host, as for pages
        request.now = clock.cached_now()  # type: ignore[attr-defined]
        response = _answer(request)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        request.resolver_match = match = match_of(request.path_info)
    except Resolver404:  # /api, //api/…: no such address, requested by a program
        return unknown_api(request)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response
