"""Middleware around each request: language, market time, transaction, and pages for refusals."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused, begin_request, wait_of_request

from . import known_browsers, lanes, limits, refusals, site_frame, writers
from .access import ANSWERS_NUL
from .busy import busy_page


class Language(LocaleMiddleware):
    """Choose the language: the cookie, otherwise ``Accept-Language``, otherwise Chinese. Sets ``Content-Language``."""

    def process_request(self, request: HttpRequest) -> None:
        language = translation.get_language_from_request(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and not request.headers.get("Accept-Language"):
            language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


class RequestMiddleware:
    """Sets ``request.now``, runs unsafe methods in one transaction, and shows ``Refused`` as a page.

    Safe methods get no transaction: on SQLite it takes the write lock, and reading a page must not wait for the engine.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.now = clock.cached_now()  # type: ignore[attr-defined]
        if "\0" in request.path:
            raise Http404  # no address contains this character, and PostgreSQL rejects it in a query
        begin_request()
        try:
            response = self.get_response(request)
        finally:
            limits.release_export(request)
        refusals.set_status(request, response)
        _set_retry_after(response)
        _forbid_caching(request, response)
        _note_sender(request)
        known_browsers.set_cookie(request, response)
        site_frame.set_cookie(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        answers_nul = getattr(view, ANSWERS_NUL, False)
        if "%00" in request.META.get("QUERY_STRING", "") and not answers_nul:
            raise Http404
        try:
            writers.require_slot(request)
            limits.count(request)
        except writers.NoSlot:
            return busy_page(request)
        except limits.RateLimited as refused:
            return refused_page(request, refused)
        if request.method in writers.SAFE_METHODS:
            return None
        if not answers_nul and any("\0" in value for values in request.POST.lists() for value in values[1]):
            words = _("Your input contains a character that cannot be stored (U+0000).")
            return refused_page(request, Refused("form.characters", words, HTTPStatus.BAD_REQUEST))
        if getattr(view, "own_transactions", False):
            return None
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except Refused as refused:  # Django does not pass exceptions of process_view to process_exception
            return refused_page(request, refused)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused_page(request, exception) if isinstance(exception, Refused) else None


def _set_retry_after(response: HttpResponseBase) -> None:
    """Set ``Retry-After`` on every response refused by a rate limit, also inside a form."""
    wait = wait_of_request()
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and wait and not response.has_header("Retry-After"):
        response["Retry-After"] = str(wait)


def _forbid_caching(request: HttpRequest, response: HttpResponseBase) -> None:
    """Forbid caching of pages for signed-in users, so that later users of the browser or a proxy cannot see them."""
    user = getattr(request, "_cached_user", None)  # no query for a page that did not load the user
    if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
        add_never_cache_headers(response)


def _note_sender(request: HttpRequest) -> None:
    user = getattr(request, "_cached_user", None)
    if user is not None and user.is_authenticated:
        request.META[lanes.SENDER] = f"user {user.pk}"


def refused_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Return a page with the reason. A request by htmx keeps its part of the page, and the reason appears above it."""
    if request.headers.get("HX-Request") == "true":
        note = render(request, "web/parts/unseen.html", {"words": [refused.message]}, status=refused.status)
        note["HX-Retarget"], note["HX-Reswap"], note["HX-Reselect"] = "#tp-refused", "innerHTML", "unset"
        return note
    page = render(request, "web/refused.html", {"refused": refused}, status=refused.status)
    refusals.keep_status(request)
    return page
