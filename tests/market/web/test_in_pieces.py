"""An upload is stored in pieces while the rest is arriving: received pieces are kept if the rest fails (issue 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.market.web.exchanging import Exchange, ask, scope, server
from tradepost.market.web import arriving
from tradepost.market.web.answering import Environ
from tradepost.market.web.arriving import Arrivals
from tradepost.market.web.in_pieces import BODY_LENGTH
from tradepost.market.web.sending_files import HEADER

UPLOAD = {"method": "PATCH", "path": "/uploads/x/"}


class Disk:
    """An application that stores each piece at its stated offset."""

    def __init__(self, *, refuse_at: int = -1) -> None:
        self.content = b""
        self.pieces: list[int] = []
        self.whole: list[int] = []
        self.refuse_at = refuse_at

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        offset, content = int(environ["HTTP_UPLOAD_OFFSET"]), environ["wsgi.input"].read()
        assert environ["CONTENT_LENGTH"] == str(len(content))
        assert offset == len(self.content)
        self.whole.append(environ[BODY_LENGTH])
        if offset == self.refuse_at:
            start("413 Request Entity Too Large", [("Content-Length", "2")])
            return [b"no"]
        self.content += content
        self.pieces.append(len(content))
        start("204 No Content", [("Upload-Offset", str(len(self.content)))])
        return [b""]


def send(disk: Disk, *pieces: bytes | None, length: int | None = None, offset: int = 0, **more: Any) -> Exchange:
    headers = [("upload-offset", str(offset))]
    if length is None:
        headers.append(("transfer-encoding", "chunked"))

    async def run() -> Exchange:
        tried = server(disk, largest=1, piece=lambda environ: 10 if environ["REQUEST_METHOD"] == "PATCH" else 0, **more)
        return await ask(tried, scope(length=length, headers=headers, **UPLOAD), *pieces)

    return asyncio.run(run())


def test_each_piece_is_a_request_at_its_offset() -> None:
    disk = Disk()
    answer = send(disk, b"0123456", b"789abcdefghijklmnopqrs", b"tuvwxyz", length=36)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "36")
    assert disk.content == b"0123456789abcdefghijklmnopqrstuvwxyz"
    assert disk.pieces == [10, 10, 10, 6]
    assert disk.whole == [36, 26, 16, 6], "so that what is too long is refused before any of it is kept"
    assert "Connection" not in answer.headers, "the next one may come over the same connection"


def test_body_without_a_length_is_divided_too() -> None:
    disk = Disk()
    assert send(disk, b"x" * 25).status == 204
    assert disk.pieces == [10, 10, 5]


def test_no_piece_stays_in_memory_after_its_response() -> None:
    """Issue 10, must show 4: "the worker's memory stays flat". Django's requests are reference cycles, which are freed
    late."""
    references: list[Environ] = []

    class Remembering(Disk):
        def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
            assert all(reference["wsgi.input"].closed for reference in references), "of a piece before"
            references.append(environ)
            return super().__call__(environ, start)

    assert send(Remembering(), b"x" * 25, length=25).status == 204
    assert [reference["wsgi.input"].closed for reference in references] == [True, True, True]


def test_pieces_before_a_disconnect_are_kept() -> None:
    disk = Disk()
    send(disk, b"0123456789abc", length=36)
    assert disk.content == b"0123456789abc"


def test_pieces_before_a_timeout_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "PATIENCE", 0.05)
    disk = Disk()
    answer = send(disk, b"0123456789abc", None, length=36)
    assert (answer.status, answer.headers["Connection"]) == (408, "close")
    assert disk.content == b"0123456789abc"


def test_refusal_ends_the_upload_and_the_rest_is_not_read() -> None:
    disk = Disk(refuse_at=10)
    answer = send(disk, *[b"x" * 10] * 20, length=200)
    assert (answer.status, answer.body, answer.headers["Connection"]) == (413, b"no", "close")
    assert answer.asked_for < 4
    assert disk.content == b"x" * 10


def test_upload_of_a_stranger_is_not_received() -> None:
    disk = Disk()
    answer = send(disk, b"x" * 200, length=200, is_caller_known=lambda _environ: False)
    assert (answer.asked_for, disk.content) == (0, b"")
    assert answer.headers["Connection"] == "close"


def test_at_most_one_piece_is_buffered() -> None:
    """Pieces of a long body; empty at its end."""
    arrivals, sizes = Arrivals(most_bytes=1000, bytes_of_one=1000), []

    class Watched(Disk):
        def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
            sizes.append(arrivals._held.total())
            return super().__call__(environ, start)

    disk = Watched()
    assert send(disk, *[b"x" * 5] * 40, length=200, arrivals=arrivals).status == 204
    assert max(sizes) <= 15
    assert arrivals._held.total() == 0


def test_large_response_is_sent_from_the_disk(tmp_path: Path) -> None:
    """The header that names the file is not sent."""

    def app(_environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/plain"), (HEADER, str(tmp_path / "a"))])
        return [b""]

    async def run() -> Exchange:
        return await ask(server(app), scope(method="GET"))

    answer = asyncio.run(run())
    assert (answer.status, answer.file, answer.headers) == (200, str(tmp_path / "a"), {"Content-Type": "text/plain"})
