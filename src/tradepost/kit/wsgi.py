"""A seller as a WSGI application: reads and writes exact bytes and header names."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from tradepost.protocols.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tradepost.protocols.http import Response

    from .seller import Seller

BODY_LIMIT = 2 * 1024 * 1024
"""In bytes. 500 people with all released fields in Chinese exceed one MiB in the first generation of joint
operation."""
LENGTH = re.compile(r"[0-9]{1,18}")
SAFE_IN_PATH = "/;=,:@!$&'()*+~%"
NONCE_BYTES = 16


def utc_now() -> datetime:
    return datetime.now(UTC)


def fresh_nonce() -> str:
    return secrets.token_hex(NONCE_BYTES)


def wsgi(
    seller: Seller,
    *,
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> WSGIApplication:
    """Return a WSGI application to mount at the production address, behind a server that preserves the case of
    ``Body-Sign`` (waitress, gunicorn).

    ``protocol``: serve only this protocol, if each has its own path. Raises ``LookupError`` for a protocol that the
    seller does not support. It answers at every path; use ``seller.takes`` to separate them from your own pages.
    """
    seller.prefixes(protocol)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonce = chance()
        body = read_body(environ)
        if body is None:
            response = seller.refuse(
                f"the body is unreadable or longer than {BODY_LIMIT} bytes", nonce, protocol=protocol
            )
        else:
            response = seller.respond(request_from(environ, body), clock(), nonce, protocol=protocol)
        return send(response, start_response)

    return application


def read_body(environ: WSGIEnvironment) -> bytes | None:
    """Return the bytes of the body; None if they exceed the limit or are fewer than announced."""
    announced_length = environ.get("CONTENT_LENGTH") or ""
    source = environ["wsgi.input"]
    if not announced_length:
        # Chunked: servers that decode it set this flag; others never end the stream.
        body: bytes = source.read(BODY_LIMIT + 1) if environ.get("wsgi.input_terminated") else b""
        return body if len(body) <= BODY_LIMIT else None
    if not LENGTH.fullmatch(announced_length) or int(announced_length) > BODY_LIMIT:
        return None
    body = source.read(int(announced_length))
    return body if len(body) == int(announced_length) else None


def request_from(environ: WSGIEnvironment, body: bytes) -> Request:
    """Return the request of a WSGI environment, with the query string exactly as sent."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    # WSGI provides the decoded path as latin-1 text (PEP 3333).
    path = _quoted(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    query = environ.get("QUERY_STRING", "")
    url = f"{environ['wsgi.url_scheme']}://{host}{path}{'?' if query else ''}{query}"
    headers = [(_header_name(name), value) for name, value in environ.items() if name.startswith("HTTP_")]
    if environ.get("CONTENT_TYPE"):
        headers.append(("Content-Type", environ["CONTENT_TYPE"]))
    return Request(environ["REQUEST_METHOD"], url, tuple(headers), body)


@lru_cache(256)
def _header_name(variable: str) -> str:
    return variable.removeprefix("HTTP_").replace("_", "-").title()


@lru_cache(256)
def _quoted(path: str) -> str:
    return quote(path.encode("latin-1"), SAFE_IN_PATH)


def send(response: Response, start_response: StartResponse) -> list[bytes]:
    headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
    headers.append(("Content-Length", str(len(response.body))))
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
    return [response.body]
