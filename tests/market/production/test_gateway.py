"""The gateway sends what it says it sends: one attempt is one request on the wire."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.factories import NOW
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.protocols.commands import Done, Fault, Query, Release, Unreachable
from tradepost.protocols.registry import protocol

from .broken_sellers import KEY, http

NONCE = "A" * 64


def test_a_get_that_is_hung_up_on_is_one_request_and_one_verdict() -> None:
    """saas-v1-license A2.1: businessId differs on every call, so nothing may repeat a request behind our back."""
    asked: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async def call() -> Exchange:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(Limits(5, 1_048_576, sandbox=True)) as gateway:
            return await gateway.exchange(
                protocol("saas_v1"), Query(instance_ids=("i-1",)), address=f"http://127.0.0.1:{port}/", keys=("k" * 32,),
                now=NOW, nonce=NONCE, require_body_sign=True,
            )  # fmt: skip

    exchange = asyncio.run(call())
    assert exchange.request.method == "GET"
    assert isinstance(exchange.result, Unreachable)
    assert (exchange.result.fault, len(asked)) == (Fault.CLOSED, 1)


def test_calls_that_follow_each_other_share_a_connection() -> None:
    """A new connection for each call costs a seller behind TLS more than the call itself."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(_released("released"))

    async def calls() -> list[Exchange]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(Limits(5, 1_048_576, sandbox=True)) as gateway:
            return [
                await gateway.exchange(
                    protocol("saas_v2"), Release(instance_id="i-1"), address=f"http://127.0.0.1:{port}/", keys=(KEY,),
                    now=NOW, nonce=NONCE, require_body_sign=True,
                )
                for _ in range(3)
            ]  # fmt: skip

    assert [type(exchange.result) for exchange in asyncio.run(calls())] == [Done] * 3
    assert connections == 1


class Twice:
    """A server that keeps the connection and answers its first request twice, the second time unasked."""

    def __init__(self, cut: int) -> None:
        self.cut = cut
        self.answered, self.hung_up = asyncio.Event(), asyncio.Event()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections > 1:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_released("asked for"))
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_released("asked for"))
        await writer.drain()
        await reader.read(1024)  # the rest of the request: its body
        await self.answered.wait()
        writer.write(_released("a second answer")[: self.cut])
        await writer.drain()
        await reader.read()
        self.hung_up.set()


def _released(message: str) -> bytes:
    return http(json.dumps({"resultCode": "000000", "resultMsg": message}).encode()).replace(
        b"Connection: close\r\n", b""
    )


@pytest.mark.parametrize("cut", [10_000, 40], ids=["whole", "part of its head"])
def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_calls_answer(cut: int) -> None:
    """saas-v2 §3.5: who is told that an instance is released must have asked for just that one."""
    server = Twice(cut)

    async def call() -> list[Exchange]:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        found = []
        async with listener, Gateway(Limits(5, 1_048_576, sandbox=True)) as gateway:
            for instance in ("i-1", "i-2"):
                found.append(
                    await gateway.exchange(
                        protocol("saas_v2"), Release(instance_id=instance), address=f"http://127.0.0.1:{port}/",
                        keys=(KEY,), now=NOW, nonce=NONCE, require_body_sign=True,
                    )
                )  # fmt: skip
                if instance == "i-1":
                    server.answered.set()
                    await asyncio.wait_for(server.hung_up.wait(), 1)  # an idle connection lives for 1.5 s
        return found

    first, second = asyncio.run(call())
    assert (first.result, second.result) == (Done(message="asked for"), Done(message="asked for"))
    assert server.connections == 2
