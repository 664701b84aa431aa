"""Requests of programs go to an API straight away, past everything that only people's pages need.

It stands behind what protects every answer (headers, limits of hosts) and before sessions, languages, forms and messages.
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
        request.get_host()  # a host that is not ours is refused, as on a page
        request.now = clock.lately()  # type: ignore[attr-defined]
        answer = _answer(request)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        request.resolver_match = match = match_of(request.path_info)
    except Resolver404:  # /api, //api/…: none of our addresses, and a program asked
        return unknown_api(request)
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer
