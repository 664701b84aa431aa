"""Host names that resolve to forbidden addresses are refused, and the checked address is the one connected to."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from tests.factories import NOW
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.protocols.commands import Done, Fault, Release, Unreachable
from tradepost.protocols.registry import protocol

from .broken_sellers import KEY, http
from .names import Answers, Names

ELSEWHERE = "203.0.114.7"
"""A public address; no test connects to it."""


async def release(gateway: Gateway, address: str) -> Exchange:
    return await gateway.exchange(
        protocol("saas_v2"), Release(instance_id="i-1"), address=address, keys=(KEY,), now=NOW, nonce="A" * 64,
        require_body_sign=True,
    )  # fmt: skip


class Seller:
    """Confirms the release of the requested instance, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(json.dumps({"resultCode": "000000", "resultMsg": "released"}).encode()))
        writer.close()


def exchanges(*names: str, outbound: OutboundPolicy, timeout: float = 8.0) -> tuple[list[Unreachable | Done], Seller]:
    """Send calls one after the other through one gateway, to a seller on this machine whatever its name resolves to."""
    seller = Seller()

    async def call() -> list[Exchange]:
        server = await asyncio.start_server(seller.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(Limits(timeout, 1_048_576, outbound)) as gateway:
            return [await release(gateway, f"http://{name}:{port}/") for name in names]

    results = [exchange.result for exchange in asyncio.run(call())]
    assert all(isinstance(result, Unreachable | Done) for result in results)
    return results, seller  # type: ignore[return-value]  # just asserted


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["100.100.100.200"], ["168.63.129.16"], ["0.0.0.0"], ["::1"],
        ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["fe80::1%eth0"], ["fec0::1"], ["fd00:ec2::254"],
        [ELSEWHERE, "127.0.0.1"], ["127.0.0.1", ELSEWHERE], ["2606:4700::1111", "fd00::1"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_name_that_resolves_inside_is_refused_even_if_it_also_resolves_outside(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names({"shop.example": [addresses]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    [result], seller = exchanges("shop.example", outbound=PUBLIC)
    assert isinstance(result, Unreachable)
    assert (result.fault, result.seller_may_have_acted, seller.connections) == (Fault.ADDRESS_BLOCKED, False, 0)
    assert (
        result.detail
        == "shop.example leads to an address that is not a public address and not in an allowed network (TRADEPOST_NETWORKS)"
    ), "which one is nobody's business"


def test_sandbox_calls_names_of_this_machine_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Answers] = {
        "own.example": [["127.0.0.1"]], "metadata.example": [["169.254.169.254"]], "both.example": [["127.0.0.1", "10.0.0.1"]],
    }  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", Names(answers))
    (own, *others), seller = exchanges(*answers, outbound=SANDBOX)
    assert (own, seller.connections) == (Done(message="released"), 1)
    assert [getattr(other, "fault", None) for other in others] == [Fault.ADDRESS_BLOCKED] * 2


def test_name_that_changes_between_check_and_connection_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be this very machine. It is not asked for, and refused when it is."""
    names = Names({"rebinds.example": [[ELSEWHERE], ["127.0.0.1"]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    (first, again), seller = exchanges("rebinds.example", "rebinds.example", outbound=PUBLIC)
    for result in (first, again):
        assert isinstance(result, Unreachable)
        assert (result.fault, result.seller_may_have_acted) == (Fault.CONNECT, False)
        assert ELSEWHERE in result.detail, "where it connected is where the check looked"
    assert names.asked["rebinds.example"] == 1
    [later], other = exchanges("rebinds.example", outbound=PUBLIC)
    assert isinstance(later, Unreachable)
    assert later.fault is Fault.ADDRESS_BLOCKED
    assert seller.connections + other.connections == 0


def test_unanswered_names_delay_no_other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name servers of a seller may be silent for any time; a look-up cannot be cancelled."""
    names = Names({"honest.example": [["127.0.0.1"]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    seller = Seller()

    async def call() -> tuple[Exchange, list[Exchange]]:
        server = await asyncio.start_server(seller.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Gateway(Limits(4.0, 1_048_576, SANDBOX)) as gateway:
            silent = [asyncio.create_task(release(gateway, f"http://n{n}.silent.example/")) for n in range(40)]
            await asyncio.sleep(0)  # the look-ups begin
            honest = await release(gateway, f"http://honest.example:{port}/")
            return honest, await asyncio.gather(*silent)

    try:
        honest, silent = asyncio.run(call())
    finally:
        names.released.set()
    assert honest.result == Done(message="released")
    for exchange in silent:
        assert isinstance(exchange.result, Unreachable)
        assert (exchange.result.fault, exchange.result.seller_may_have_acted) == (Fault.DNS, False)
        assert exchange.result.detail.endswith("the name servers did not answer within 2.4 s")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example", "-", "xn--a", "%41.example"])
def test_name_that_no_server_can_have_is_a_named_fault_and_no_crash(host: str) -> None:
    [result], _ = exchanges(host, outbound=PUBLIC)
    assert isinstance(result, Unreachable)
    assert result.fault in {Fault.ADDRESS_BLOCKED, Fault.DNS}
    assert not result.seller_may_have_acted
