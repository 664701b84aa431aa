"""Keeps outbound calls away from the market's own network (SSRF): every address is checked where it is connected to.

The check sits in the resolver, so the addresses that were checked are the ones that are used: a name that resolves
differently a moment later cannot slip through.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .literal import literal_ip

_ONLY_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # a public address that leads to the host's agent on one cloud (metadata, secrets)
            "192.88.99.0/24",  # relays of 6to4, given up by RFC 7526
            "5f00::/16",  # segment routing, RFC 9602: inside of a provider's network
            "fec0::/10",  # site-local, RFC 3879
        ),
    )
)
"""What Python's ``is_global`` lets through and no seller's server can have."""


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
    inside = any(ip in network for network in _ONLY_INSIDE)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not inside


def check_literal(url: str, *, sandbox: bool) -> None:
    """Raises ``AddressBlocked`` for a literal IP that is not allowed: no resolver is asked for those."""
    literal = _literal_of(url[: url.find("?")] if "?" in url else url)
    if literal and not allowed(literal, sandbox=sandbox):
        raise AddressBlocked(f"{literal} is not a public address")


@lru_cache(maxsize=20_000)
def _literal_of(address: str) -> str:
    """The IP address that stands in a web address as its host, read as the HTTP client reads it."""
    return literal_ip(URL(address, encoded=True).raw_host or "")


class GuardedResolver(AbstractResolver):
    """Resolves names; refuses one that leads, among others, to what must not be called. ``within``: seconds."""

    def __init__(self, *, sandbox: bool, within: float = 8.0) -> None:
        self._sandbox = sandbox
        self._within = within

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._within):
                found = await _in_a_thread(
                    lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
                )
        except TimeoutError:
            said = f"the name servers did not answer within {self._within:g} s"
            raise socket.gaierror(socket.EAI_AGAIN, said) from None
        if not all(allowed(str(where[0]), sandbox=self._sandbox) for *_, where in found):
            raise AddressBlocked(f"{host} leads to an address that is not public")
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, where in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def guarded_connection(host: str, port: int, within: float, *, sandbox: bool) -> socket.socket:
    """An open connection for a thread that may wait: to the address that was checked, whatever the name leads to a moment
    later. Raises ``AddressBlocked``, or another ``OSError``."""
    began = time.monotonic()
    name = literal_ip(host) or host
    found = _look_up(name, port, within)
    if not all(allowed(str(where[0]), sandbox=sandbox) for *_, where in found):
        raise AddressBlocked(f"{host} leads to an address that is not public")
    problem = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.001, within - (time.monotonic() - began)))
            connection.connect(where)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem


def _look_up(host: str, port: int, within: float) -> list[Any]:
    """In a thread that nobody waits for at the end: a look-up cannot be given up."""
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))
        except (OSError, UnicodeError) as error:
            found.put(error)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    try:
        answer = found.get(timeout=within)
    except queue.Empty:
        raise TimeoutError(f"the name servers did not answer within {within:g} s") from None
    if isinstance(answer, Exception):
        raise OSError(str(answer)) from answer
    return list(answer)


async def _in_a_thread[T](work: Callable[[], T]) -> T:
    """The result of ``work`` in a thread that nobody waits for at the end of the process.

    Not one of the loop's few threads: a look-up cannot be given up, so a handful of names whose servers never answer
    would hold them all, and with them everybody's calls.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(setter: Callable[[Any], None], value: Any) -> None:
        if not done.done():  # whoever waited may have gone
            setter(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (done.set_result, work())
        except Exception as error:  # noqa: BLE001  # raised where it is awaited
            outcome = (done.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell, *outcome)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    return await done
