"""A long body that goes on in pieces while the rest of it is on its way: an upload by the tus protocol, whose every piece is
a request by itself, so that what came is kept when the rest does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from typing import Any

from .answering import Environ

WHOLE = "tradepost.whole_body"
"""Key in the environment of a piece: bytes from its first one to the end of the body, or of the piece where the end is not
known."""


class Pieces:
    """A body cut into pieces of ``size`` bytes. ``length``: what its head states, or None."""

    def __init__(self, exchange: Any, size: int, *, length: int | None) -> None:
        self._source = aiter(exchange)
        self._size = size
        self._held: list[bytes] = []
        self._bytes = 0
        self._came = 0
        self.length = length
        self.ended = False
        """Whether nothing more will come."""

    @property
    def more(self) -> bool:
        return not self.ended or self._bytes > 0

    async def fill(self) -> AsyncIterator[int]:
        """Read until a piece is whole, telling how many bytes came each time."""
        if self._bytes:
            yield self._bytes
        while self._bytes < self._size and not self.ended:
            if self.length is not None and self._came >= self.length:
                self.ended = True
                break
            part = await self._next()
            if part is None:
                self.ended = True
                break
            self._came += len(part)
            self._held.append(part)
            self._bytes += len(part)
            yield len(part)
        if self.length is not None and self._came >= self.length:
            self.ended = True

    async def _next(self) -> bytes | None:
        """None at the end, also where the connection was cut: what came before is worth keeping."""
        with suppress(StopAsyncIteration, RuntimeError, OSError):
            part: bytes = await anext(self._source)
            return part
        return None

    def take(self) -> bytes:
        """The piece that is there, whole or not."""
        held = b"".join(self._held)
        piece, rest = held[: self._size], held[self._size :]
        self._held, self._bytes = ([rest] if rest else []), len(rest)
        return piece


def piece_of(environ: Environ, content: bytes, passed: int, *, whole: int | None) -> Environ:
    """The request that this piece is; its offset is moved by what was passed on before."""
    one = dict(environ)
    one.pop("HTTP_TRANSFER_ENCODING", None)
    one["wsgi.input"] = BytesIO(content)
    one["CONTENT_LENGTH"] = str(len(content))
    one[WHOLE] = len(content) if whole is None else whole - passed
    offset = str(environ.get("HTTP_UPLOAD_OFFSET", ""))
    if passed and offset.isascii() and offset.isdecimal() and len(offset) < 17:
        one["HTTP_UPLOAD_OFFSET"] = str(int(offset) + passed)
    return one
