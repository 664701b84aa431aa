"""The only connection to sellers: send a signed request, read the answer within limits, and interpret it.

No database access: the engine passes all data and records the result.
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

from tradepost.market.base.aiohttp_internals.one_answer import ResponseTooLong, limit_to_one_answer
from tradepost.market.base.aiohttp_internals.send_once import send_once
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.connector import Connection

    from tradepost.protocols.contract import SellerProtocol


NO_SUCH_INSTANCE = "000003"
FRAMING_FACTOR = 8
"""Factor of the body limit for all received bytes: a body in chunks of one byte needs six."""


class Exchange(Struct, frozen=True):
    """Request, response and result of one attempt. ``response``: None without an answer."""

    request: Request
    response: Response | None
    result: CallResult
    milliseconds: float
    certificate_ends: datetime | None = None
    """Expiry of the server's TLS certificate, if requested."""


class Limits(Struct, frozen=True):
    timeout: float
    """Seconds for a whole attempt."""
    answer_bytes: int
    outbound: OutboundPolicy

    @property
    def connect(self) -> float:
        """Seconds for name resolution, connection and TLS. Well below ``timeout``: a failure here sent nothing."""
        return min(10.0, 0.75 * self.timeout)

    def within(self, rule: timedelta | None) -> Limits:
        """Return these limits with the shorter timeout of a protocol (``RetryRule.answer_within``)."""
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
    """HTTP client of a worker; an async context manager."""

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
        limit_to_one_answer(connector, most=FRAMING_FACTOR * self._limits.answer_bytes)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect),
            trust_env=False,
            response_class=_KnowsCertificate,
            max_line_size=16_384,
        )
        send_once(self._session)
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
        """Make one attempt: sign with the first key, accept an answer signed with any of them. Never raises.

        ``certificate``: return the expiry of the server's certificate. ``within``: total seconds, below the general
        limit.
        """
        rule = protocol.retries.get(type(command))
        limits = self._limits.within(rule.answer_within if rule else None)
        limits = limits.within(None if within is None else timedelta(seconds=within))
        try:
            request = protocol.encode(command, address=address, key=keys[0], now=now, nonce=nonce)
        except Exception as error:  # noqa: BLE001  # a value that the wire cannot carry: ours to mend, and never the engine's end
            broken = Unreachable(fault=Fault.INTERNAL, detail=f"the request could not be made: {error}"[:1000])
            return Exchange(Request("", address), None, broken, 0.0)
        start_time = time.perf_counter()
        expiries: list[datetime] = []
        try:
            # The simulation has no event loop and no limit.
            async with asyncio.timeout(within) if within is not None else nullcontext():
                response = await self.send(request, expiries if certificate else None, limits)
        except Exception as error:  # noqa: BLE001  # whatever a seller's server does is a value here, not a crash
            spent = (time.perf_counter() - start_time) * 1000
            return Exchange(request, None, _fault_of(error, limits, tls=request.url.startswith("https:")), spent)
        spent = (time.perf_counter() - start_time) * 1000
        if isinstance(response, Unreachable):
            return Exchange(request, None, response, spent)
        result = _decode(protocol, command, response, keys, require_body_sign=require_body_sign)
        settled_result = adjust_result(command, result, until_access=until_access, queried=Query in protocol.activities)
        return Exchange(request, response, settled_result, spent, expiries[0] if expiries else None)

    async def send(
        self, request: Request, certificates: list[datetime] | None = None, limits: Limits | None = None
    ) -> Response | Unreachable:
        """Send over the network; the simulation replaces this method. Raises network errors; stores the certificate's
        expiry if requested. ``limits``: of this attempt, by default the gateway's."""
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
            content_length = answer.content_length
            body = (
                await answer.read()
                if content_length is not None and content_length <= limits.answer_bytes
                else await self._read(answer)
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
    """Decode with the first key. After a key rotation, accept an answer signed with an earlier key in its overlap."""
    first_result = protocol.decode(command, response, key=keys[0], require_body_sign=require_body_sign)
    if isinstance(first_result, Unreachable) and first_result.fault is Fault.BODY_SIGN_WRONG:
        for key in keys[1:]:
            result = protocol.decode(command, response, key=key, require_body_sign=require_body_sign)
            if not (isinstance(result, Unreachable) and result.fault is Fault.BODY_SIGN_WRONG):
                return result
    return first_result


def adjust_result(command: Command, result: CallResult, *, until_access: bool, queried: bool = True) -> CallResult:
    """Adjust the result: a command that waits for access data is pending until the seller provides it (saas-v2 §3.1).

    ``queried``: whether the protocol can query an accepted creation.
    """
    if until_access and isinstance(command, Query | Create) and isinstance(result, Done):
        is_ready = result.instances and all(i.app is not None and i.app.front_end_url for i in result.instances)
        if not is_ready:
            return Pending(message="the instance has no access data (appInfo.frontEndUrl) yet")
    match command, result:
        case Create(), Pending(instance_id=instance) if instance and queried:
            # Accepted with an ID: the caller continues with queryInstance (saas-v2 §3.1).
            return Done(message=result.message, instance_id=instance)
        case Release(), Rejected(code=code) if code == NO_SUCH_INSTANCE:
            # Nothing is left to release, so the release succeeded (saas-v2 §3.5).
            return Done(message=result.message)
        case _:
            return result


_CONNECTION_ENDED = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def _not_connected(error: OSError, *, tls: bool) -> tuple[Fault, str]:
    if tls and isinstance(error, _CONNECTION_ENDED):
        return Fault.TLS, "TLS: the server hung up instead of agreeing on a version and a certificate"
    return Fault.CONNECT, f"connection failed: {error.strerror or str(error) or type(error).__name__}"


def _fault_of(error: BaseException, limits: Limits, *, tls: bool) -> Unreachable:
    """Return the fault of an error. The order matters because aiohttp's errors inherit from each other."""
    match error:
        case AddressBlocked():
            fault, detail = Fault.ADDRESS_BLOCKED, str(error)
        case aiohttp.ClientConnectorDNSError():
            is_blocked = isinstance(error.os_error, AddressBlocked)
            fault = Fault.ADDRESS_BLOCKED if is_blocked else Fault.DNS
            reason = error.os_error.strerror or error.os_error
            detail = str(error.os_error) if is_blocked else f"the name {error.host} could not be resolved: {reason}"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            fault, detail = Fault.TLS, f"TLS: {getattr(error, 'certificate_error', error)}"
        case ResponseTooLong():
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
