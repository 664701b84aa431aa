"""The web server's side of requests, without a web server: scopes as in Granian, and bodies that a test controls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradepost.market.web.answering import App, Environ
from tradepost.market.web.arriving import Arrivals
from tradepost.market.web.by_the_head import RequestRules
from tradepost.market.web.request_buffering import RequestBuffering

WITHIN = 90


class HeaderMap:
    """Names are in lower case and may occur twice, as in Granian's RSGIHeaders."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def items(self) -> list[tuple[str, str]]:
        return self._pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        return next((value for key, value in self._pairs if key == name), default)

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self._pairs])


@dataclass
class Scope:
    headers: HeaderMap
    method: str = "POST"
    path: str = "/"
    query_string: str = ""
    client: str = "192.0.2.1:50000"
    server: str = "127.0.0.1:8000"
    scheme: str = "http"
    http_version: str = "1.1"
    authority: str | None = None


@dataclass
class Exchange:
    """``pieces`` of a body: None is a piece that never arrives, an exception one that breaks off."""

    pieces: Iterable[bytes | None] = ()
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: str = ""
    part: tuple[int, int] | None = None
    asked_for: int = 0

    async def __aiter__(self) -> Any:
        for piece in self.pieces:
            self.asked_for += 1
            if piece is None:
                await asyncio.Event().wait()
            else:
                await asyncio.sleep(0)
                yield piece

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        assert not self.status, "one answer"
        self.status, self.headers, self.body = int(status), dict(headers), body

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        assert not self.status, "one answer"
        self.status, self.headers, self.file = int(status), dict(headers), file

    def response_file_range(self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int) -> None:
        self.response_file(status, headers, file)
        self.part = (start, end)


def scope(*, length: int | str | None = None, headers: Iterable[tuple[str, str]] = (), **more: Any) -> Scope:
    stated = [] if length is None else [("content-length", str(length))]
    return Scope(HeaderMap([("host", "localhost"), *stated, *headers]), **more)


def echo(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    yield b"came: "
    yield environ["wsgi.input"].read()


def server(
    app: App = echo,
    *,
    threads: int = 2,
    writers: int = 2,
    largest: int = 1000,
    arrivals: Arrivals | None = None,
    **by_the_head: Any,
) -> RequestBuffering:
    """Inside a running loop."""
    options: dict[str, Any] = {
        "largest_body": lambda _environ: largest,
        "is_caller_known": lambda _environ: True,
        "hashes_password": lambda environ: environ["PATH_INFO"] == "/login",
        "client": lambda environ: environ["REMOTE_ADDR"],
        "lane": lambda environ: environ["REMOTE_ADDR"],
    }
    buffering = RequestBuffering(
        app, threads=threads, writers=writers, by_the_head=RequestRules(**(options | by_the_head)), arrivals=arrivals
    )
    buffering.__rsgi_init__(asyncio.get_running_loop())
    return buffering


async def ask(tried: RequestBuffering, request_scope: Scope, *pieces: bytes | None) -> Exchange:
    exchange = Exchange(pieces)
    async with asyncio.timeout(WITHIN):
        await tried.__rsgi__(request_scope, exchange)
    return exchange


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition is met."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110  # may happen in a thread, which sets no event
            await asyncio.sleep(0.001)
