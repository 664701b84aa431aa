"""Keeps outbound calls away from the market's own network (SSRF): every address is checked where it is connected to.

The check sits in the resolver, so the addresses that were checked are the ones that are used: a name that resolves
differently a moment later cannot slip through.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver


class AddressBlocked(OSError):
    """The address is not one that a seller may have."""


@lru_cache(maxsize=20_000)
def allowed(address: str, *, sandbox: bool) -> bool:
    """Public addresses only; a sandbox may also call loopback. Mapped and translated IPv4 is looked at as IPv4."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    if sandbox and ip.is_loopback:
        return True
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def check_literal(url: str, *, sandbox: bool) -> None:
    """Raises ``AddressBlocked`` for a literal IP that is not allowed: no resolver is asked for those."""
    literal = _literal_of(url[: url.find("?")] if "?" in url else url)
    if literal and not allowed(literal, sandbox=sandbox):
        raise AddressBlocked(f"{literal} is not a public address")


@lru_cache(maxsize=20_000)
def _literal_of(address: str) -> str:
    """The IP address that stands in a web address as its host; empty when the host is a name."""
    host = (urlsplit(address).hostname or "").split("%", 1)[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 127.1, 0x7f000001 and 2130706433 are addresses to a C library, though not to ipaddress.
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return ""
    return host


class GuardedResolver(AbstractResolver):
    """Resolves names and drops what must not be called; when nothing is left, the call is refused."""

    def __init__(self, *, sandbox: bool) -> None:
        self._inner = ThreadedResolver()
        self._sandbox = sandbox

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        good = [entry for entry in found if allowed(entry["host"], sandbox=self._sandbox)]
        if not good:
            raise AddressBlocked(f"{host} resolves to addresses that are not public")
        return good

    async def close(self) -> None:
        await self._inner.close()
