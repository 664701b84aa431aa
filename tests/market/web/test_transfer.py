"""A large body is streamed to disk, and nothing waits for its sender (issue 14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest

from tests.market.web.exchanging import Exchange, ask, scope, server, until
from tradepost.market.web import transfer
from tradepost.market.web.answering import Environ
from tradepost.market.web.transfer import BATCH, TRANSFER, Sink, Transfer, TransferEnd, receive_directly
from tradepost.market.web.writers import SLOT_REFUSED

LARGE: Any = {"path": "/large"}


class Kept:
    """Return the received bytes."""

    def __init__(self, *, most: int = 10**9, refuse_at: int = -1) -> None:
        self.content = b""
        self.takes: list[int] = []
        self.ended: list[TransferEnd] = []
        self.released = 0
        self.most = most
        self._refuse_at = refuse_at

    def take(self, content: bytes) -> None:
        self.content += content
        self.takes.append(len(content))
        if 0 <= self._refuse_at <= len(self.content):
            raise ValueError("no more")

    def end(self, ended: TransferEnd) -> None:
        self.ended.append(ended)

    def release(self) -> None:
        self.released += 1


def app(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """Respond with how it ended."""
    came: Transfer | None = environ.get(TRANSFER)
    start("200 OK", [("Content-Type", "text/plain")])
    outcome = (
        "turned away" if SLOT_REFUSED in environ else "small" if came is None else f"{came.ended.name} {came.error}"
    )
    return [outcome.encode()]


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
def test_body_goes_to_its_sink_in_batches(length: int | None) -> None:
    sink, pieces = Kept(), [b"0123456789" * 5000] * 14
    answer = send(sink, *pieces, length=length)
    assert (answer.body, sink.content, sink.ended) == (b"WHOLE None", b"".join(pieces), [TransferEnd.WHOLE])
    assert max(sink.takes) < BATCH + 50_000
    assert len(sink.takes) == 3, "not with each piece that the network brings"
    assert ("Connection" in answer.headers, sink.released) == (False, 1)


def test_body_refused_by_its_head_is_not_read() -> None:
    answer = send(Transfer(error=ValueError("no")), *[b"x" * 1000] * 100, length=100_000)
    assert (answer.body, answer.headers["Connection"], answer.asked_for) == (b"REFUSED no", "close", 0)


def test_refusal_of_a_sink_ends_the_transfer() -> None:
    sink = Kept(refuse_at=BATCH)
    answer = send(sink, *[b"x" * BATCH] * 9, length=9 * BATCH)
    assert (answer.body, answer.headers["Connection"]) == (b"REFUSED no more", "close")
    assert answer.asked_for <= 2
    assert (sink.ended, sink.released) == ([TransferEnd.REFUSED], 1)


def test_disconnect_is_reported_with_the_received_bytes() -> None:
    sink = Kept()
    assert send(sink, b"x" * 1000, length=5000).body == b"CUT None"
    assert (sink.content, sink.ended, sink.released) == (b"x" * 1000, [TransferEnd.CUT], 1)


def test_silent_sender_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SILENCE_TIMEOUT", 0.05)
    sink = Kept()
    answer = send(sink, b"x" * 1000, None, length=5000)
    assert (answer.body, answer.headers["Connection"]) == (b"LATE None", "close")
    assert (sink.content, sink.ended) == (b"x" * 1000, [TransferEnd.LATE])


def test_slow_sender_times_out_in_total(monkeypatch: pytest.MonkeyPatch) -> None:
    """An occasional byte would otherwise hold a slot for a day."""
    monkeypatch.setattr(transfer, "MIN_RATE", 1e9)
    monkeypatch.setattr(transfer, "PATIENCE", -transfer.SILENCE_TIMEOUT)
    assert send(Kept(), *[b"x"] * 50, None, length=5000).body == b"LATE None"


@pytest.mark.parametrize("length", [None, 50_000])
def test_sink_limits_the_read_bytes(length: int | None) -> None:
    sink = Kept(most=1500)
    answer = send(sink, *[b"x" * 1000] * 50, length=length)
    assert (answer.body, answer.headers["Connection"], answer.asked_for) == (b"LONG None", "close", 2)


def test_transfer_holds_no_thread() -> None:
    """It holds no thread and no write slot: there is one of each."""

    async def run() -> None:
        sink = Kept()
        tried = taking(lambda _environ: Transfer(sink), threads=1, writers=1)
        slow = asyncio.create_task(ask(tried, scope(length=10 * BATCH, **LARGE), b"x" * BATCH, None))
        await until(lambda: sink.takes)
        answer = await ask(tried, scope(length=4), b"form")
        assert (answer.body, slow.done()) == (b"small", False)
        slow.cancel()

    asyncio.run(run())


def test_simultaneous_transfers_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        sink = Kept()
        tried = taking(lambda _environ: Transfer(sink))
        slow = [
            asyncio.create_task(ask(tried, scope(length=10 * BATCH, **LARGE), b"x" * BATCH, None))
            for _ in range(transfer.MAX_CONCURRENT_PER_CLIENT)
        ]
        await until(lambda: len(sink.takes) == len(slow))
        answer = await ask(tried, scope(length=BATCH, **LARGE), b"x" * BATCH)
        assert (answer.status, answer.headers["Retry-After"], answer.asked_for) == (503, "5", 0)
        other = await ask(tried, scope(length=1, client="192.0.2.2:1", **LARGE), b"x")
        assert other.body == b"WHOLE None"
        for task in slow:
            task.cancel()

    asyncio.run(run())


def test_transfer_without_a_view_slot_releases_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """No view was called, and the row that reserves its space is deleted later."""
    monkeypatch.setattr(transfer, "TRIES", 2)
    monkeypatch.setattr("tradepost.market.web.request_buffering.SLOT_TIMEOUT", 0.05)

    async def run() -> None:
        sink = Kept()
        event = asyncio.Event()

        def begin(_environ: Environ) -> Transfer:
            tried._loop.call_soon_threadsafe(tried._writing.take, "another client", event.set, lambda: None)
            return Transfer(sink)

        tried = taking(begin, writers=1)
        answer = await ask(tried, scope(length=5, **LARGE), b"bytes")
        assert (answer.body, event.is_set()) == (b"turned away", True)
        assert (sink.content, sink.released) == (b"bytes", 1)

    asyncio.run(run())


# --- without an event loop -------------------------------------------------------------------------------------------------


def test_buffered_body_ends_in_the_same_way() -> None:
    sink = Kept()
    assert receive_directly(sink, BytesIO(b"x" * 3 * BATCH).read).ended is TransferEnd.WHOLE
    assert (len(sink.content), sink.ended) == (3 * BATCH, [TransferEnd.WHOLE])
    assert receive_directly(Kept(most=10), BytesIO(b"x" * 11).read).ended is TransferEnd.LONG
    refused = receive_directly(Kept(refuse_at=1), BytesIO(b"x").read)
    assert (refused.ended, str(refused.error)) == (TransferEnd.REFUSED, "no more")

    def gone(_most: int) -> bytes:
        raise OSError

    assert receive_directly(Kept(), gone).ended is TransferEnd.CUT
