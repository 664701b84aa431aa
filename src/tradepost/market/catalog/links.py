"""The links in a text, and those that lead out of the market (business-rules §1.4, §2.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

_WRITTEN = re.compile(r"(?:https?://|(?<![\w./@-])www\.)[^\s<>\"'，。；、！？）】》”]{1,500}", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"your|xxx|example|sample|[{}$\[%*<（(]|域名|地址|host$|^ip$", re.IGNORECASE)
"""Placeholder hosts, for which readers of a guide substitute their own."""
_NOWHERE = ("localhost", ".localhost", ".local", ".internal", ".lan", ".test", ".invalid")


def addresses_in(text: str) -> list[str]:
    """Return the distinct web addresses in a text."""
    return list(dict.fromkeys(match.rstrip(".,;:!?)") for match in _WRITTEN.findall(text)))


def external_addresses(addresses: Collection[str], hosts: Collection[str]) -> Iterator[str]:
    """Yield the addresses whose host is neither in ``hosts`` nor a subdomain of one. Addresses without a public host
    are allowed."""
    for address in addresses:
        host = host_of(address)
        if host and not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
            yield address


def host_of(address: str) -> str:
    """Return the host of a public web address in lower case; empty for the local machine, a private network, or a
    placeholder."""
    with_slashes = address if "//" in address else f"//{address}"
    try:
        parts = urlsplit(with_slashes)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:  # "http://[your address]": brackets are for IPv6
        return ""
    if parts.scheme not in {"", "http", "https"} or "." not in host or _PLACEHOLDER.search(host):
        return ""
    if host.endswith(_NOWHERE):
        return ""
    try:
        return host if ip_address(host).is_global else ""
    except ValueError:
        return host
