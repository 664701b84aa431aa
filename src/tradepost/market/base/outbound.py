"""A look at somebody else's web server, outside of orders: does a website answer, what stands at a well-known path.

Everything that a stranger decides is bounded: addresses through the guard, size, time, redirects (each hop is checked like
the first). Orders have their own door (``production.gateway``).
"""

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

from .authorities import trusted
from .guard import AddressBlocked, GuardedResolver, check_literal_async
from .hosts import wrong_port
from .outbound_policy import OutboundPolicy

AGENT = "Tradepost"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_URL = 2048


class Why(StrEnum):
    """Why there is no answer."""

    ADDRESS = "address"
    """Not an address that may be called: its form, its port, or where its name leads."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    """More than were allowed."""
    NOT_HTTP = "not_http"


class NotReached(Exception):
    """No answer within the limits. ``why`` is for a page's words, ``detail`` says what was seen: untrusted text."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail[:500]


class Fetched(Struct, frozen=True):
    """What came, whatever its status. ``url``: where it came from in the end."""

    url: str
    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        return header(self.headers, name)


class Bounds(Struct, frozen=True, kw_only=True):
    """``within``: seconds for all hops together. ``cut``: a longer body is cut instead of refused."""

    outbound: OutboundPolicy
    within: float = 10.0
    most_bytes: int = 262_144
    cut: bool = False
    redirects: int = 0
    trust: ssl.SSLContext | None = None
    """Whose certificates are trusted; None: the authorities of this machine and of ``outbound``."""


def fetch(
    url: str, bounds: Bounds, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Fetched:
    """``fetch_async`` for a thread that may wait: that of a leased job, never one that answers a request."""
    return asyncio.run(fetch_async(url, bounds, method=method, headers=headers, body=body))


async def fetch_async(
    url: str, bounds: Bounds, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Fetched:
    """One request, and its redirects as far as they are allowed. Raises ``NotReached``."""
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
        session._retry_connection = False  # noqa: SLF001  # as in production.gateway: one request is sent once
        sent = (("Accept-Encoding", "identity"), ("User-Agent", AGENT), *(headers or {}).items())
        try:
            async with asyncio.timeout(bounds.within):
                return await _follow(session, Request(method, url, sent, body), bounds)
        except NotReached:
            raise
        except Exception as error:
            raise _why(error, bounds) from error


async def _follow(session: aiohttp.ClientSession, request: Request, bounds: Bounds) -> Fetched:
    for left in range(bounds.redirects, -1, -1):
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
                if not left:
                    raise NotReached(Why.REDIRECTS, url)
                request = Request("GET", urljoin(url, target), request.headers)
                continue
            raw = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
            return Fetched(url, answer.status, raw, await _read(answer, bounds))
    raise NotReached(Why.REDIRECTS, request.url)


async def _check(url: str, bounds: Bounds) -> None:
    """Each hop: form, port, and a literal IP; where a name leads the resolver says."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NotReached(Why.ADDRESS, url) from None
    sound = (
        url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL and "@" not in parts.netloc
    )
    if not sound or parts.scheme not in {"http", "https"} or not host:
        raise NotReached(Why.ADDRESS, url)
    if wrong := wrong_port(port if port != (443 if parts.scheme == "https" else 80) else None, bounds.outbound):
        raise NotReached(Why.ADDRESS, wrong)
    await check_literal_async(url, bounds.outbound)


async def _read(answer: aiohttp.ClientResponse, bounds: Bounds) -> bytes:
    chunks = bytearray()
    async for chunk in answer.content.iter_any():
        chunks += chunk
        if len(chunks) > bounds.most_bytes:
            answer.close()
            if bounds.cut:
                return bytes(chunks[: bounds.most_bytes])
            raise NotReached(Why.TOO_LARGE, f"more than {bounds.most_bytes} bytes")
    return bytes(chunks)


def _why(error: BaseException, bounds: Bounds) -> NotReached:
    """Order matters: aiohttp's errors inherit from each other."""
    match error:
        case AddressBlocked():
            return NotReached(Why.ADDRESS, str(error))
        case aiohttp.ClientConnectorDNSError():
            blocked = isinstance(error.os_error, AddressBlocked)
            return NotReached(Why.ADDRESS if blocked else Why.DNS, str(error.os_error))
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return NotReached(Why.TLS, str(getattr(error, "certificate_error", error)))
        case asyncio.TimeoutError():
            return NotReached(Why.TIMEOUT, f"no complete answer within {bounds.within:g} s")
        case aiohttp.ClientConnectorError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return NotReached(Why.CONNECT, str(error))
        case aiohttp.ClientResponseError():
            return NotReached(Why.NOT_HTTP, error.message)
        case aiohttp.InvalidURL() | ValueError():
            return NotReached(Why.ADDRESS, str(error))
        case OSError():
            return NotReached(Why.CONNECT, str(error))
        case _:
            return NotReached(Why.NOT_HTTP, f"{type(error).__name__}: {error}")
