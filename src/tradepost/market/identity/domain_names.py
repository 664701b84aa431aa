"""The location of a domain's proof, and detection of loopback names. Pure; pages use it without an HTTP client."""

from __future__ import annotations

import ipaddress

from tradepost.market.base.literal import literal_ip

PATH = "/.well-known/tradepost-domain.txt"
RECORD = "_tradepost"


def proof_text(token: str) -> str:
    """Return the line of the file, or the value of the record."""
    return f"tradepost-domain={token}"


def file_url(host: str, scheme: str = "https") -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{PATH}"


def record_name(host: str) -> str:
    """Return the name of the TXT record; empty for an IP address, which has none."""
    return "" if literal_ip(host) else f"{RECORD}.{host}"


def is_loopback(host: str) -> bool:
    """Return whether a name has the form of a loopback name: ``localhost``, a subdomain of it, 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    literal = literal_ip(host)
    return bool(literal) and ipaddress.ip_address(literal).is_loopback
