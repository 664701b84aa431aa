"""Large downloads are resumed by Range (RFC 9110 §14.2), and the server sends exactly that part of the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.market.web.exchanging import Exchange, ask, scope, server
from tradepost.market.web.answering import Environ
from tradepost.market.web.sending_files import HEADER, PART, send_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.parametrize(
    ("range_header", "expected"),
    [
        ("", (200, None, None, "10")),
        ("bytes=0-", (206, "bytes 0-9/10", "0-10", "10")),
        ("bytes=2-4", (206, "bytes 2-4/10", "2-5", "3")),
        ("bytes=9-99", (206, "bytes 9-9/10", "9-10", "1")),
        ("bytes=-3", (206, "bytes 7-9/10", "7-10", "3")),
        ("bytes=-99", (206, "bytes 0-9/10", "0-10", "10")),
        ("bytes=10-", (416, "bytes */10", None, None)),
        ("bytes=-0", (416, "bytes */10", None, None)),
        # An invalid range, several ranges and other units are ignored.
        ("bytes=4-2", (200, None, None, "10")),
        ("bytes=0-1,3-4", (200, None, None, "10")),
        ("lines=1-2", (200, None, None, "10")),
        ("bytes=" + "9" * 40 + "-", (200, None, None, "10")),
    ],
)
def test_range_is_answered_with_that_part(
    file: Path, range_header: str, expected: tuple[int, str | None, str | None, str | None]
) -> None:
    answer = send_file(file, name="model.gguf", wanted=range_header)
    actual = (answer.status_code, answer.get("Content-Range"), answer.get(PART), answer.get("Content-Length"))
    assert actual == expected
    assert (HEADER in answer) == (expected[0] != 416)


def test_server_gets_the_part_and_none_of_our_headers(file: Path) -> None:
    def app(_environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        answer = send_file(file, name="model.gguf", wanted="bytes=2-4")
        start("206 Partial Content", list(answer.items()))
        return [b""]

    async def run() -> Exchange:
        return await ask(server(app), scope(method="GET"))

    answer = asyncio.run(run())
    assert (answer.status, answer.file, answer.part) == (206, str(file), (2, 5))
    assert not {HEADER, PART} & set(answer.headers)
