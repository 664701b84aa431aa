"""The one door to sellers: send a signed request, read the answer within limits, say what it means.

No database here: the engine passes everything in and records what comes out.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self, override

import aiohttp
from aiohttp.payload import BytesPayload
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from tradepost.market.base.authorities import trusted
from tradepost.market.base.guard import AddressBlocked, GuardedResolver, check_literal_async
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.values import replace
from tradepost.protocols.commands import (
    CallResult,
    Command,
    Create,
    Done,
    Fault,
    Pending,
    Query,
    Rejected,
    Release,
    Unreachable,
)
from tradepost.protocols.http import Request, Response

from .one_answer import TooMuch, give_one_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.connector import Connection

    from tradepost.protocols.contract import SellerProtocol


NO_SUCH_INSTANCE = "000003"
FRAMING = 8
"""How many times the limit of a body may come in all: a body in chunks of one byte takes six."""


class Exchange(Struct, frozen=True):
    """What went over the wire in one attempt and what it meant. ``response`` is None when there was no answer."""

    request: Request
    response: Response | None
    result: CallResult
    milliseconds: float
    certificate_ends: datetime | None = None
    """Of the server that answered over TLS, when it was asked for."""


class Limits(Struct, frozen=True):
    timeout: float
    """Seconds for a whole attempt."""
    answer_bytes: int
    outbound: OutboundPolicy

    @property
    def connect(self) -> float:
        """Seconds for name, connection and TLS together. Well below ``timeout``: what ends here sent nothing."""
        return min(10.0, 0.75 * self.timeout)

    def within(self, rule: timedelta | None) -> Limits:
        """These limits, with the shorter timeout of a protocol that sets one (``RetryRule.answer_within``)."""
        if rule is None or rule.total_seconds() >= self.timeout:
            return self
        return replace(self, timeout=rule.total_seconds())


class _KnowsCertificate(aiohttp.ClientResponse):
    """Looks at the connection as long as it has one: a short answer gives it back before anybody reads it."""

    _tls: ssl.SSLObject | None = None

    @override
    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.transport is not None:
            self._tls = connection.transport.get_extra_info("ssl_object")
        return await super().start(connection)

    @property
    def certificate_ends(self) -> datetime | None:
        ends = (self._tls.getpeercert() or {}).get("notAfter") if self._tls is not None else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None


class Gateway:
    """One HTTP client for a worker. Use as an async context manager."""

    def __init__(self, limits: Limits, *, connections: int = 1024) -> None:
        self._limits = limits
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            limit_per_host=0,
            resolver=GuardedResolver(self._limits.outbound, within=0.8 * self._limits.connect),
            ssl=trusted(self._limits.outbound.authorities),
            # Shorter than any server's idle limit (gunicorn: 2 s): a reused connection that dies looks like a seller
            # who hung up on a call.
            ttl_dns_cache=30,
            keepalive_timeout=1.5,
        )
        give_one_answer(connector, most=FRAMING * self._limits.answer_bytes)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect),
            trust_env=False,
            response_class=_KnowsCertificate,
            max_line_size=16_384,
        )
        # aiohttp repeats a GET by itself when a server hangs up, which would hide an attempt and send one businessId
        # twice (saas-v1-license A2.1); it offers no setting for that.
        self._session._retry_connection = False  # noqa: SLF001
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def exchange(
        self,
        protocol: SellerProtocol,
        command: Command,
        *,
        address: str,
        keys: Sequence[str],
        now: datetime,
        nonce: str,
        require_body_sign: bool,
        until_access: bool = False,
        certificate: bool = False,
        within: float | None = None,
    ) -> Exchange:
        """One attempt: sign with the first key, accept an answer signed with any of them. Never raises. ``certificate``: say
        until when the server's is good. ``within``: seconds for connection and answer together, below the limit of all calls."""
        rule = protocol.retries.get(type(command))
        limits = self._limits.within(rule.answer_within if rule else None)
        limits = limits.within(None if within is None else timedelta(seconds=within))
        try:
            request = protocol.encode(command, address=address, key=keys[0], now=now, nonce=nonce)
        except Exception as error:  # noqa: BLE001  # a value that the wire cannot carry: ours to mend, and never the engine's end
            broken = Unreachable(fault=Fault.INTERNAL, detail=f"the request could not be made: {error}"[:1000])
            return Exchange(Request("", address), None, broken, 0.0)
        started = time.perf_counter()
        seen: list[datetime] = []
        try:
            # The simulation has no event loop, and sets no limit.
            async with asyncio.timeout(within) if within is not None else nullcontext():
                response = await self.send(request, seen if certificate else None, limits)
        except Exception as error:  # noqa: BLE001  # whatever a seller's server does is a value here, not a crash
            spent = (time.perf_counter() - started) * 1000
            return Exchange(request, None, _fault_of(error, limits, tls=request.url.startswith("https:")), spent)
        spent = (time.perf_counter() - started) * 1000
        if isinstance(response, Unreachable):
            return Exchange(request, None, response, spent)
        result = _decode(protocol, command, response, keys, require_body_sign=require_body_sign)
        settled = settle(command, result, until_access=until_access, queried=Query in protocol.activities)
        return Exchange(request, response, settled, spent, seen[0] if seen else None)

    async def send(
        self, request: Request, certificates: list[datetime] | None = None, limits: Limits | None = None
    ) -> Response | Unreachable:
        """The way over the network, and all of it: what the simulation replaces. Raises whatever goes wrong; notes the end of
        the server's certificate where that is asked for. ``limits``: of this attempt, if not the gateway's."""
        limits = limits or self._limits
        if self._session is None:
            raise RuntimeError("the gateway is used outside its context")
        await check_literal_async(request.url, limits.outbound)
        headers = CIMultiDict([*request.headers, ("Accept-Encoding", "identity"), ("User-Agent", "Tradepost")])
        async with (
            asyncio.timeout(limits.timeout),
            self._session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=headers,
                data=BytesPayload(request.body) if request.body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect),
            ) as answer,
        ):
            if certificates is not None and isinstance(answer, _KnowsCertificate) and answer.certificate_ends:
                certificates.append(answer.certificate_ends)
            raw = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.raw_headers)
            known = answer.content_length
            body = (
                await answer.read() if known is not None and known <= limits.answer_bytes else await self._read(answer)
            )
            if body is None:
                return Unreachable(
                    fault=Fault.TOO_LARGE,
                    detail=f"the answer is larger than {limits.answer_bytes} bytes; reading was stopped",
                )
            return Response(answer.status, raw, body)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes | None:
        chunks: list[bytes] = []
        size = 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > self._limits.answer_bytes:
                answer.close()
                return None
            chunks.append(chunk)
        return b"".join(chunks)


