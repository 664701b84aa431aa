"""Where the links of a text lead, and which of them lead away from the market (business-rules §1.4, §2.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

_WRITTEN = re.compile(r"(?:https?://|(?<![\w./@-])www\.)[^\s<>\"'，。；、！？）】》”]{1,500}", re.IGNORECASE)
_STANDING_FOR = re.compile(r"your|xxx|example|sample|[{}$\[%*<（(]|域名|地址|host$|^ip$", re.IGNORECASE)
"""Hosts that a guide writes where the reader's own belongs."""
_NOWHERE = ("localhost", ".localhost", ".local", ".internal", ".lan", ".test", ".invalid")


def written_in(text: str) -> list[str]:
    """Addresses of web pages in a text, each once."""
    return list(dict.fromkeys(match.rstrip(".,;:!?)") for match in _WRITTEN.findall(text)))


def leading_away(addresses: Collection[str], hosts: Collection[str]) -> Iterator[str]:
    """Those whose host is none of ``hosts`` and stands below none. What names no host of the internet leads nowhere."""
    for address in addresses:
        host = host_of(address)
        if host and not any(host == own or host.endswith(f".{own}") for own in hosts):
            yield address


def host_of(address: str) -> str:
    """The host of a public web address in lower case; empty for one's own machine, a private network, or a placeholder."""
    whole = address if "//" in address else f"//{address}"
    try:
        parts = urlsplit(whole)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:  # "http://[your address]": brackets are for IPv6
        return ""
    if parts.scheme not in {"", "http", "https"} or "." not in host or _STANDING_FOR.search(host):
        return ""
    if host.endswith(_NOWHERE):
        return ""
    try:
        return host if ip_address(host).is_global else ""
    except ValueError:
        return host
