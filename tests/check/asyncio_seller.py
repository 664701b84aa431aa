"""A correct seller on plain asyncio streams: it keeps connections, reads every body, and refuses invalid requests.

Shares the rules of ``PlainSeller`` and nothing of its server.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from tests.check.plain_seller import KEY, PlainSeller

IDLE = 5.0
"""Seconds for which an idle connection is kept, as in uvicorn and Node."""


class AsyncioSeller:
    """``last_of``: number of requests after which a connection is closed, announced in the last response; 0 for never."""

    def __init__(self, *, last_of: int = 0) -> None:
        self.rules = PlainSeller()
        self.last_of = last_of
        self.reused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            closing = False
            while not closing:
                async with asyncio.timeout(IDLE):
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                number += 1
                self.reused += number > 1
                closing = headers.get("connection", "").lower() == "close" or number == self.last_of
                writer.write(self.answer(head[0].split(" ")[1], headers.get("content-type", ""), body, closing=closing))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, path: str, content_type: str, body: bytes, *, closing: bool) -> bytes:
        out = json.dumps(self.rules.answer(path, content_type, body)).encode()
        sign = base64.b64encode(hmac.new(KEY.encode(), out, hashlib.sha256).digest()).decode()
        lines = [
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            f'Body-Sign: sign_type="HMAC-SHA256", signature="{sign}"',
            f"Content-Length: {len(out)}",
            *(["Connection: close"] if closing else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + out


@contextmanager
def serving(seller: AsyncioSeller) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    started = asyncio.run_coroutine_threadsafe(asyncio.start_server(seller.serve, "127.0.0.1", 0, backlog=256), loop)
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = started.result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/produce"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
