"""Keeps outbound calls away from the market's own network (SSRF): every address is checked where it is connected to.

The check sits in the resolver, so the addresses that were checked are the ones that are used: a name that resolves
differently a moment later cannot slip through.
"""

from __future__ import annotations

import asyncio
import contextlib
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
from .outbound_policy import SETTING, OutboundPolicy, permitted


class AddressBlocked(OSError):
    """The address is not one that a seller may have."""


_REFUSED = f"is not a public address and not in an allowed network ({SETTING})"


def check_literal(url: str, outbound: OutboundPolicy) -> None:
    """Raise ``AddressBlocked`` for a literal IP that may not be called: the HTTP client asks no resolver about it."""
    address = url[: url.find("?")] if "?" in url else url
    literal = _literal_of(address)
    if literal and not permitted(literal, URL(address, encoded=True).port or 0, outbound):
        raise AddressBlocked(f"{literal} {_REFUSED}")


async def check_literal_async(url: str, outbound: OutboundPolicy) -> None:
    """``check_literal`` for an event loop, which must not wait for the name of the database host."""
    if outbound.networks and _literal_of(url[: url.find("?")] if "?" in url else url):
        await _in_a_thread(lambda: check_literal(url, outbound))
    else:
        check_literal(url, outbound)


@lru_cache(maxsize=20_000)
def _literal_of(address: str) -> str:
    """The IP address that stands in a web address as its host, read as the HTTP client reads it."""
    return literal_ip(URL(address, encoded=True).raw_host or "")


class GuardedResolver(AbstractResolver):
    """Resolves names; refuses one that leads, among others, to what must not be called. ``within``: seconds."""

    def __init__(self, outbound: OutboundPolicy, *, within: float = 8.0) -> None:
        self._outbound = outbound
        self._within = within

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._within):
                found = await _in_a_thread(lambda: _resolve(host, port, family, self._outbound))
        except TimeoutError:
            said = f"the name servers did not answer within {self._within:g} s"
            raise socket.gaierror(socket.EAI_AGAIN, said) from None
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


def _resolve(host: str, port: int, family: int, outbound: OutboundPolicy) -> list[Any]:
    """What a name leads to. One refused address refuses all: an attacker's name server chooses which of them is used."""
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    if not all(permitted(str(where[0]), port, outbound) for *_, where in found):
        raise AddressBlocked(f"{host} leads to an address that {_REFUSED}")
    return found


def guarded_connection(host: str, port: int, within: float, *, outbound: OutboundPolicy) -> socket.socket:
    """An open connection for a thread that may wait: to the address that was checked, whatever the name leads to a moment
    later. Raises ``AddressBlocked``, or another ``OSError``."""
    began = time.monotonic()
    name = literal_ip(host) or host
    found = _look_up(name, port, within, outbound)
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


def _look_up(host: str, port: int, within: float, outbound: OutboundPolicy) -> list[Any]:
    """In a thread that nobody waits for at the end: a look-up cannot be given up."""
    found: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            found.put(_resolve(host, port, socket.AF_UNSPEC, outbound))
        except (OSError, UnicodeError) as error:
            found.put(error)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    try:
        answer = found.get(timeout=within)
    except queue.Empty:
        raise TimeoutError(f"the name servers did not answer within {within:g} s") from None
    if isinstance(answer, AddressBlocked):
        raise answer
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
