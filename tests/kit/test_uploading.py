"""Uploads of large files to a market: read while sending, with progress, resumable (openapi-jointkit §C.7)."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.kit.market import Market, open_market
from tests.protocols.open_api.uploads import file_of, parse
from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.uploading import upload_path, upload_resumable
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import ERRORS, upload_response

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def market() -> Iterator[Market]:
    with open_market(lambda: NOW) as told:
        yield told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "许可.bin"
    path.write_bytes(CONTENT)
    return path


def client(url: str) -> MarketClient:
    return MarketClient(url, "AK1", "secret", pause=0, timeout=10, tries=2, clock=lambda: NOW)


def test_file_is_sent_as_it_is_read(market: Market, file: Path) -> None:
    """§C.1: the body is signed by its hash, which the header states; §C.7: name, hash, bytes."""
    market.answers = [upload_response()]
    told: list[tuple[int, int]] = []
    upload_path(client(market.url), "e1", file, progress=lambda sent, whole: told.append((sent, whole)))
    [asked] = market.asked
    assert parse(asked) == (file_of("e1", "许可.bin", CONTENT), CONTENT)
    assert asked.header("X-Sdk-Content-Sha256") == hashlib.sha256(asked.body).hexdigest()
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [sent for sent, _whole in told] == sorted({sent for sent, _whole in told})
    upload_path(client(market.url), "e1", file, file_name="other.lic")
    assert parse(market.asked[1])[0].file_name == "other.lic"  # type: ignore[union-attr]


def test_refusal_is_the_market_s(market: Market, file: Path) -> None:
    market.answers = [ApiRefused(ERRORS["91381034"]).response()]
    with pytest.raises(MarketError) as refused:
        upload_path(client(market.url), "e1", file)
    assert refused.value.code == "91381034"


class Tus(BaseHTTPRequestHandler):
    """A tus market whose connections are cut: ``cuts`` are the numbers of bytes after which, each once."""

    protocol_version = "HTTP/1.1"
    cuts: list[int]
    content: bytearray
    asked: list[str]
    gone: bool
    last: tuple[int, bytes]

    def do_POST(self) -> None:
        self.asked.append("POST")
        type(self).gone, self.content[:] = False, b""
        self._answer(201, Location="/piece")

    def do_HEAD(self) -> None:
        self.asked.append("HEAD")
        self._answer(410 if self.gone else 200, Upload_Offset=str(len(self.content)))

    def do_PATCH(self) -> None:
        self.asked.append("PATCH")
        length = int(self.headers["Content-Length"])
        assert int(self.headers["Upload-Offset"]) == len(self.content)
        if self.cuts:
            self.content.extend(self.rfile.read(min(length, self.cuts.pop(0))))
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.content.extend(self.rfile.read(length))
        status, body = self.last
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def tus_market(cuts: list[int], *, last: tuple[int, bytes] = (204, b"")) -> Iterator[tuple[str, type[Tus]]]:
    class Own(Tus):
        pass

    Own.cuts, Own.content, Own.asked, Own.gone, Own.last = cuts, bytearray(), [], False, last
    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", Own
    finally:
        server.shutdown()
        server.server_close()


def test_upload_continues_where_it_broke_off(file: Path, tmp_path: Path) -> None:
    """Issue 14: three cuts, more than ``tries`` allow without any progress."""
    state = tmp_path / "state"
    with tus_market([300_000, 1, 500_000]) as (url, market):
        upload_resumable(client(url), "e1", file, state=state)
        assert bytes(market.content) == CONTENT
        assert market.asked == ["POST", *["PATCH", "HEAD"] * 3, "PATCH"]
    assert not state.exists()


def test_later_process_continues_the_upload(file: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with tus_market([300_000, 0, 0, 0]) as (url, market):
        with pytest.raises(MarketError) as broke_off:
            upload_resumable(client(url), "e1", file, state=state)
        assert (broke_off.value.code, len(market.content)) == ("unreachable", 300_000)
        assert oct(state.stat().st_mode)[-3:] == "600"
        market.asked.clear()
        upload_resumable(client(url), "e1", file, state=state)
        assert (market.asked, bytes(market.content)) == (["HEAD", "PATCH"], CONTENT)
        assert not state.exists()


def test_state_of_another_or_abandoned_file_starts_over(file: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with tus_market([5, 0, 0, 0]) as (url, market):
        with pytest.raises(MarketError):
            upload_resumable(client(url), "e1", file, state=state)
        market.gone = True
        upload_resumable(client(url), "e1", file, state=state)
        assert market.asked[-3:] == ["HEAD", "POST", "PATCH"]
        market.cuts[:] = [5, 0, 0, 0]
        with pytest.raises(MarketError):
            upload_resumable(client(url), "e1", file, state=state)
        market.asked.clear()
        file.write_bytes(b"another")
        upload_resumable(client(url), "e1", file, state=state)
        assert (market.asked, bytes(market.content)) == (["POST", "PATCH"], b"another")


def test_finally_refused_file_is_not_sent_again(file: Path, tmp_path: Path) -> None:
    refusal = ApiRefused(ERRORS["CBC.0101"]).response()
    state = tmp_path / "state"
    with tus_market([], last=(400, refusal.body)) as (url, market):
        with pytest.raises(MarketError) as refused:
            upload_resumable(client(url), "e1", file, state=state)
        assert (refused.value.code, market.asked) == ("CBC.0101", ["POST", "PATCH"])
    assert not state.exists(), "there is nothing to go on with"
