"""No false alarm about connections: right sellers keep them as they like, and say so when they do not (RFC 9112 §9.3)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.check import asyncio_seller, plain_seller
from tests.check.raw_server import speaking
from tradepost.check import Options, Report, Verdict, run
from tradepost.check.http_client import HttpClient, Received
from tradepost.check.kept_connection import CLOSED, SILENT, KeptConnection
from tradepost.protocols.http import Request

JAVA = shutil.which("java") if shutil.which("javac") else None
KEY = "java seller's key + 1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]


@pytest.mark.parametrize("last_of", [0, 1, 2])
def test_a_right_seller_on_asyncio_passes(last_of):
    """Kept for long, closed with each answer, or with the second: as long as the answer says it."""
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


@pytest.mark.skipif(JAVA is None, reason="no JDK")
def test_a_right_seller_in_java_passes():
    """A thread for each connection, which is kept for 5 s."""
    with java() as url:
        report = run(Options(url=url, key=KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0


def asked(answer: bytes, *, hold: bool) -> tuple[KeptConnection, Received]:
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
def test_a_connection_stays_open_as_the_answer_says(answer, hold, is_open, hung_up):
    kept, _ = asked(answer, hold=hold)
    assert (kept.open, kept.hung_up) == (is_open, hung_up)


@pytest.mark.parametrize(
    ("answer", "hold", "fault"),
    [(b"", True, SILENT), (b"", False, CLOSED), (b"HTTP/1.1 200 OK\r\n\r\n{}", True, "endless")],
)
def test_what_ends_a_kept_connection_is_named(answer, hold, fault):
    kept, found = asked(answer, hold=hold)
    assert found.fault == fault
    assert not kept.open
