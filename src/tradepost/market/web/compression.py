"""Compress pages, but never one that could show a secret beside text that a stranger chose (BREACH).

Static files are compressed once, when the market is set up (``STORAGES`` in settings). Answers of APIs stay as they are: their
signatures cover the raw bytes.
"""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressPages(GZipMiddleware):
    """Django's gzip, which also pads each page by a random length, for the pages that may be compressed."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html") or _may_mix(request, response):
            return response
        return super().process_response(request, response)


def _may_mix(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether the page may hold both private data and something that another site put into the request.

    A stranger who sees only the length of a compressed page can guess a secret in it letter by letter, by links that repeat the guess
    on the same page. Pages without a cookie hold nothing private. Pages without a query or a body repeat only their path, which a
    stranger can choose where there is no page.
    """
    private = request.COOKIES.keys() - {settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "theme"}
    chosen = request.META.get("QUERY_STRING") or request.method not in {"GET", "HEAD"}
    return bool(private) and bool(chosen or response.status_code >= HTTPStatus.BAD_REQUEST)
