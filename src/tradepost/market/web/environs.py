"""A request's head as the web server gives it (RSGI), turned into WSGI's environment."""

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
"""Key of the number of bytes in the request line and the headers, as far as they came."""
_BETWEEN = len(": \r\n")


def environ_of(scope: Any) -> Environ:
    """Granian's scope as WSGI's environ (PEP 3333), its body empty. Texts are bytes read as Latin-1.

    Headers whose names could be taken for those of others are left out (``_key_of``).
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
        head += len(name) + len(value) + _BETWEEN
        key = _key_of(name)
        if not key:
            continue
        if key not in environ:
            environ[key] = value
        elif key not in _ONCE:
            environ[key] += f"{';' if key == 'HTTP_COOKIE' else ','}{value}"
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    environ[HEAD] = head
    return environ


_KEYS = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_ONCE = frozenset(_KEYS.values())
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9a-zA-Z-]+")
"""A token (RFC 9110 §5.6.2) without the underscore."""


@lru_cache(maxsize=1024)
def _key_of(name: str) -> str:
    """WSGI's key of a header; "" for a name that is dropped.

    WSGI writes both ``-`` and ``_`` as ``_``. A client that sends ``X_Forwarded_For`` would otherwise write into
    the header that the proxy in front of us sets. nginx and Apache drop such names for the same reason.
    """
    if not _NAME.fullmatch(name):
        return ""
    return _KEYS.get(name.lower()) or f"HTTP_{name.upper().replace('-', '_')}"


def _host(address: str) -> str:
    """Of ``127.0.0.1:80`` and ``[::1]:80``."""
    return address.rpartition(":")[0].strip("[]")


def has_body(environ: Environ) -> bool:
    return environ.get("CONTENT_LENGTH") not in {None, "", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def stated_length(environ: Environ) -> int | None:
    """Of ``Content-Length``; None where there is none, or no number of bytes."""
    stated = str(environ.get("CONTENT_LENGTH") or "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 16 else None
