"""A look at a stranger's web server: every hop is checked, and everything that the stranger decides is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from tradepost.market.base.outbound import Bounds, Fetched, NotReached, Why, fetch_async
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX

LOCAL = Bounds(outbound=SANDBOX, within=5.0, most_bytes=1000)


def plain(body: bytes, *, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def ask(
    answers: Mapping[str, bytes], path: str, bounds: Bounds = LOCAL, *, hang: bool = False
) -> tuple[Fetched, list[str]]:
    """What a server that gives these answers by path is asked, and what came. ``{port}`` in an answer is its own."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split(" ")[1])
        port = writer.get_extra_info("sockname")[1]
        writer.write(answers[asked[-1]].replace(b"{port}", str(port).encode()))
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    async def run() -> Fetched:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await fetch_async(f"http://127.0.0.1:{port}{path}", bounds)

    return asyncio.run(run()), asked


def refused(work: Callable[[], object]) -> Why:
    with pytest.raises(NotReached) as caught:
        work()
    return caught.value.why


def test_what_stands_there_comes_with_its_status() -> None:
    found, asked = ask({"/a": plain(b"token", status="404 Not Found", X_Kind="page")}, "/a")
    assert (found.status, found.body, found.header("x_kind"), asked) == (404, b"token", "page", ["/a"])


def test_a_redirect_is_an_answer_unless_hops_are_allowed_and_then_each_is_checked() -> None:
    hop = {"/a": plain(b"", status="302 Found", Location="/b"), "/b": plain(b"there")}
    found, asked = ask(hop, "/a")
    assert (found.status, asked) == (302, ["/a"]), "not followed"
    follow = Bounds(outbound=SANDBOX, redirects=2)
    found, asked = ask(hop, "/a", follow)
    assert (found.body, asked) == (b"there", ["/a", "/b"])
    circle = {"/a": plain(b"", status="302 Found", Location="/a")}
    assert refused(lambda: ask(circle, "/a", follow)) is Why.REDIRECTS
    for inside in (
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/",
        "http://127.0.0.1:6379/", "http://user:pass@127.0.0.1/", "gopher://127.0.0.1:70/",
    ):  # fmt: skip
        assert (
            refused(partial(ask, {"/a": plain(b"", status="302 Found", Location=inside)}, "/a", follow)) is Why.ADDRESS
        ), inside


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.1:8080/", "http://[::1]/", "https://localhost/", "http://0x7f000001/"]
)
def test_a_real_market_looks_at_public_addresses_only(url: str) -> None:
    assert refused(lambda: asyncio.run(fetch_async(url, Bounds(outbound=PUBLIC)))) is Why.ADDRESS


def test_size_and_time_are_bounded() -> None:
    large = {"/a": plain(b"x" * 2000)}
    assert refused(lambda: ask(large, "/a")) is Why.TOO_LARGE
    cut, _ = ask(large, "/a", Bounds(outbound=SANDBOX, most_bytes=1000, cut=True))
    assert cut.body == b"x" * 1000
    half = {"/a": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}
    assert refused(lambda: ask(half, "/a", Bounds(outbound=SANDBOX, within=0.3), hang=True)) is Why.TIMEOUT
    assert refused(lambda: ask(half, "/a")) is Why.CONNECT, "it hung up"
    assert refused(lambda: ask({"/a": b"SSH-2.0-OpenSSH\r\n\r\n"}, "/a")) is Why.NOT_HTTP


def test_who_does_not_listen_is_not_reached() -> None:
    async def closed() -> int:
        server = await asyncio.start_server(_never, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return port

    port = asyncio.run(closed())
    assert refused(lambda: asyncio.run(fetch_async(f"http://127.0.0.1:{port}/", LOCAL))) is Why.CONNECT


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise AssertionError
