"""Split a long body into pieces while it arrives. Each piece of a tus upload becomes a request of its own, so received
bytes are kept if the connection breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from typing import Any

from .answering import Environ

BODY_LENGTH = "tradepost.whole_body"
"""Key in the environment of a piece: number of bytes from its start to the end of the body, or to the end of the piece
if the length is unknown."""


class Pieces:
    """A body split into pieces of ``size`` bytes. ``length``: the stated length of the body, or None."""

    def __init__(self, exchange: Any, size: int, *, length: int | None) -> None:
        self._source = aiter(exchange)
        self._size = size
        self._held: list[bytes] = []
        self._bytes = 0
        self._came = 0
        self.length = length
        self.ended = False
        """Whether the body has ended."""

    @property
    def more(self) -> bool:
        return not self.ended or self._bytes > 0

    async def fill(self) -> AsyncIterator[int]:
        """Read until a piece is complete. Yield the number of bytes of each read."""
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
        """Return the next bytes, or None at the end or after a lost connection: earlier bytes are kept."""
        with suppress(StopAsyncIteration, RuntimeError, OSError):
            part: bytes = await anext(self._source)
            return part
        return None

    def take(self) -> bytes:
        """Return the current piece, complete or not."""
        content = b"".join(self._held)
        piece, remainder = content[: self._size], content[self._size :]
        self._held, self._bytes = ([remainder] if remainder else []), len(remainder)
        return piece


def piece_of(environ: Environ, content: bytes, passed: int, *, whole: int | None) -> Environ:
    """Return the request for a piece. Its offset is increased by the bytes already passed on."""
    request = dict(environ)
    request.pop("HTTP_TRANSFER_ENCODING", None)
    request["wsgi.input"] = BytesIO(content)
    request["CONTENT_LENGTH"] = str(len(content))
    request[BODY_LENGTH] = len(content) if whole is None else whole - passed
    offset = str(environ.get("HTTP_UPLOAD_OFFSET", ""))
    if passed and offset.isascii() and offset.isdecimal() and len(offset) < 17:
        request["HTTP_UPLOAD_OFFSET"] = str(int(offset) + passed)
    return request
