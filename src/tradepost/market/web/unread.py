"""What a person reads whose request was refused before anybody looked at it: too large, or it did not come to its end.

Made by the event loop that received it: without the database, and in the language that the browser asks for.
"""

from __future__ import annotations

from http import HTTPStatus

from django.core.handlers.wsgi import WSGIRequest
from django.template.loader import render_to_string
from django.utils import translation

from .answering import Environ, Headers
from .programs import is_call
from .uploads import largest_page_body

SAID = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.BAD_REQUEST)
"""The others are faults of ours, or of the moment."""


def words(environ: Environ, status: HTTPStatus) -> tuple[Headers, bytes]:
    """Headers and page; nothing for programs, which read the status."""
    if is_call(environ["PATH_INFO"]) or status not in SAID:
        return [], b""
    with translation.override(translation.get_language_from_request(WSGIRequest(environ))):
        context = {
            "too_large": status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "most": f"{largest_page_body(environ['PATH_INFO']) / 1_048_576:.0f}",
        }
        page = render_to_string("unread.html", context).encode()
    return [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")], page
