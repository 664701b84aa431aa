"""The edge of a request: its language, its clock, its transaction, and refusals turned into pages."""

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
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused

from . import known_browsers, lanes, limits, writers
from .access import ANSWERS_NUL
from .busy import busy_page


class Language(LocaleMiddleware):
    """The language of the cookie, else what the browser asks for, else Chinese; said in ``Content-Language``."""

    def process_request(self, request: HttpRequest) -> None:
        language = translation.get_language_from_request(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and not request.headers.get("Accept-Language"):
            language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


class RequestMiddleware:
    """Gives every request ``now``; wraps state-changing ones in one transaction; shows ``Refused`` as a page.

    Only unsafe methods get a transaction: on SQLite a transaction takes the write lock, and a page that only reads
    must not wait for the engine.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.now = clock.lately()  # type: ignore[attr-defined]
        if "\0" in request.path:
            raise Http404  # no address has this name, and PostgreSQL refuses even to look for it
        try:
            response = self.get_response(request)
        finally:
            limits.leave(request)
        _keep_private(request, response)
        _note_sender(request)
        known_browsers.keep(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        answers_nul = getattr(view, ANSWERS_NUL, False)
        if "%00" in request.META.get("QUERY_STRING", "") and not answers_nul:
            raise Http404
        try:
            writers.must_have_a_place(request)
            limits.count(request)
        except writers.NoPlace:
            return busy_page(request)
        except limits.TooOften as refused:
            page = refused_page(request, refused)
            page["Retry-After"] = str(refused.wait)
            return page
        if request.method in writers.READING:
            return None
        if not answers_nul and any("\0" in value for values in request.POST.lists() for value in values[1]):
            words = _("What you typed holds a character that cannot be stored (U+0000).")
            return refused_page(request, Refused("form.characters", words, HTTPStatus.BAD_REQUEST))
        if getattr(view, "own_transactions", False):
            return None
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except Refused as refused:  # Django does not pass what process_view raises to process_exception
            return refused_page(request, refused)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused_page(request, exception) if isinstance(exception, Refused) else None


def _keep_private(request: HttpRequest, response: HttpResponseBase) -> None:
    """What was shown to somebody who is logged in is for nobody who comes to this browser, or this proxy, later."""
    user = getattr(request, "_cached_user", None)  # no query for a page that did not ask who it is
    if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
        add_never_cache_headers(response)


def _note_sender(request: HttpRequest) -> None:
    user = getattr(request, "_cached_user", None)
    if user is not None and user.is_authenticated:
        request.META[lanes.SENDER] = f"user {user.pk}"


def refused_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A page with the reason. A part of a page that htmx asked for keeps what it shows, and the reason appears above it."""
    if request.headers.get("HX-Request") == "true":
        note = render(request, "web/parts/unseen.html", {"words": [refused.message]}, status=refused.status)
        note["HX-Retarget"], note["HX-Reswap"], note["HX-Reselect"] = "#tp-refused", "innerHTML", "unset"
        return note
    return render(request, "web/refused.html", {"refused": refused, "back": _back(request)}, status=refused.status)


def _back(request: HttpRequest) -> str:
    """The page the reader came from, when it is one of ours and not this one."""
    came_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()})
    return came_from if ours and came_from != request.build_absolute_uri() else ""
