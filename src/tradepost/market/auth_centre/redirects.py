"""Policy: where a browser may be sent. Registered callbacks are compared character by character (RFC 9700 §2.1, §4.1). No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers read otherwise than we do: control characters, blanks, backslashes."""


def is_callback(registered: str, given: str) -> bool:
    """Whether this is the registered callback: the same characters, nothing left out, nothing added."""
    return bool(registered) and registered == given


def origin_of(url: str) -> str:
    """``https://host:port`` of a web address; empty for what is none, or says a user before its host."""
    if UNSAFE.search(url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")


def may_return_to(url: str, callbacks: Iterable[str]) -> bool:
    """Whether one may go there after signing out: an origin of a registered callback."""
    origin = origin_of(url)
    return bool(origin) and origin in {origin_of(callback) for callback in callbacks}


def own_path(following: str, prefix: str) -> str:
    """``following`` where it is a path of this auth centre, which begins with ``prefix``; else empty: no open redirect."""
    if UNSAFE.search(following) or not following.startswith(prefix):
        return ""
    parts = urlsplit(following)
    return "" if parts.scheme or parts.netloc or "/../" in parts.path or parts.path.endswith("/..") else following


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The address with further parameters in its query, as it stands otherwise; an empty one is left out."""
    added = urlencode([(name, value) for name, value in parameters.items() if value])
    address, hash_mark, fragment = url.partition("#")
    between = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{between}{added}{hash_mark}{fragment}" if added else url
