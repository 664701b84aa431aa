"""A seller as an ASGI application: reads and writes raw bytes and header names, and runs the seller's functions in
threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tradepost.protocols.http import Request

from .header_case import warn_if_lowered
from .wsgi import BODY_LIMIT, SAFE_IN_PATH, fresh_nonce, utc_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from tradepost.protocols.http import Response

    from .seller import Seller

    type Scope = Mapping[str, Any]
    type Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    type Send = Callable[[dict[str, Any]], Awaitable[None]]


class AsgiSeller:
    """Mount it at the production address, behind a server that preserves the case of ``Body-Sign``.

    Hypercorn and ``uvicorn --http h11`` do. With httptools, uvicorn lowers the case of header names, and the log warns
    about it. It is an object rather than a function, since Starlette treats objects as ASGI applications and functions
    as views.
    """

    def __init__(
        self,
        seller: Seller,
        *,
        protocol: str = "",
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], str] = fresh_nonce,
    ) -> None:
        seller.prefixes(protocol)  # raises LookupError now rather than for the first request
        self._seller = seller
        self._protocol = protocol
        self._clock = clock
        self._chance = chance
        self._warned = False
        self._check_server()

    def _check_server(self) -> None:
        self._warned = self._warned or warn_if_lowered(self._seller.spoken(self._protocol))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check_server()
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = self._chance()
        body = await read_body(receive)
        if body is None:
            words = f"the body is longer than {BODY_LIMIT} bytes"
            response = self._seller.refuse(words, nonce, protocol=self._protocol)
        else:
            # In a thread, because the seller's functions and the store may block.
            response = await asyncio.to_thread(
                self._seller.respond, request_from(scope, body), self._clock(), nonce, protocol=self._protocol
            )
        await send_response(response, send)


def asgi(
    seller: Seller,
    *,
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> AsgiSeller:
    """Return the seller as an ASGI application. ``protocol``: serve only this protocol, if each has its own path.

    Raises ``LookupError`` for a protocol that the seller does not support. It answers at every path; use
    ``seller.takes`` to separate them from your own pages.
    """
    return AsgiSeller(seller, protocol=protocol, clock=clock, chance=chance)


async def read_body(receive: Receive) -> bytes | None:
    """Return the bytes of the body; None if they exceed the limit. The server discards unread bytes."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""  # The client disconnected: the incomplete body is not processed, and the answer is not sent.
        piece = message.get("body", b"")
        length += len(piece)
        if length > BODY_LIMIT:
            return None
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


def request_from(scope: Scope, body: bytes) -> Request:
    """Return the request of an ASGI scope, with the query string exactly as sent."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    host = next((value for name, value in headers if name.lower() == "host"), "localhost")
    # Percent signs are preserved, so that a raw path stays as sent.
    path = quote(scope.get("raw_path") or scope["path"], SAFE_IN_PATH)
    query = scope.get("query_string", b"").decode("latin-1")
    url = f"{scope.get('scheme', 'http')}://{host}{path}{'?' if query else ''}{query}"
    return Request(scope["method"], url, headers, body)


async def send_response(response: Response, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers
        if name.lower() != "content-length"
    ]
    headers.append((b"Content-Length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
