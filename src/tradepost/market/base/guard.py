"""Blocks outbound calls to the market's own network (SSRF) by checking each address at connection time.

The resolver makes the check, so the connection uses exactly the addresses that were checked. A name that resolves
differently a moment later cannot bypass it."""

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
from .outbound_policy import SETTING, OutboundPolicy, is_permitted


class AddressBlocked(OSError):
    """The outbound policy does not permit this address."""


_REFUSED = f"is not a public address and not in an allowed network ({SETTING})"


def check_literal(url: str, outbound: OutboundPolicy) -> None:
    """Raise ``AddressBlocked`` for a literal IP that may not be called: the HTTP client does not resolve it."""
    address = url[: url.find("?")] if "?" in url else url
    literal = _literal_of(address)
    if literal and not is_permitted(literal, URL(address, encoded=True).port or 0, outbound):
        raise AddressBlocked(f"{literal} {_REFUSED}")


async def check_literal_async(url: str, outbound: OutboundPolicy) -> None:
    """``check_literal`` for an event loop, which must not block on resolving the database host."""
    if outbound.networks and _literal_of(url[: url.find("?")] if "?" in url else url):
        await _run_in_thread(lambda: check_literal(url, outbound))
    else:
        check_literal(url, outbound)


@lru_cache(maxsize=20_000)
def _literal_of(address: str) -> str:
    """Return the IP address that is the host of a web address, parsed as the HTTP client parses it; empty for a
    name."""
    return literal_ip(URL(address, encoded=True).raw_host or "")


class GuardedResolver(AbstractResolver):
    """Resolves names. Refuses a name if any of its addresses may not be called. ``within``: timeout in seconds."""

    def __init__(self, outbound: OutboundPolicy, *, within: float = 8.0) -> None:
        self._outbound = outbound
        self._within = within

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._within):
                infos = await _run_in_thread(lambda: _resolve(host, port, family, self._outbound))
        except TimeoutError:
            message = f"the name servers did not answer within {self._within:g} s"
            raise socket.gaierror(socket.EAI_AGAIN, message) from None
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in infos
        ]

    async def close(self) -> None:
        """Nothing to close."""


def _resolve(host: str, port: int, family: int, outbound: OutboundPolicy) -> list[Any]:
    """Resolve a name. One refused address refuses all: an attacker's name server controls which of them is used."""
    infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    if not all(is_permitted(str(address[0]), port, outbound) for *_, address in infos):
        raise AddressBlocked(f"{host} leads to an address that {_REFUSED}")
    return infos


def guarded_connection(host: str, port: int, within: float, *, outbound: OutboundPolicy) -> socket.socket:
    """Open a connection to an address that was checked, for a thread that may block.

    Later changes of the name have no effect. Raises ``AddressBlocked``, or another ``OSError``."""
    began = time.monotonic()
    name = literal_ip(host) or host
    infos = _look_up(name, port, within, outbound)
    problem = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in infos:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.001, within - (time.monotonic() - began)))
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem


def _look_up(host: str, port: int, timeout: float, outbound: OutboundPolicy) -> list[Any]:
    """Resolve a name in a daemon thread, because a look-up cannot be cancelled."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(_resolve(host, port, socket.AF_UNSPEC, outbound))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"the name servers did not answer within {timeout:g} s") from None
    if isinstance(answer, AddressBlocked):
        raise answer
    if isinstance(answer, Exception):
        raise OSError(str(answer)) from answer
    return list(answer)


async def _run_in_thread[T](work: Callable[[], T]) -> T:
    """Return the result of ``work``, run in a daemon thread.

    The loop's own threads are few, and a look-up cannot be cancelled. A handful of names whose servers never answer
    would occupy them all and delay every call."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def resolve_future(setter: Callable[[Any], None], value: Any) -> None:
        if not future.done():  # the waiting task may have been cancelled
            setter(value)

    def run() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = (future.set_result, work())
        except Exception as error:  # noqa: BLE001  # raised where it is awaited
            outcome = (future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(resolve_future, *outcome)

    threading.Thread(target=run, name="look-up", daemon=True).start()
    return await future
