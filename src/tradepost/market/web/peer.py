"""Who asks: the one place that says whose address a request came from, and which addresses count as one.

Behind a proxy every connection comes from the proxy. What it appended to ``X-Forwarded-For`` is believed because it is
one of ours (``TRADEPOST_TRUSTED_PROXIES``); from anybody else the header is just something that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from django.http import HttpRequest

from tradepost.market.base.config import config

OF_ONE_HOLDER = 64
"""Bits of an IPv6 address that a provider gives to one customer at least."""


def peer(request: HttpRequest) -> str:
    """The address of whoever asked; "" where the server does not tell."""
    return client_of(request.META)


def client_of(environ: Mapping[str, Any]) -> str:
    """The same of a request that Django has not seen yet: the last address in the chain that is no proxy of ours."""
    address = _parsed(str(environ.get("REMOTE_ADDR") or ""))
    if address is None:
        return ""
    told = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    while told and _is_proxy(address):
        told, _, last = told.rpartition(",")
        if (further := _parsed(last.strip())) is None:
            break
        address = further
    return str(address)


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 one that its holder can choose from freely."""
    parsed = _parsed(address)
    return str(IPv6Network((parsed, OF_ONE_HOLDER), strict=False)) if isinstance(parsed, IPv6Address) else address


def client_of_connection(address: str) -> str:
    """Whom a connection from ``address`` counts for; "" for a proxy of ours, which carries those of many."""
    parsed = _parsed(address)
    return "" if parsed is None or _is_proxy(parsed) else network_of(str(parsed))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without a port, as proxies write it; IPv4 in IPv6's clothes is IPv4."""
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
