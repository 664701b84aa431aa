"""A large body goes to the disk as it comes, and nobody waits for its sender (issue 14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest

from tests.market.web.exchanging import Exchange, ask, scope, server, until
from tradepost.market.web import transfer
from tradepost.market.web.answering import Environ
from tradepost.market.web.transfer import BATCH, TRANSFER, Ended, Sink, Transfer, take_here
from tradepost.market.web.writers import TURNED_AWAY

LARGE: Any = {"path": "/large"}


class Kept:
    """What came."""

    def __init__(self, *, most: int = 10**9, refuse_at: int = -1) -> None:
        self.content = b""
        self.takes: list[int] = []
        self.ended: list[Ended] = []
        self.released = 0
        self.most = most
        self._refuse_at = refuse_at

    def take(self, content: bytes) -> None:
        self.content += content
        self.takes.append(len(content))
        if 0 <= self._refuse_at <= len(self.content):
            raise ValueError("no more")

    def end(self, ended: Ended) -> None:
        self.ended.append(ended)

    def release(self) -> None:
        self.released += 1


def app(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """Says how it ended."""
    came: Transfer | None = environ.get(TRANSFER)
    start("200 OK", [("Content-Type", "text/plain")])
    said = "turned away" if TURNED_AWAY in environ else "small" if came is None else f"{came.ended.name} {came.error}"
    return [said.encode()]


def taking(begin: Callable[[Environ], Transfer], **more: Any) -> Any:
    return server(app, transfer=lambda environ: begin if environ["PATH_INFO"] == "/large" else None, **more)


def send(sink: Sink | Transfer, *pieces: bytes | None, length: int | None) -> Exchange:
    """None: chunked."""
    coming = sink if isinstance(sink, Transfer) else Transfer(sink)
    more: Any = {"length": length} if length is not None else {"headers": [("transfer-encoding", "chunked")]}

    async def run() -> Exchange:
        return await ask(taking(lambda _environ: coming), scope(**LARGE, **more), *pieces)

    return asyncio.run(run())


@pytest.mark.parametrize("length", [700_000, None])
def test_a_body_goes_to_its_sink_in_batches(length: int | None) -> None:
    sink, pieces = Kept(), [b"0123456789" * 5000] * 14
    answer = send(sink, *pieces, length=length)
    assert (answer.body, sink.content, sink.ended) == (b"WHOLE None", b"".join(pieces), [Ended.WHOLE])
    assert max(sink.takes) < BATCH + 50_000
    assert len(sink.takes) == 3, "not with each piece that the network brings"
    assert ("Connection" in answer.headers, sink.released) == (False, 1)


def test_what_its_head_refuses_is_not_read() -> None:
    answer = send(Transfer(error=ValueError("no")), *[b"x" * 1000] * 100, length=100_000)
    assert (answer.body, answer.headers["Connection"], answer.asked_for) == (b"REFUSED no", "close", 0)


def test_a_sink_that_refuses_ends_it() -> None:
    sink = Kept(refuse_at=BATCH)
    answer = send(sink, *[b"x" * BATCH] * 9, length=9 * BATCH)
    assert (answer.body, answer.headers["Connection"]) == (b"REFUSED no more", "close")
    assert answer.asked_for <= 2
    assert (sink.ended, sink.released) == ([Ended.REFUSED], 1)


def test_a_connection_that_is_cut_is_told_with_what_came() -> None:
    sink = Kept()
    assert send(sink, b"x" * 1000, length=5000).body == b"CUT None"
    assert (sink.content, sink.ended, sink.released) == (b"x" * 1000, [Ended.CUT], 1)


def test_who_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SILENCE", 0.05)
    sink = Kept()
    answer = send(sink, b"x" * 1000, None, length=5000)
    assert (answer.body, answer.headers["Connection"]) == (b"LATE None", "close")
    assert (sink.content, sink.ended) == (b"x" * 1000, [Ended.LATE])


def test_who_is_too_slow_in_the_long_run_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then would hold a place for a day."""
    monkeypatch.setattr(transfer, "LEAST_RATE", 1e9)
    monkeypatch.setattr(transfer, "PATIENCE", -transfer.SILENCE)
    assert send(Kept(), *[b"x"] * 50, None, length=5000).body == b"LATE None"


@pytest.mark.parametrize("length", [None, 50_000])
def test_no_more_is_read_than_its_sink_takes(length: int | None) -> None:
    sink = Kept(most=1500)
    answer = send(sink, *[b"x" * 1000] * 50, length=length)
    assert (answer.body, answer.headers["Connection"], answer.asked_for) == (b"LONG None", "close", 2)


def test_nobody_waits_for_a_sender() -> None:
    """It holds no thread and no place among the writers: there is one of each."""

    async def run() -> None:
        sink = Kept()
        tried = taking(lambda _environ: Transfer(sink), threads=1, writers=1)
        slow = asyncio.create_task(ask(tried, scope(length=10 * BATCH, **LARGE), b"x" * BATCH, None))
        await until(lambda: sink.takes)
        answer = await ask(tried, scope(length=4), b"form")
        assert (answer.body, slow.done()) == (b"small", False)
        slow.cancel()

    asyncio.run(run())


def test_there_are_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        sink = Kept()
        tried = taking(lambda _environ: Transfer(sink))
        slow = [
            asyncio.create_task(ask(tried, scope(length=10 * BATCH, **LARGE), b"x" * BATCH, None))
            for _ in range(transfer.AT_ONCE_OF_ONE)
        ]
        await until(lambda: len(sink.takes) == len(slow))
        answer = await ask(tried, scope(length=BATCH, **LARGE), b"x" * BATCH)
        assert (answer.status, answer.headers["Retry-After"], answer.asked_for) == (503, "5", 0)
        other = await ask(tried, scope(length=1, client="192.0.2.2:1", **LARGE), b"x")
        assert other.body == b"WHOLE None"
        for one in slow:
            one.cancel()

    asyncio.run(run())


def test_what_found_no_place_in_the_end_lets_go_of_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """No view was asked, and the row that promised it room is swept up later."""
    monkeypatch.setattr(transfer, "TRIES", 2)
    monkeypatch.setattr("tradepost.market.web.request_buffering.WAIT", 0.05)

    async def run() -> None:
        sink = Kept()
        held = asyncio.Event()

        def begin(_environ: Environ) -> Transfer:
            tried._loop.call_soon_threadsafe(tried._writing.take, "another client", held.set, lambda: None)
            return Transfer(sink)

        tried = taking(begin, writers=1)
        answer = await ask(tried, scope(length=5, **LARGE), b"bytes")
        assert (answer.body, held.is_set()) == (b"turned away", True)
        assert (sink.content, sink.released) == (b"bytes", 1)

    asyncio.run(run())


# --- without an event loop -------------------------------------------------------------------------------------------------


def test_a_body_that_lies_there_ends_alike() -> None:
    sink = Kept()
    assert take_here(sink, BytesIO(b"x" * 3 * BATCH).read).ended is Ended.WHOLE
    assert (len(sink.content), sink.ended) == (3 * BATCH, [Ended.WHOLE])
    assert take_here(Kept(most=10), BytesIO(b"x" * 11).read).ended is Ended.LONG
    refused = take_here(Kept(refuse_at=1), BytesIO(b"x").read)
    assert (refused.ended, str(refused.error)) == (Ended.REFUSED, "no more")

    def gone(_most: int) -> bytes:
        raise OSError

    assert take_here(Kept(), gone).ended is Ended.CUT
