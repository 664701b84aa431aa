"""End what polls: when the work that a part of a page follows has ended, the browser loads the page's ``<main>`` again.

A polled part asks for itself while work is under way. The state that ends it changes buttons and facts all over the page, so the
answer that no longer polls is replaced by an order to load the page again, as a reload would, without losing what was typed
(``tradepost.js``). It works by what the part says in its own tag, so a new polled part needs no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

MAIN = "#main"
RELOADED_FOR = "Reloaded-For"
GONE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Polled:
    """Answers the last poll of a part with an order to load the page's main region."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        part = polling_part(request)
        if not part or not isinstance(response, HttpResponse):
            return response
        if response.status_code in GONE:
            return _reload(request, part)
        is_page = response.status_code == HTTPStatus.OK and response["Content-Type"].startswith("text/html")
        return _reload(request, part) if is_page and has_ended(response.text, part) else response


def polling_part(request: HttpRequest) -> str:
    """The id of the part that asks for itself; empty for every other request."""
    asks = request.method == "GET" and request.headers.get("HX-Request") == "true"
    part = request.headers.get("HX-Trigger", "") if asks else ""
    return part if part == request.headers.get("HX-Target") else ""


def has_ended(text: str, part: str) -> bool:
    """Whether the part no longer polls. A part that pauses (``data-paused``) says so itself and stays as it is."""
    tag = re.search(rf'<[a-z]+\s[^>]*?\bid="{re.escape(part)}"[^>]*>', text)
    return tag is None or not re.search(r'hx-trigger="[^"]*\bevery |\bdata-paused\b', tag[0])


def _reload(request: HttpRequest, part: str) -> HttpResponse:
    """The page that the browser shows, by its own word; the browser itself refuses other hosts.

    The request for it says which part ended (``RELOADED_FOR``): by that header the script tells it from every other request.
    """
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    if not page.path.startswith("/") or page.path.startswith("//"):
        response["HX-Refresh"] = "true"
        return response
    path = f"{page.path}?{page.query}" if page.query else page.path
    order: dict[str, object] = {
        "path": path,
        "target": MAIN,
        "select": MAIN,
        "swap": "outerHTML show:none",
        "push": "false",
    }
    order["headers"] = {RELOADED_FOR: part}
    response["HX-Location"] = json.dumps(order)
    return response
