"""A seller as an ASGI application: raw bytes in, raw bytes and header names out, the seller's functions on threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tradepost.protocols.http import Request

from .header_case import warn_when_lowered
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
    """Mount it at the production address, behind a server that keeps the case of ``Body-Sign``.

    Those are Hypercorn and ``uvicorn --http h11``; with httptools uvicorn writes header names in lower case, of which the
    log warns. An object and not a function, since Starlette takes an object for an ASGI application and a function for a view.
    """

    def __init__(
        self,
        seller: Seller,
        *,
        protocol: str = "",
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], str] = fresh_nonce,
    ) -> None:
        seller.prefixes(protocol)  # raises LookupError now rather than at the first request
        self._seller = seller
        self._protocol = protocol
        self._clock = clock
        self._chance = chance
        self._warned = False
        self._look_at_server()

    def _look_at_server(self) -> None:
        self._warned = self._warned or warn_when_lowered(self._seller.spoken(self._protocol))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._look_at_server()
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
            # A thread, because a seller's functions and the store may wait.
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
    """The seller as an ASGI application. ``protocol``: serve only this one here, when each has its own path.

    Raises ``LookupError`` for one that the seller does not speak. It answers at every path: ``seller.takes`` says which are
    its own beside your pages.
    """
    return AsgiSeller(seller, protocol=protocol, clock=clock, chance=chance)


async def read_body(receive: Receive) -> bytes | None:
    """All bytes of the body; None when there are more than allowed. What is left unread is the server's to drop."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""  # The client left in the middle: nobody reads the answer, and what came is not acted on.
        piece = message.get("body", b"")
        length += len(piece)
        if length > BODY_LIMIT:
            return None
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


def request_from(scope: Scope, body: bytes) -> Request:
    """The request that an ASGI scope describes. The query string is exactly as sent."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    host = next((value for name, value in headers if name.lower() == "host"), "localhost")
    # Percent signs are kept, so that a path that is raw already stays as it was sent.
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
