"""Convert a request's head from the web server's format (RSGI) to the WSGI environment."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from io import BytesIO
from typing import Any

from .answering import Environ

_SERVER: Environ = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": False,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


HEAD = "tradepost.head"
"""Key of the number of bytes received in the request line and the headers."""
_HEADER_OVERHEAD = len(": \r\n")


def environ_of(scope: Any) -> Environ:
    """Convert Granian's scope to a WSGI environment (PEP 3333) without a body. Strings are bytes decoded as Latin-1.

    Headers whose names can be confused with others are dropped (``_key_of``).
    """
    environ = _SERVER | {
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "REMOTE_ADDR": _host(scope.client),
        "SERVER_NAME": _host(scope.server),
        "SERVER_PORT": scope.server.rpartition(":")[2],
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
    }
    head = len(environ["PATH_INFO"]) + len(environ["QUERY_STRING"])
    for name, value in scope.headers.items():
        head += len(name) + len(value) + _HEADER_OVERHEAD
        key = _key_of(name)
        if not key:
            continue
        if key not in environ:
            environ[key] = value
        elif key not in _SINGLE_HEADERS:
            environ[key] += f"{';' if key == 'HTTP_COOKIE' else ','}{value}"
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    environ[HEAD] = head
    return environ


_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_SINGLE_HEADERS = frozenset(_KEYS.values())
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9a-zA-Z-]+")
"""A token (RFC 9110 §5.6.2) without underscores."""


@lru_cache(maxsize=1024)
def _key_of(name: str) -> str:
    """Return the WSGI key of a header, or "" for a header that is dropped.

    WSGI maps both ``-`` and ``_`` to ``_``, so a client could send ``X_Forwarded_For`` to overwrite the header of the
    reverse proxy. nginx and Apache drop such names for the same reason.
    """
    if not _NAME.fullmatch(name):
        return ""
    return _KEYS.get(name.lower()) or f"HTTP_{name.upper().replace('-', '_')}"


def _host(address: str) -> str:
    """Return the host of an address such as ``127.0.0.1:80`` or ``[::1]:80``."""
    return address.rpartition(":")[0].strip("[]")


def has_body(environ: Environ) -> bool:
    return environ.get("CONTENT_LENGTH") not in {None, "", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def stated_length(environ: Environ) -> int | None:
    """Return the value of ``Content-Length``, or None if it is missing or not a number."""
    stated = str(environ.get("CONTENT_LENGTH") or "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 16 else None
