"""The gateway sends what it says it sends: one attempt is one request on the wire."""

from __future__ import annotations

import asyncio

from tests.factories import NOW
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.protocols.commands import Fault, Query, Unreachable
from tradepost.protocols.registry import protocol

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
