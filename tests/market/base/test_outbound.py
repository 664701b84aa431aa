"""Requests to unknown web servers: every redirect is checked, and size, time and number are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from tradepost.market.base.outbound import Bounds, FailureReason, FetchedResponse, NoResponse, fetch_async
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX

LOCAL = Bounds(outbound=SANDBOX, within=5.0, most_bytes=1000)


def plain(body: bytes, *, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def ask(
    answers: Mapping[str, bytes], path: str, bounds: Bounds = LOCAL, *, hang: bool = False
) -> tuple[FetchedResponse, list[str]]:
    """Request a path from a server with these answers; return the result and the paths requested. ``{port}`` is the
    server's."""
    requested_paths: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        requested_paths.append(head.split(" ")[1])
        port = writer.get_extra_info("sockname")[1]
        writer.write(answers[requested_paths[-1]].replace(b"{port}", str(port).encode()))
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    async def run() -> FetchedResponse:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await fetch_async(f"http://127.0.0.1:{port}{path}", bounds)

    return asyncio.run(run()), requested_paths


def refused(work: Callable[[], object]) -> FailureReason:
    with pytest.raises(NoResponse) as caught:
        work()
    return caught.value.why


def test_response_has_content_and_status() -> None:
    fetched, requested = ask({"/a": plain(b"token", status="404 Not Found", X_Kind="page")}, "/a")
    assert (fetched.status, fetched.body, fetched.header("x_kind"), requested) == (404, b"token", "page", ["/a"])


def test_redirect_is_returned_or_followed_with_checks() -> None:
    hop = {"/a": plain(b"", status="302 Found", Location="/b"), "/b": plain(b"there")}
    fetched, requested = ask(hop, "/a")
    assert (fetched.status, requested) == (302, ["/a"]), "redirect not followed"
    follow = Bounds(outbound=SANDBOX, redirects=2)
    fetched, requested = ask(hop, "/a", follow)
    assert (fetched.body, requested) == (b"there", ["/a", "/b"])
    circle = {"/a": plain(b"", status="302 Found", Location="/a")}
    assert refused(lambda: ask(circle, "/a", follow)) is FailureReason.REDIRECTS
    for inside in (
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/",
        "http://127.0.0.1:6379/", "http://user:pass@127.0.0.1/", "gopher://127.0.0.1:70/",
    ):  # fmt: skip
        assert (
            refused(partial(ask, {"/a": plain(b"", status="302 Found", Location=inside)}, "/a", follow))
            is FailureReason.ADDRESS
        ), inside


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.1:8080/", "http://[::1]/", "https://localhost/", "http://0x7f000001/"]
)
def test_real_market_fetches_only_public_addresses(url: str) -> None:
    assert refused(lambda: asyncio.run(fetch_async(url, Bounds(outbound=PUBLIC)))) is FailureReason.ADDRESS


def test_size_and_time_are_bounded() -> None:
    large = {"/a": plain(b"x" * 2000)}
    assert refused(lambda: ask(large, "/a")) is FailureReason.TOO_LARGE
    truncated, _ = ask(large, "/a", Bounds(outbound=SANDBOX, most_bytes=1000, cut=True))
    assert truncated.body == b"x" * 1000
    half = {"/a": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}
    assert refused(lambda: ask(half, "/a", Bounds(outbound=SANDBOX, within=0.3), hang=True)) is FailureReason.TIMEOUT
    assert refused(lambda: ask(half, "/a")) is FailureReason.CONNECT, "the client hung up"
    assert refused(lambda: ask({"/a": b"SSH-2.0-OpenSSH\r\n\r\n"}, "/a")) is FailureReason.NOT_HTTP


def test_closed_port_is_not_reached() -> None:
    async def closed() -> int:
        server = await asyncio.start_server(_never, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return port

    port = asyncio.run(closed())
    assert refused(lambda: asyncio.run(fetch_async(f"http://127.0.0.1:{port}/", LOCAL))) is FailureReason.CONNECT


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise AssertionError
