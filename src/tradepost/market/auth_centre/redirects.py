"""Rules for redirects. Registered callbacks are compared character by character (RFC 9700 §2.1, §4.1). No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that browsers interpret differently: control characters, spaces and backslashes."""


def is_callback(registered: str, address: str) -> bool:
    """Return whether the address is exactly the registered callback."""
    return bool(registered) and registered == address


def origin_of(url: str) -> str:
    """Return ``https://host:port`` of a web address; empty if it is invalid or contains a user name."""
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
    """Return whether the address has the origin of a registered callback, as required after signing out."""
    origin = origin_of(url)
    return bool(origin) and origin in {origin_of(callback) for callback in callbacks}


def own_path(following: str, prefix: str) -> str:
    """Return ``following`` if it is a path of this auth centre under ``prefix``, otherwise empty. Prevents open
    redirects."""
    if UNSAFE.search(following) or not following.startswith(prefix):
        return ""
    parts = urlsplit(following)
    return "" if parts.scheme or parts.netloc or "/../" in parts.path or parts.path.endswith("/..") else following


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to the address's query; empty values are left out."""
    added_query = urlencode([(name, value) for name, value in parameters.items() if value])
    address, hash_mark, fragment = url.partition("#")
    between = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{between}{added_query}{hash_mark}{fragment}" if added_query else url
