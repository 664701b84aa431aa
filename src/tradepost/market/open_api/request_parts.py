"""The signed request: method, path and query as sent, headers, and the exact bytes of the body.

A signature covers the decoded path, segment by segment, and the query as sent. WSGI provides both on every server,
including Granian, which has no REQUEST_URI.
"""

from __future__ import annotations

import string
from urllib.parse import quote

from django.http import HttpRequest

from tradepost.market.web.request_buffering import MAX_CALL_FROM_UNKNOWN
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.errors import ApiError, gateway_error

MAX_BODY_BYTES = 12 * 1024 * 1024
MAX_URI_BYTES = 32 * 1024
MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS_BYTES = 128 * 1024
"""The gateway's limits in bytes (openapi-jointkit §C.2)."""

# A raw query may contain any byte. Bytes other than printable ASCII, and #, must not appear in a URL.
_QUERY_SAFE = "".join(c for c in string.punctuation if c != "#")


class GatewayRefused(Exception):
    """A refusal by a row of the gateway's table, for any API. ``retry_after``: seconds; 0 for none."""

    def __init__(self, error: ApiError, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(error.code, detail)
        self.error = error
        self.detail = detail
        self.retry_after = retry_after


class NotReadable(GatewayRefused):
    """The request exceeds a limit of the gateway, or was interrupted."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(gateway_error("APIGW.0201", status), detail)


def check_sizes(request: HttpRequest, largest_body: int = MAX_BODY_BYTES) -> None:
    """Check the sizes that are known before the body is read. Raises ``NotReadable``."""
    if len(_raw_path(request)) + len(_raw_query(request)) > MAX_URI_BYTES:
        raise NotReadable(414)
    sizes = [len(name) + len(value) for name, value in request.headers.items()]
    if sum(sizes) > MAX_HEADERS_BYTES or max(sizes, default=0) > MAX_HEADER_BYTES:
        raise NotReadable(494)
    if declared_length(request) > largest_body:
        raise NotReadable(413)


def head_of(request: HttpRequest) -> Request:
    """Return the request as a protocol value with an empty body, which is not read yet."""
    query = quote(_raw_query(request), safe=_QUERY_SAFE)
    path = quote(_raw_path(request), safe="/~")
    # Verification takes the host from the Host header; here it only completes the URL.
    url = f"http://localhost{path}" + (f"?{query}" if query else "")
    return Request(request.method or "", url, tuple(request.headers.items()))


def raw_query(request: HttpRequest) -> str:
    """The query as sent, undecoded."""
    return str(request.META.get("QUERY_STRING", ""))


def _raw_query(request: HttpRequest) -> bytes:
    return _latin1(raw_query(request))


def _raw_path(request: HttpRequest) -> bytes:
    environ = request.META
    return _latin1(str(environ.get("SCRIPT_NAME", ""))) + _latin1(str(environ.get("PATH_INFO", "")))


def _latin1(text: str) -> bytes:
    """Encode a WSGI text, which is Latin-1, to bytes; as UTF-8 if a server decoded it otherwise."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def declared_length(request: HttpRequest) -> int:
    """Return the length of the body in the headers; 0 if it is missing."""
    stated_text = str(request.META.get("CONTENT_LENGTH") or "").strip()
    return int(stated_text) if stated_text.isascii() and stated_text.isdigit() and len(stated_text) < 16 else 0


def is_large(request: HttpRequest) -> bool:
    """Return whether the body is, or may be, larger than the server receives from unknown callers."""
    return declared_length(request) > MAX_CALL_FROM_UNKNOWN or "HTTP_TRANSFER_ENCODING" in request.META


def body_of(request: HttpRequest, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Read the body. Raises ``NotReadable`` if it is interrupted or larger than ``max_bytes``."""
    # Django reads up to Content-Length. A chunked body has none; it may be read to the end only if the server says that
    # it terminates the input itself.
    source = request.META["wsgi.input"] if is_chunked(request) else request
    try:
        body: bytes = source.read(max_bytes + 1)
    except OSError:  # the client disconnected; includes Django's UnreadablePostError
        raise NotReadable(400) from None
    if len(body) > max_bytes:
        raise NotReadable(413)
    return body


def is_chunked(request: HttpRequest) -> bool:
    """Return whether the body has no stated length and the server ends it."""
    return not request.META.get("CONTENT_LENGTH") and bool(request.META.get("wsgi.input_terminated"))
