"""The request as it was signed: method, path and query as sent, headers, and the exact bytes of the body.

A signature covers the decoded path, segment by segment, and the query as sent. WSGI hands out the path decoded and the
query raw, so both can be had on every server, Granian included, which gives no REQUEST_URI.
"""

from __future__ import annotations

import string
from urllib.parse import quote

from django.http import HttpRequest

from tradepost.market.web.request_buffering import FROM_ANYBODY
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.errors import ApiError, gateway_error

LARGEST_BODY = 12 * 1024 * 1024
LONGEST_URI = 32 * 1024
LARGEST_HEADER = 32 * 1024
LARGEST_HEADERS = 128 * 1024
"""The gateway's limits (openapi-jointkit §C.2)."""

# A raw query may hold any byte; what is no printable ASCII, and #, would end or bend a URL.
_QUERY_SAFE = "".join(c for c in string.punctuation if c != "#")


class GatewayRefused(Exception):
    """A row of the gateway's table is the answer, whatever the API's own table is. ``retry_after`` in seconds; 0: not told."""

    def __init__(self, error: ApiError, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(error.code, detail)
        self.error = error
        self.detail = detail
        self.retry_after = retry_after


class NotReadable(GatewayRefused):
    """The request is above a limit of the gateway, or broke off."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(gateway_error("APIGW.0201", status), detail)


def check_sizes(request: HttpRequest, largest_body: int = LARGEST_BODY) -> None:
    """Refuse by what is known before the body is read. Raises ``NotReadable``."""
    if len(_raw_path(request)) + len(_raw_query(request)) > LONGEST_URI:
        raise NotReadable(414)
    sizes = [len(name) + len(value) for name, value in request.headers.items()]
    if sum(sizes) > LARGEST_HEADERS or max(sizes, default=0) > LARGEST_HEADER:
        raise NotReadable(494)
    if stated_length(request) > largest_body:
        raise NotReadable(413)


def head_of(request: HttpRequest) -> Request:
    """The request as a value of the protocols, its body still unread and left empty."""
    query = quote(_raw_query(request), safe=_QUERY_SAFE)
    path = quote(_raw_path(request), safe="/~")
    # The host is taken from the Host header by whoever verifies; here it only makes the URL one.
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
    """WSGI's texts are bytes read as Latin-1; a server that decoded them otherwise is taken at its word."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def stated_length(request: HttpRequest) -> int:
    """Of the body; 0 where the head does not tell."""
    stated = str(request.META.get("CONTENT_LENGTH") or "").strip()
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 16 else 0


def is_large(request: HttpRequest) -> bool:
    """Whether its body is, or may be, larger than the server receives from anybody."""
    return stated_length(request) > FROM_ANYBODY or "HTTP_TRANSFER_ENCODING" in request.META


def body_of(request: HttpRequest, largest: int = LARGEST_BODY) -> bytes:
    """Reads the body. Raises ``NotReadable`` when it breaks off or is larger than ``largest``."""
    # Django reads as much as Content-Length says. A chunked body states none; a server that ends its input itself
    # says so, and only then may one read to the end.
    source = request.META["wsgi.input"] if is_chunked(request) else request
    try:
        body: bytes = source.read(largest + 1)
    except OSError:  # the caller went away; Django's UnreadablePostError is one as well
        raise NotReadable(400) from None
    if len(body) > largest:
        raise NotReadable(413)
    return body


def is_chunked(request: HttpRequest) -> bool:
    """Whether the body states no length, and the server ends it."""
    return not request.META.get("CONTENT_LENGTH") and bool(request.META.get("wsgi.input_terminated"))
