"""The response to a request that is refused before Django sees it: too large, too many requests, or incomplete.

The event loop renders it without the database, in the browser's language.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from http import HTTPStatus

from django.core.handlers.wsgi import WSGIRequest
from django.template.loader import render_to_string
from django.utils import translation

from tradepost.market.branding.face import Face, last_known
from tradepost.protocols.open_api.errors import gateway_error, gateway_response

from .answering import Environ, Headers
from .connections import MAX_HEAD_BYTES
from .programs import is_call
from .uploads import largest_page_body

EXPLAINED_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Statuses with a page; others are errors of the market or temporary."""


def refusal_response(environ: Environ, status: HTTPStatus) -> tuple[Headers, bytes]:
    """Return headers and page. Programs read the status, and for 429 the gateway's body (openapi-jointkit §C.2)."""
    if is_call(environ["PATH_INFO"]):
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            return [], b""
        response = gateway_response(gateway_error("APIGW.0308"), request_id=uuid.uuid4().hex)
        return list(response.headers), response.body
    if status not in EXPLAINED_STATUSES:
        return [], b""
    max_bytes = (
        largest_page_body(environ["PATH_INFO"]) if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else MAX_HEAD_BYTES
    )
    page = _page(status, max_bytes, translation.get_language_from_request(WSGIRequest(environ)), last_known())
    return [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")], page


@lru_cache(maxsize=64)
def _page(status: HTTPStatus, max_bytes: int, language: str, face: Face | None) -> bytes:
    """Render a page. Cached, because a client above a limit is refused often."""
    with translation.override(language):
        context = {
            "status": int(status), "most": f"{max_bytes / 1_048_576:.0f}", "most_of_head": f"{max_bytes // 1024}",
            "face": face,
        }  # fmt: skip
        return render_to_string("unread.html", context).encode()
