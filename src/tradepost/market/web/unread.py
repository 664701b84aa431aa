"""What a person reads whose request was refused before anybody looked at it: too large, too many, or it did not come to its end.

Made by the event loop that received it: without the database, and in the language that the browser asks for.
"""

from __future__ import annotations

import uuid
from functools import cache
from http import HTTPStatus

from django.core.handlers.wsgi import WSGIRequest
from django.template.loader import render_to_string
from django.utils import translation

from tradepost.protocols.open_api.errors import gateway_error, gateway_response

from .answering import Environ, Headers
from .connections import LARGEST_HEAD
from .programs import is_call
from .uploads import largest_page_body

SAID = frozenset(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""The others are faults of ours, or of the moment."""


def words(environ: Environ, status: HTTPStatus) -> tuple[Headers, bytes]:
    """Headers and page. Programs read the status, and of 429 also the gateway's body (openapi-jointkit §C.2)."""
    if is_call(environ["PATH_INFO"]):
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            return [], b""
        answer = gateway_response(gateway_error("APIGW.0308"), request_id=uuid.uuid4().hex)
        return list(answer.headers), answer.body
    if status not in SAID:
        return [], b""
    most = largest_page_body(environ["PATH_INFO"]) if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else LARGEST_HEAD
    page = _page(status, most, translation.get_language_from_request(WSGIRequest(environ)))
    return [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")], page


@cache
def _page(status: HTTPStatus, most: int, language: str) -> bytes:
    """Kept: whoever sends too much is refused often."""
    with translation.override(language):
        context = {"status": int(status), "most": f"{most / 1_048_576:.0f}", "most_of_head": f"{most // 1024}"}
        return render_to_string("unread.html", context).encode()
