"""A seller that answers at once: the smallest server for a signed call, so that only the caller is measured.

``python -m bench.instant_seller [--verify]`` prints ``ready <port> <port of a black hole>``; the black hole accepts
connections and never answers. ``POST`` on any path is a call. ``GET /arrivals`` returns ``{name: unix time}`` of the
calls since the last query, named by instanceId or orderLineId. ``--verify`` checks every signature with the protocol's
own code and answers 401 to a wrong one; it is too slow for measurements, but proves that the requests are valid.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request
from tradepost.protocols.registry import protocol

from .programs import end_with_parent, say_ready
from .wire import KEY, body_sign

type Check = Callable[[bytes, bytes], bool]


def response(body: bytes, status: str = "200 OK") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nBody-Sign: {body_sign(body, KEY)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


QUERIED = (
    b'{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"%s","appInfo":{"frontEndUrl":"https://app.example/",'
    b'"userName":"admin","password":"first-password"}}]}'
)
"""The answer to queryInstance with access data (saas-v2 §3.2)."""
SUCCESS = response(b'{"resultCode":"000000","resultMsg":"success"}')
DENIED = response(b'{"resultCode":"000001","resultMsg":"authentication failed"}', "401 Unauthorized")


def member(body: bytes, name: bytes) -> bytes:
    """Return the text of a member of compact JSON; empty if there is none."""
    start = body.find(b'"' + name + b'":"')
    if start < 0:
        return b""
    start += len(name) + 4
    return body[start : body.index(b'"', start)]


class Seller(asyncio.Protocol):
    """A connection with a sequence of requests, complete or in pieces."""

    def __init__(self, arrivals: dict[str, float], check: Check | None) -> None:
        self._arrivals = arrivals
        self._check = check
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's only has the methods

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            if self._transport:
                self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET /arrivals"):
            told = response(json.dumps(self._arrivals).encode())
            self._arrivals.clear()
            return told
        if self._check and not self._check(head, body):
            return DENIED
        if b'"activity":"newInstance"' in body:
            self._arrivals[member(body, b"orderLineId").decode()] = time.time()
            instance = member(body, b"businessId")
            return response(b'{"resultCode":"000000","resultMsg":"success","instanceId":"' + instance + b'"}')
        if b'"activity":"queryInstance"' in body:
            instance = member(body, b"instanceId")
            return response(QUERIED % instance)
        self._arrivals[member(body, b"instanceId").decode()] = time.time()
        return SUCCESS


class BlackHole(asyncio.Protocol):
    """Accepts all data and never answers."""


def signature_holds(head: bytes, body: bytes) -> bool:
    target = head.split(b" ", 2)[1].decode()
    request = Request("POST", f"http://seller{target}", (("Content-Type", "application/json"),), body)
    try:
        protocol("saas_v2").open(request, key=KEY, now=datetime.now(UTC), nonce_seen=lambda _nonce, _until: False)
    except Denied:
        return False
    return True


async def serve(check: Check | None) -> None:
    loop = asyncio.get_running_loop()
    arrivals: dict[str, float] = {}
    seller = await loop.create_server(lambda: Seller(arrivals, check), "127.0.0.1", 0, backlog=4096)
    hole = await loop.create_server(BlackHole, "127.0.0.1", 0, backlog=4096)
    say_ready(seller.sockets[0].getsockname()[1], hole.sockets[0].getsockname()[1])
    end_with_parent()
    async with seller, hole:
        await asyncio.gather(seller.serve_forever(), hole.serve_forever())


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(signature_holds if "--verify" in sys.argv else None))