def _decode(
    protocol: SellerProtocol, command: Command, response: Response, keys: Sequence[str], *, require_body_sign: bool
) -> CallResult:
    """With the first key; after a rotation an answer signed with an earlier key, still in its overlap, is good too."""
    first = protocol.decode(command, response, key=keys[0], require_body_sign=require_body_sign)
    if isinstance(first, Unreachable) and first.fault is Fault.BODY_SIGN_WRONG:
        for key in keys[1:]:
            other = protocol.decode(command, response, key=key, require_body_sign=require_body_sign)
            if not (isinstance(other, Unreachable) and other.fault is Fault.BODY_SIGN_WRONG):
                return other
    return first


def settle(command: Command, result: CallResult, *, until_access: bool, queried: bool = True) -> CallResult:
    """A command that waits for access data is not done while the seller has none (saas-v2 §3.1).

    ``queried``: whether the protocol has a query that tells when an accepted creation is finished.
    """
    if until_access and isinstance(command, Query | Create) and isinstance(result, Done):
        ready = result.instances and all(i.app is not None and i.app.front_end_url for i in result.instances)
        if not ready:
            return Pending(message="the instance has no access data (appInfo.frontEndUrl) yet")
    match command, result:
        case Create(), Pending(instance_id=instance) if instance and queried:
            # Accepted with an id: the caller goes on with queryInstance (saas-v2 §3.1).
            return Done(message=result.message, instance_id=instance)
        case Release(), Rejected(code=code) if code == NO_SUCH_INSTANCE:
            # There is nothing (left) to release, which is what was wanted (saas-v2 §3.5).
            return Done(message=result.message)
        case _:
            return result


_HUNG_UP = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def _not_connected(error: OSError, *, tls: bool) -> tuple[Fault, str]:
    if tls and isinstance(error, _HUNG_UP):
        return Fault.TLS, "TLS: the server hung up instead of agreeing on a version and a certificate"
    return Fault.CONNECT, f"connection failed: {error.strerror or str(error) or type(error).__name__}"


def _fault_of(error: BaseException, limits: Limits, *, tls: bool) -> Unreachable:
    """The name of what went wrong. Order matters: aiohttp's errors inherit from each other."""
    match error:
        case AddressBlocked():
            fault, detail = Fault.ADDRESS_BLOCKED, str(error)
        case aiohttp.ClientConnectorDNSError():
            blocked = isinstance(error.os_error, AddressBlocked)
            fault = Fault.ADDRESS_BLOCKED if blocked else Fault.DNS
            why = error.os_error.strerror or error.os_error
            detail = str(error.os_error) if blocked else f"the name {error.host} could not be resolved: {why}"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            fault, detail = Fault.TLS, f"TLS: {getattr(error, 'certificate_error', error)}"
        case TooMuch():
            fault, detail = Fault.TOO_LARGE, f"{error}, and the answer was not complete; reading was stopped"
        case aiohttp.ConnectionTimeoutError():
            fault, detail = Fault.TIMEOUT_CONNECT, f"no connection within {limits.connect:g} s"
        case asyncio.TimeoutError():
            fault, detail = Fault.TIMEOUT, f"no complete answer within {limits.timeout:g} s"
        case aiohttp.ClientConnectorError():
            fault, detail = _not_connected(error.os_error, tls=tls)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | ConnectionResetError():
            fault, detail = Fault.CLOSED, f"the connection was closed before the answer was complete ({error})"
        case aiohttp.ClientResponseError():
            fault, detail = Fault.NOT_HTTP, f"what came is not HTTP: {error.message}"
        case OSError():
            fault, detail = Fault.CLOSED, f"{type(error).__name__}: {error}"
        case aiohttp.InvalidURL() | ValueError():
            fault, detail = Fault.ADDRESS_BLOCKED, f"not an address that can be called: {error}"
        case _:
            fault, detail = Fault.NOT_HTTP, f"{type(error).__name__}: {error}"
    return Unreachable(fault=fault, detail=detail[:1000])
