"""Where the proof of a domain stands, and which names lead to this machine. Pure; pages ask it without an HTTP client."""

from __future__ import annotations

import ipaddress

from tradepost.market.base.literal import literal_ip

PATH = "/.well-known/tradepost-domain.txt"
RECORD = "_tradepost"


def expected(token: str) -> str:
    """The line in the file, or the record's value."""
    return f"tradepost-domain={token}"


def file_url(host: str, scheme: str = "https") -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{PATH}"


def record_name(host: str) -> str:
    """Of the TXT record; empty for an IP address, which has none."""
    return "" if literal_ip(host) else f"{RECORD}.{host}"


def is_loopback(host: str) -> bool:
    """Whether a name leads to this machine by its form: ``localhost``, below it, 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    literal = literal_ip(host)
    return bool(literal) and ipaddress.ip_address(literal).is_loopback
