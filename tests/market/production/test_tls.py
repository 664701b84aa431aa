"""Servers with broken TLS: each fault has a name and words, and nothing is sent to them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils.translation import override

from tests.factories import NOW
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.production.gateway import Exchange, Gateway, Limits
from tradepost.market.production.reasons import explain
from tradepost.protocols.commands import Done, Fault, Release, Unreachable
from tradepost.protocols.registry import protocol

from .broken_sellers import KEY, http
from .certificates import DAY, Authority
from .names import Names

HOST = "shop.example"

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Seller:
    """Confirms the release of the requested instance; keeps the requests."""

    def __init__(self) -> None:
        self.heard = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += await reader.readuntil(b"\r\n\r\n")
        writer.write(http(json.dumps({"resultCode": "000000", "resultMsg": "released"}).encode()))
        writer.close()


async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first message of the handshake and never reply."""
    await reader.read()


async def answers_in_plain_text(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(http(b"{}"))
    await reader.read(1)
    writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@dataclass(frozen=True, slots=True)
class Case:
    fault: Fault
    said: str
    tls: ssl.SSLContext | None = None
    serve: Serve | None = None


def cases(folder: Path, root: Authority) -> dict[str, Case]:
    below = Authority.make("an intermediate", root)
    stranger = Authority.make("an authority that nobody knows")
    old = root.write_chain(folder, HOST)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    tls = Fault.TLS
    return {
        "another host": Case(tls, "Hostname mismatch", root.write_chain(folder, "other.example")),
        "another host by an address": Case(tls, "Hostname mismatch", root.write_chain(folder, "127.0.0.1.example")),
        "expired": Case(tls, "certificate has expired", root.write_chain(folder, HOST, since=-3 * DAY, until=-DAY)),
        "not valid yet": Case(tls, "not yet valid", root.write_chain(folder, HOST, since=DAY, until=3 * DAY)),
        "self-signed": Case(tls, "self-signed certificate", Authority.make(HOST).write_chain(folder, HOST)),
        "an unknown authority": Case(tls, "self-signed certificate in certificate chain", stranger.write_chain(folder, HOST, chain=(stranger,))),
        "its intermediate left out": Case(tls, "unable to get local issuer certificate", below.write_chain(folder, HOST)),
        "old versions only": Case(tls, "TLS", old),
        "no TLS": Case(tls, "TLS", serve=answers_in_plain_text),
        "hangs up": Case(tls, "the server hung up", serve=hangs_up),
        "stalls": Case(Fault.TIMEOUT_CONNECT, "no connection within 1.5 s", serve=stalls),
    }  # fmt: skip


async def release_at(seller: Seller, case: Case, root: Authority, *, certificate: bool = False) -> Exchange:
    server = await asyncio.start_server(case.serve or seller.serve, "127.0.0.1", 0, ssl=case.tls)
    address = f"https://{HOST}:{server.sockets[0].getsockname()[1]}/"
    # Two seconds for the server that stalls; a real fault comes at once on a loaded machine, too.
    limits = Limits(
        2.0 if case.serve is stalls else 60.0, 1_048_576, OutboundPolicy(sandbox=True, authorities=root.pem)
    )
    async with server, Gateway(limits) as gateway:
        return await gateway.exchange(
            protocol("saas_v2"), Release(instance_id="i-1"), address=address, keys=(KEY,), now=NOW, nonce="A" * 64,
            require_body_sign=True, certificate=certificate,
        )  # fmt: skip


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # the old TLS versions, which are meant here
def test_every_tls_fault_is_named_and_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """saas-v2 §1.2: https with a certificate of a trusted CA."""
    root = Authority.make("an authority of the test")
    monkeypatch.setattr(socket, "getaddrinfo", Names({HOST: [["127.0.0.1"]]}))
    wrong, seller = cases(tmp_path, root), Seller()

    async def call() -> list[Exchange]:
        return await asyncio.gather(*(release_at(seller, case, root) for case in wrong.values()))

    for (name, case), exchange in zip(wrong.items(), asyncio.run(call()), strict=True):
        result = exchange.result
        assert isinstance(result, Unreachable), name
        assert (result.fault, result.seller_may_have_acted) == (case.fault, False), (name, result.detail)
        assert case.said in result.detail, (name, result.detail)
        with override("en"):
            assert "Nothing was sent" in explain(str(result.fault), result.detail).what_happened
    assert seller.heard == b""


def test_trusted_certificate_chain_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Authority.make("an authority of the test")
    below = Authority.make("an intermediate", root)
    monkeypatch.setattr(socket, "getaddrinfo", Names({HOST: [["127.0.0.1"]]}))
    seller = Seller()
    good = Case(Fault.TLS, "", below.write_chain(tmp_path, HOST, chain=(below,)))
    assert asyncio.run(release_at(seller, good, root)).result == Done(message="released")
    assert seller.heard.startswith(b"POST /?signature=")
    assert asyncio.run(release_at(seller, good, root)).certificate_ends is None, "nobody asked"
    ends = asyncio.run(release_at(seller, good, root, certificate=True)).certificate_ends
    assert ends is not None
    assert abs(ends - (datetime.now(UTC) + DAY)) < timedelta(minutes=5), "shelf §2: recorded with each probe"
