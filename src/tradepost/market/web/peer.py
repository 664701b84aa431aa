"""The client address of a request, and the network that counts as one client.

Behind a proxy, every connection comes from the proxy. ``X-Forwarded-For`` is trusted only from the market's proxies
(``TRADEPOST_TRUSTED_PROXIES``); other clients can forge it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.http import HttpRequest

from tradepost.market.base.config import config

CUSTOMER_PREFIX_BITS = 64
"""Bits of an IPv6 prefix that a provider assigns to one customer at least."""


def peer(request: HttpRequest) -> str:
    """Return the client's address, or "" if the server does not report it."""
    return client_of(request.META)


def client_of(environ: Mapping[str, Any]) -> str:
    """Return the client's address from the environment: the last address in the chain that is not a trusted proxy."""
    address = _parse_address(str(environ.get("REMOTE_ADDR") or ""))
    if address is None:
        return ""
    chain = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    while chain and _is_proxy(address):
        chain, _, last_address = chain.rpartition(",")
        if (previous := _parse_address(last_address.strip())) is None:
            break
        address = previous
    return str(address)


def network_of(address: str) -> str:
    """Return the key that counts as one client: an IPv4 address, or the IPv6 network from which its holder can choose
    addresses."""
    parsed = _parse_address(address)
    return (
        str(IPv6Network((parsed, CUSTOMER_PREFIX_BITS), strict=False)) if isinstance(parsed, IPv6Address) else address
    )


def client_of_connection(address: str) -> str:
    """Return the client of a connection from ``address``, or "" for a trusted proxy, which carries many clients."""
    parsed = _parse_address(address)
    return "" if parsed is None or _is_proxy(parsed) else network_of(str(parsed))


@lru_cache(maxsize=4096)
def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address with or without a port, as proxies write it. IPv4-mapped IPv6 addresses become IPv4."""
    host = text[:64]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_proxy(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in config().trusted_proxies)
