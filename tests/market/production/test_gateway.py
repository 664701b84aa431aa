"""The gateway sends exactly what it records: one attempt is one request on the wire."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories import NOW
from tests.kit.market import self_signed
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.values import replace
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.protocols.commands import Done, Fault, NotifyOrder, Query, Release, Unreachable
from tradepost.protocols.registry import protocol

from .broken_sellers import KEY, http

NONCE = "A" * 64


def test_get_whose_connection_is_closed_is_one_request_and_one_verdict() -> None:
    """saas-v1-license A2.1: businessId differs on every call, so no library may repeat a request."""
    requests: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async def call() -> Exchange:
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(Limits(5, 1_048_576, SANDBOX)) as gateway:
            return await gateway.exchange(
                protocol("saas_v1"), Query(instance_ids=("i-1",)), address=f"http://127.0.0.1:{port}/", keys=("k" * 32,),
                now=NOW, nonce=NONCE, require_body_sign=True,
            )  # fmt: skip

    exchange = asyncio.run(call())
    assert exchange.request.method == "GET"
    assert isinstance(exchange.result, Unreachable)
    assert (exchange.result.fault, len(requests)) == (Fault.CLOSED, 1)


def test_consecutive_calls_share_a_connection() -> None:
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
        async with server, Gateway(Limits(5, 1_048_576, SANDBOX)) as gateway:
            return [
                await gateway.exchange(
                    protocol("saas_v2"), Release(instance_id="i-1"), address=f"http://127.0.0.1:{port}/", keys=(KEY,),
                    now=NOW, nonce=NONCE, require_body_sign=True,
                )
                for _ in range(3)
            ]  # fmt: skip

    assert [type(exchange.result) for exchange in asyncio.run(calls())] == [Done] * 3
    assert connections == 1


def test_protocol_timeout_shortens_that_of_the_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """business-rules §4.2, saas-v1-license B3: 5 s for order notifications and the online license, where the market
    waits 20 s.
    """
    limits = Limits(20, 1_048_576, SANDBOX)
    assert limits.within(timedelta(seconds=5)).timeout == 5
    assert limits.within(timedelta(seconds=60)) is limits.within(None) is limits
    spoken = protocol("order_notice")
    rule = replace(spoken.retries[NotifyOrder], answer_within=timedelta(seconds=0.2))
    monkeypatch.setattr(spoken, "retries", {NotifyOrder: rule})
    released = asyncio.Event()

    async def never_answers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    async def call() -> Exchange:
        server = await asyncio.start_server(never_answers, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(limits) as gateway:
            exchange = await gateway.exchange(
                spoken, NotifyOrder(order_id="CS1", order_line_id="CS1-000001"), address=f"http://127.0.0.1:{port}/",
                keys=(KEY,), now=NOW, nonce=NONCE, require_body_sign=True,
            )  # fmt: skip
            released.set()
            return exchange

    result = asyncio.run(call()).result
    assert isinstance(result, Unreachable)
    assert (result.fault, result.detail) == (Fault.TIMEOUT, "no complete answer within 0.2 s")


class Twice:
    """A server that keeps the connection and responds twice to its first request."""

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
def test_unrequested_response_is_never_used_for_the_next_call(cut: int) -> None:
    """saas-v2 §3.5: a seller that confirms the release of an instance must have been asked about this instance."""
    server = Twice(cut)

    async def call() -> list[Exchange]:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        results = []
        async with listener, Gateway(Limits(5, 1_048_576, SANDBOX)) as gateway:
            for instance in ("i-1", "i-2"):
                results.append(
                    await gateway.exchange(
                        protocol("saas_v2"), Release(instance_id=instance), address=f"http://127.0.0.1:{port}/",
                        keys=(KEY,), now=NOW, nonce=NONCE, require_body_sign=True,
                    )
                )  # fmt: skip
                if instance == "i-1":
                    server.answered.set()
                    await asyncio.wait_for(server.hung_up.wait(), 1)  # an idle connection lives for 1.5 s
        return results

    first, second = asyncio.run(call())
    assert (first.result, second.result) == (Done(message="asked for"), Done(message="asked for"))
    assert server.connections == 2


class Listener:
    """Counts connections and sends one response to each."""

    def __init__(self, says: bytes = b"") -> None:
        self.says = says
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.says)
        writer.close()


async def release_at(address: str, *, outbound: OutboundPolicy) -> Exchange:
    async with Gateway(Limits(5, 1_048_576, outbound)) as gateway:
        return await gateway.exchange(
            protocol("saas_v2"), Release(instance_id="i-1"), address=address, keys=(KEY,), now=NOW, nonce=NONCE,
            require_body_sign=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "127.0.0.1.",
        "127.0.0.1%2e", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::1%25lo]",
        "localhost", "x@127.0.0.1", "127.0.0.1:80@localhost", "１２７.0.0.1", "①27.0.0.1",
    ],
)  # fmt: skip
def test_real_market_never_connects_to_itself_in_any_spelling(host: str) -> None:
    listener = Listener()

    async def call() -> Exchange:
        server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
        async with server:
            return await release_at(f"http://{host}:{server.sockets[0].getsockname()[1]}/", outbound=PUBLIC)

    result = asyncio.run(call()).result
    assert isinstance(result, Unreachable)
    assert (result.fault, listener.connections) == (Fault.ADDRESS_BLOCKED, 0), result.detail
    assert not result.seller_may_have_acted


def test_untrusted_certificate_is_refused(tmp_path: Path) -> None:
    """saas-v2 §1.2: certificates of a trusted CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    listener = Listener()

    async def call() -> Exchange:
        server = await asyncio.start_server(listener.serve, "127.0.0.1", 0, ssl=context)
        async with server:
            return await release_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", outbound=SANDBOX)

    result = asyncio.run(call()).result
    assert isinstance(result, Unreachable)
    assert (result.fault, result.seller_may_have_acted) == (Fault.TLS, False), result.detail


def test_port_that_does_not_speak_tls_is_reported() -> None:
    listener = Listener(http(b"{}"))

    async def call() -> Exchange:
        server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
        async with server:
            return await release_at(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", outbound=SANDBOX)

    result = asyncio.run(call()).result
    assert isinstance(result, Unreachable)
    assert result.fault == Fault.TLS, result.detail
