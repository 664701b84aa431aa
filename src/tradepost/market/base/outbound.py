"""Requests to other parties' web servers, outside of orders: check a website, read a well-known path.

Everything that the other party controls is limited: addresses through the guard, size, time and redirects, each of
which is checked like the first request. Calls for orders go through ``production.gateway``."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from tradepost.protocols.http import Headers, Request, header

from .aiohttp_internals.send_once import send_once
from .authorities import trusted
from .guard import AddressBlocked, GuardedResolver, check_literal_async
from .hosts import port_error
from .outbound_policy import OutboundPolicy

AGENT = "Tradepost"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_URL_LENGTH = 2048


class FailureReason(StrEnum):
    """Why a request failed."""

    ADDRESS = "address"
    """The address may not be called: because of its form, its port, or where its name resolves to."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    """More redirects than allowed."""
    NOT_HTTP = "not_http"


class NoResponse(Exception):
    """No response within the limits. ``why`` selects the message of a page; ``detail`` has untrusted text."""

    def __init__(self, why: FailureReason, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail[:500]


class FetchedResponse(Struct, frozen=True):
    """A response with any status. ``url``: the address after redirects."""

    url: str
    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        return header(self.headers, name)


class Bounds(Struct, frozen=True, kw_only=True):
    """``within``: timeout in seconds for all hops together. ``cut``: truncate a longer body instead of refusing
    it."""

    outbound: OutboundPolicy
    within: float = 10.0
    most_bytes: int = 262_144
    cut: bool = False
    redirects: int = 0
    trust: ssl.SSLContext | None = None
    """A TLS context; None to trust the authorities of this machine and of ``outbound``."""


def fetch(
    url: str, bounds: Bounds, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> FetchedResponse:
    """``fetch_async`` for a thread that may block: a leased job's, never one that serves a request."""
    return asyncio.run(fetch_async(url, bounds, method=method, headers=headers, body=body))


async def fetch_async(
    url: str, bounds: Bounds, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> FetchedResponse:
    """Send a request and follow redirects as far as allowed. Raises ``NoResponse``."""
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(bounds.outbound, within=0.8 * bounds.within),
        force_close=True,
        ssl=bounds.trust or trusted(bounds.outbound.authorities),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
        max_line_size=16_384,
    ) as session:
        send_once(session)
        sent_headers = (("Accept-Encoding", "identity"), ("User-Agent", AGENT), *(headers or {}).items())
        try:
            async with asyncio.timeout(bounds.within):
                return await _follow(session, Request(method, url, sent_headers, body), bounds)
        except NoResponse:
            raise
        except Exception as error:
            raise _reason(error, bounds) from error


async def _follow(session: aiohttp.ClientSession, request: Request, bounds: Bounds) -> FetchedResponse:
    for remaining_redirects in range(bounds.redirects, -1, -1):
        url = request.url
        await _check(url, bounds)
        async with session.request(
            request.method,
            URL(url, encoded=True),
            headers=CIMultiDict(request.headers),
            data=request.body or None,
            allow_redirects=False,
        ) as answer:
            target = answer.headers.get("Location")
            if answer.status in REDIRECTS and target and bounds.redirects:
                if not remaining_redirects:
                    raise NoResponse(FailureReason.REDIRECTS, url)
                request = Request("GET", urljoin(url, target), request.headers)
                continue
            raw = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
            return FetchedResponse(url, answer.status, raw, await _read(answer, bounds))
    raise NoResponse(FailureReason.REDIRECTS, request.url)


async def _check(url: str, bounds: Bounds) -> None:
    """Check the form, port and literal IP of each hop; the resolver checks names."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NoResponse(FailureReason.ADDRESS, url) from None
    sound = (
        url.isascii()
        and url.isprintable()
        and " " not in url
        and len(url) <= MAX_URL_LENGTH
        and "@" not in parts.netloc
    )
    if not sound or parts.scheme not in {"http", "https"} or not host:
        raise NoResponse(FailureReason.ADDRESS, url)
    if problem := port_error(port if port != (443 if parts.scheme == "https" else 80) else None, bounds.outbound):
        raise NoResponse(FailureReason.ADDRESS, problem)
    await check_literal_async(url, bounds.outbound)


async def _read(answer: aiohttp.ClientResponse, bounds: Bounds) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > bounds.most_bytes:
            answer.close()
            if bounds.cut:
                return bytes(content[: bounds.most_bytes])
            raise NoResponse(FailureReason.TOO_LARGE, f"more than {bounds.most_bytes} bytes")
    return bytes(content)


def _reason(error: BaseException, bounds: Bounds) -> NoResponse:
    """Map an error to a reason. The order matters: aiohttp's errors inherit from each other."""
    match error:
        case AddressBlocked():
            return NoResponse(FailureReason.ADDRESS, str(error))
        case aiohttp.ClientConnectorDNSError():
            is_blocked = isinstance(error.os_error, AddressBlocked)
            return NoResponse(FailureReason.ADDRESS if is_blocked else FailureReason.DNS, str(error.os_error))
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return NoResponse(FailureReason.TLS, str(getattr(error, "certificate_error", error)))
        case asyncio.TimeoutError():
            return NoResponse(FailureReason.TIMEOUT, f"no complete answer within {bounds.within:g} s")
        case aiohttp.ClientConnectorError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return NoResponse(FailureReason.CONNECT, str(error))
        case aiohttp.ClientResponseError():
            return NoResponse(FailureReason.NOT_HTTP, error.message)
        case aiohttp.InvalidURL() | ValueError():
            return NoResponse(FailureReason.ADDRESS, str(error))
        case OSError():
            return NoResponse(FailureReason.CONNECT, str(error))
        case _:
            return NoResponse(FailureReason.NOT_HTTP, f"{type(error).__name__}: {error}")
