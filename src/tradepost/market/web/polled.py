"""Ends polling: when the work behind a polled part has ended, the browser reloads the page's ``<main>``.

A polled part requests itself while work is in progress. The end changes buttons and facts elsewhere on the page, so the
last response is replaced by an instruction to reload the main region without losing typed input (``market.js``). It
relies on the attributes of the part, so a new polled part needs no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

MAIN_REGION = "#main"
RELOADED_FOR = "Reloaded-For"
GONE_STATUSES = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Polled:
    """Middleware that answers the last poll of a part with a reload of the page's main region."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        part = polling_part(request)
        if not part or not isinstance(response, HttpResponse):
            return response
        if response.status_code in GONE_STATUSES:
            return _reload(request, part)
        is_page = response.status_code == HTTPStatus.OK and response["Content-Type"].startswith("text/html")
        return _reload(request, part) if is_page and has_ended(response.text, part) else response


def polling_part(request: HttpRequest) -> str:
    """Return the id of the part that polls; "" for other requests."""
    polls = request.method == "GET" and request.headers.get("HX-Request") == "true"
    part = request.headers.get("HX-Trigger", "") if polls else ""
    return part if part == request.headers.get("HX-Target") else ""


def has_ended(text: str, part: str) -> bool:
    """Return whether the part stopped polling. A paused part (``data-paused``) stays as it is."""
    tag = re.search(rf'<[a-z]+\s[^>]*?\bid="{re.escape(part)}"[^>]*>', text)
    return tag is None or not re.search(r'hx-trigger="[^"]*\bevery |\bdata-paused\b', tag[0])


def _reload(request: HttpRequest, part: str) -> HttpResponse:
    """Return a response that reloads the page shown in the browser, from the header that htmx sends; the browser
    refuses other hosts.

    The request for the page names the ended part (``RELOADED_FOR``), so that the script recognises it.
    """
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if not page.path.startswith("/") or page.path.startswith("//"):
        response["HX-Refresh"] = "true"
        return response
    path = f"{page.path}?{page.query}" if page.query else page.path
    order: dict[str, object] = {
        "path": path,
        "target": MAIN_REGION,
        "select": MAIN_REGION,
        "swap": "outerHTML show:none",
        "push": "false",
    }
    order["headers"] = {RELOADED_FOR: part}
    response["HX-Location"] = json.dumps(order)
    return response
