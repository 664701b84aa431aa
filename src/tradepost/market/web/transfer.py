"""Bodies that go to the disk as they come, because they are too large to be held: an event loop awaits them, threads of their
own write them, and only then a request goes on to Django, with what was received in its environment.

While one comes in it holds no database connection, no place among the writers and no more of memory than ``BATCH``, what
follows it, and what the server has read ahead. Before the first byte is read ``begin`` says whether it is wanted.
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
from .arriving import LEAST_RATE, PATIENCE

TRANSFER = "tradepost.transfer"
"""Key in the environment: the ``Transfer`` that came with the request."""
BATCH = 256 * 1024
"""Bytes that go to the disk at once."""
SILENCE = 20.0
"""Seconds without a byte after which a sender is given up; in the long run he must bring ``arriving.LEAST_RATE``."""
AT_ONCE, AT_ONCE_OF_ONE = 32, 8
"""Bodies of a process, and of one client."""
THREADS = 4
"""That write to the disk."""
TRIES = 12
"""Times that a body which is there waits for a place among the writers: sent again it would cost far more."""


class Ended(Enum):
    WHOLE = auto()
    """As long as its head said, or to the end of its last chunk."""
    CUT = auto()
    """The connection was closed before."""
    LATE = auto()
    """Its sender fell silent, or was too slow."""
    LONG = auto()
    """It went on after ``Sink.most``."""
    REFUSED = auto()
    """The sink raised; ``Transfer.error`` says what."""


class Sink(Protocol):
    """What a body goes to; called by one thread after the other, never by two at a time."""

    @property
    def most(self) -> int:
        """Bytes that are read at most."""
        ...

    def take(self, content: bytes) -> None:
        """The next bytes. What is raised ends the transfer, and the view that is asked then answers it."""
        ...

    def end(self, ended: Ended) -> None:
        """Nothing more comes. Called once, also after ``take`` raised; what is raised is the view's to answer as well."""
        ...

    def release(self) -> None:
        """Let go of files, and of what is not kept; may be called twice. It asks no database: no view may have been asked."""
        ...


@dataclass(slots=True, eq=False)
class Transfer:
    """``sink`` is None where the request was refused by its head; ``error``: by whom or by what."""

    sink: Sink | None = None
    error: Exception | None = None
    ended: Ended = Ended.REFUSED


type Begin = Callable[[Environ], Transfer]
"""Looks at the head of a request, in a thread with a database connection; raises nothing."""


@dataclass(slots=True)
class Places:
    """How many transfers are under way, by client; used by the event loop alone."""

    most: int = AT_ONCE
    of_one: int = AT_ONCE_OF_ONE
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
    """Read a body to where it goes. ``length``: what its head states, or None; ``work`` runs something in a thread. Nothing
    that its sender or its sink do is raised."""
    sink = transfer.sink
    assert sink is not None
    try:
        transfer.ended = await _read(exchange, sink, length=length, work=work)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error = error
    try:
        await work(partial(sink.end, transfer.ended))
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error, transfer.ended = transfer.error or error, Ended.REFUSED


async def _read(
    exchange: Any, sink: Sink, *, length: int | None, work: Callable[[Callable[[], None]], Awaitable[None]]
) -> Ended:
    held: list[bytes] = []
    waiting = came = 0
    ended = Ended.CUT if length else Ended.WHOLE
    async for piece in _pieces(exchange):
        if piece is None:
            ended = Ended.LATE
            break
        came, waiting = came + len(piece), waiting + len(piece)
        held.append(piece)
        if waiting >= BATCH or came == length:
            content = b"".join(held)
            held, waiting = [], 0
            await work(partial(sink.take, content))
        if came > sink.most or (length is not None and came > length):
            return Ended.LONG
        if came == length:
            return Ended.WHOLE
    if rest := b"".join(held):
        await work(partial(sink.take, rest))
    return ended


async def _pieces(exchange: Any) -> AsyncIterator[bytes | None]:
    """What comes; None, as the last one, when nothing did for too long. It ends where the connection does."""
    loop = asyncio.get_running_loop()
    source, began, came = aiter(exchange), loop.time(), 0
    while True:
        until = min(loop.time() + SILENCE, began + SILENCE + PATIENCE + came / LEAST_RATE)
        try:
            async with asyncio.timeout_at(until):
                piece: bytes = await anext(source)
        except TimeoutError:
            yield None
            return
        except (StopAsyncIteration, RuntimeError, OSError):  # the end, or the connection's
            return
        yield piece
        came += len(piece)


def take_here(sink: Sink, read: Callable[[int], bytes]) -> Transfer:
    """The same for a body that lies there already: under a server without an event loop, and for what is small."""
    transfer = Transfer(sink)
    try:
        transfer.ended = _take_all(sink, read)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error = error
    try:
        sink.end(transfer.ended)
    except Exception as error:  # noqa: BLE001  # the view raises it again
        transfer.error, transfer.ended = transfer.error or error, Ended.REFUSED
    return transfer


def _take_all(sink: Sink, read: Callable[[int], bytes]) -> Ended:
    came = 0
    while True:
        try:
            content = read(BATCH)
        except OSError:  # the caller went away; Django's UnreadablePostError is one as well
            return Ended.CUT
        came += len(content)
        if not content:
            return Ended.WHOLE
        if came > sink.most:
            return Ended.LONG
        sink.take(content)
