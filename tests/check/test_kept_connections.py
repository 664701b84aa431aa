"""No false alarm about connections: correct sellers may close them if they announce it (RFC 9112 §9.3)."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.check import asyncio_seller, plain_seller
from tests.check.mutants import KEY as MUTANT_KEY
from tests.check.mutants import MUTANTS
from tests.check.mutants import serving as mutant_serving
from tests.check.mutants.kept_server import well
from tests.check.raw_server import speaking
from tradepost.check import Options, Report, Verdict, run
from tradepost.check.http_client import HttpClient, RawResponse
from tradepost.check.kept_connection import CLOSED, SILENT, KeptConnection
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.production.gateway import Gateway, Limits
from tradepost.protocols import registry
from tradepost.protocols.commands import Done, Query, Rejected
from tradepost.protocols.http import Request

JAVA = shutil.which("java") if shutil.which("javac") else None
KEY = "java seller's key + 1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]


@pytest.mark.parametrize("last_of", [0, 1, 2])
def test_correct_seller_on_asyncio_passes(last_of):
    """Kept for long, closed with each answer, or with the second, as the answer announces."""
    seller = asyncio_seller.AsyncioSeller(last_of=last_of)
    with asyncio_seller.serving(seller) as url:
        report = run(Options(url=url, key=plain_seller.KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0
    assert (seller.reused > 0) == (last_of != 1)


@contextmanager
def java() -> Iterator[str]:
    program = Path(__file__).with_name("JavaSeller.java")
    environment = os.environ | {"SELLER_KEY": KEY}
    with subprocess.Popen(
        [JAVA or "java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(program)],
        env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/produce"
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.skipif(JAVA is None, reason="no JDK")
def test_correct_seller_in_java_passes():
    """One thread per connection, which is kept for 5 s."""
    with java() as url:
        report = run(Options(url=url, key=KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0


async def two_calls(url: str) -> Sequence[object]:
    """Make two calls through the market's own gateway: one that the seller refuses for its age, then a right one."""
    found: list[object] = []
    async with Gateway(Limits(timeout=5, answer_bytes=100_000, outbound=SANDBOX)) as gateway:
        for now in (datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC)):
            exchange = await gateway.exchange(
                registry.protocol("saas_v2"), Query(instance_ids=("i-1",), test=True), address=url, keys=(MUTANT_KEY,),
                now=now, nonce=secrets.token_hex(16), require_body_sign=True,
            )  # fmt: skip
            found.append(exchange.result)
    return found


@pytest.mark.parametrize(("name", "right"), [("refuses_without_reading", False), (None, True)])
def test_misplaced_bytes_cost_the_market_a_call(name, right, tmp_path):
    """Why it is a mistake: the gateway's pool sends the next call on the same connection."""
    mutant = MUTANTS[f"saas_v2-{name or 'refuses_without_reading'}"]
    loop = mutant.loop if name else well
    with mutant_serving(mutant.build(tmp_path), loop=loop) as url:
        refused, after = asyncio.run(two_calls(url))
    assert isinstance(refused, Rejected)
    assert isinstance(after, Done) == right, after


def asked(answer: bytes, *, hold: bool) -> tuple[KeptConnection, RawResponse]:
    request = Request("POST", "", (), b"{}")
    with speaking(answer, hold=hold) as (url, heard), HttpClient(5).connect(url, 5) as connection:
        kept = KeptConnection(connection)
        found = kept.ask(Request("POST", url, request.headers, request.body), within=0.3)
    assert b"Connection: close" not in b"".join(heard)
    return kept, found


@pytest.mark.parametrize(
    ("answer", "hold", "is_open", "hung_up"),
    [
        (OK + b"\r\n{}", True, True, False),
        (OK + b"Connection: keep-alive, close\r\n\r\n{}", False, False, False),
        (OK + b"\r\n{}", False, False, True),
        (OK.replace(b"1.1", b"1.0") + b"\r\n{}", False, False, False),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", False, False, False),
        (OK + b"\r\n{}more", True, False, False),
    ],
)
def test_connection_stays_open_as_the_answer_announces(answer, hold, is_open, hung_up):
    kept, _ = asked(answer, hold=hold)
    assert (kept.open, kept.hung_up) == (is_open, hung_up)


@pytest.mark.parametrize(
    ("answer", "hold", "fault"),
    [(b"", True, SILENT), (b"", False, CLOSED), (b"HTTP/1.1 200 OK\r\n\r\n{}", True, "endless")],
)
def test_reason_for_the_end_of_a_kept_connection_is_named(answer, hold, fault):
    kept, found = asked(answer, hold=hold)
    assert found.fault == fault
    assert not kept.open


class LosesOne(asyncio_seller.AsyncioSeller):
    """Now and then, a connection is reset on the way."""

    lost = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.lost:
            first = await reader.readuntil(b"\r\n\r\n")
            if b"connection: close" not in first.lower():
                self.lost += 1
                writer.transport.abort()
                return
            reader._buffer[:0] = first  # type: ignore[attr-defined]  # put back
        await super().serve(reader, writer)


def test_single_lost_connection_is_not_a_mistake():
    seller = LosesOne()
    with asyncio_seller.serving(seller) as url:
        options = Options(url=url, key=plain_seller.KEY, only=frozenset({"wire"}), at_once=1, replay_after=0)
        report = run(options)
    assert seller.lost == 1
    assert complaints(report) == []
