"""Streams request bodies to disk that are too large for memory: an event loop receives them, dedicated threads write
them, then Django gets the request with the result in its environment.

A body in progress needs no database connection and no write slot, and at most ``BATCH`` bytes of memory plus the
server's read-ahead. ``begin`` decides before the first byte is read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from .answering import Environ
from .arriving import MIN_RATE, PATIENCE

TRANSFER = "tradepost.transfer"
"""Key in the environment: the ``Transfer`` of the request."""
BATCH = 256 * 1024
"""Number of bytes written to disk at once."""
SILENCE_TIMEOUT = 20.0
"""Seconds without a byte after which a transfer is aborted. The average rate must reach ``arriving.MIN_RATE``."""
MAX_CONCURRENT, MAX_CONCURRENT_PER_CLIENT = 32, 8
"""Concurrent transfers of a process, and of one client."""
THREADS = 4
"""Number of threads that write to disk."""
TRIES = 12
"""How often a received body waits for a write slot. Sending it again would cost far more."""


class TransferEnd(Enum):
    WHOLE = auto()
    """Complete: the stated length, or the last chunk."""
    CUT = auto()
    """The connection was closed early."""
    LATE = auto()
    """The sender was silent for too long, or too slow."""
    LONG = auto()
    """The body exceeds ``Sink.most``."""
    REFUSED = auto()
    """The sink raised ``Transfer.error``."""


class Sink(Protocol):
    """Receives a body; called from several threads, but never concurrently."""

    @property
    def most(self) -> int:
        """Maximum number of bytes to read."""
        ...

    def take(self, content: bytes) -> None:
        """Store the next bytes. An exception ends the transfer and is raised again by the view."""
        ...

    def end(self, ended: TransferEnd) -> None:
        """Called once at the end, also after ``take`` has raised. An exception is raised again by the view."""
        ...

    def release(self) -> None:
        """Close files and delete what is not kept. May be called twice, and must not query the database, since no view
        may have run."""
        ...


@dataclass(slots=True, eq=False)
class Transfer:
    """A received body. ``sink``: None if the request was refused by its head; ``error``: the exception of the sink or
    the refusal."""

    sink: Sink | None = None
    error: Exception | None = None
    ended: TransferEnd = TransferEnd.REFUSED


type Begin = Callable[[Environ], Transfer]
"""Checks a request's head in a thread with a database connection. Does not raise."""


@dataclass(slots=True)
class TransferCounter:
    """Counts the transfers in progress by client. Used only by the event loop."""

    most: int = MAX_CONCURRENT
    of_one: int = MAX_CONCURRENT_PER_CLIENT
    _held: Counter[str] = field(default_factory=Counter)

    def take(self, client: str) -> bool:
        if self._held.total() >= self.most or self._held[client] >= self.of_one:
            return False
        self._held[client] += 1
        return True

    def leave(self, client: str) -> None:
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]


async def receive(
    exchange: Any, transfer: Transfer, *, length: int | None, work: Callable[[Callable[[], None]], Awaitable[None]]
) -> None:
    """Read a body into its sink. ``length``: the stated length, or None; ``work`` runs a function in a thread. Errors
    of sender and sink are not raised."""
    sink = transfer.sink
    assert sink is not None
    try:
        transfer.ended = await _read(exchange, sink, length=length, work=work)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error = error
    try:
        await work(partial(sink.end, transfer.ended))
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error, transfer.ended = transfer.error or error, TransferEnd.REFUSED


async def _read(
    exchange: Any, sink: Sink, *, length: int | None, work: Callable[[Callable[[], None]], Awaitable[None]]
) -> TransferEnd:
    pieces: list[bytes] = []
    waiting = received = 0
    ended = TransferEnd.CUT if length else TransferEnd.WHOLE
    async for piece in _pieces(exchange):
        if piece is None:
            ended = TransferEnd.LATE
            break
        received, waiting = received + len(piece), waiting + len(piece)
        pieces.append(piece)
        if waiting >= BATCH or received == length:
            content = b"".join(pieces)
            pieces, waiting = [], 0
            await work(partial(sink.take, content))
        if received > sink.most or (length is not None and received > length):
            return TransferEnd.LONG
        if received == length:
            return TransferEnd.WHOLE
    if remainder := b"".join(pieces):
        await work(partial(sink.take, remainder))
    return ended


async def _pieces(exchange: Any) -> AsyncIterator[bytes | None]:
    """Yield the pieces of a body; None at last after too long a silence. Ends when the connection ends."""
    loop = asyncio.get_running_loop()
    source, began, received = aiter(exchange), loop.time(), 0
    while True:
        until = min(loop.time() + SILENCE_TIMEOUT, began + SILENCE_TIMEOUT + PATIENCE + received / MIN_RATE)
        try:
            async with asyncio.timeout_at(until):
                piece: bytes = await anext(source)
        except TimeoutError:
            yield None
            return
        except (StopAsyncIteration, RuntimeError, OSError):  # end of the body or of the connection
            return
        yield piece
        received += len(piece)


def receive_directly(sink: Sink, read: Callable[[int], bytes]) -> Transfer:
    """Pass an already received body to its sink: for servers without an event loop, and for small bodies."""
    transfer = Transfer(sink)
    try:
        transfer.ended = _take_all(sink, read)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error = error
    try:
        sink.end(transfer.ended)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error, transfer.ended = transfer.error or error, TransferEnd.REFUSED
    return transfer


def _take_all(sink: Sink, read: Callable[[int], bytes]) -> TransferEnd:
    received = 0
    while True:
        try:
            content = read(BATCH)
        except OSError:  # the client has disconnected; Django's UnreadablePostError is an OSError
            return TransferEnd.CUT
        received += len(content)
        if not content:
            return TransferEnd.WHOLE
        if received > sink.most:
            return TransferEnd.LONG
        sink.take(content)
