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

from . import site_frame

FRAME_COOKIES = ("theme", "folded", site_frame.COOKIE)
"""Cookies with display preferences. A page with only these cookies contains no secret."""


class CompressPages(GZipMiddleware):
    """Django's gzip middleware, which pads each page by a random length, limited to pages that are safe to compress."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html") or _may_mix(request, response):
            return response
        return super().process_response(request, response)


def _may_mix(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a page may mix private data with input from another site.

    An attacker who sees the length of a compressed page can guess a secret letter by letter, with links that put each
    guess on the same page. Pages without a cookie contain no private data. Pages without a query or a body repeat only
    their path; an attacker can choose that only for error pages.
    """
    private = request.COOKIES.keys() - {settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME, *FRAME_COOKIES}
    foreign_input = request.META.get("QUERY_STRING") or request.method not in {"GET", "HEAD"}
    return bool(private) and bool(foreign_input or response.status_code >= HTTPStatus.BAD_REQUEST)
