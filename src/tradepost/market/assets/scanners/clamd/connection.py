"""The commands VERSION and INSTREAM of clamd's protocol, over TCP or a Unix socket (clamd(8))."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

PIECE_BYTES = 256 * 1024
TIMEOUT = 10.0
"""Timeout in seconds to connect, and for the version."""
MAX_RESPONSE_BYTES = 4096


class ClamdAwayError(Exception):
    """clamd did not respond in time, or not as clamd does."""


class ClamdTooLargeError(Exception):
    """clamd refuses a stream of this size (``StreamMaxLength``)."""


class Clamd:
    """``url``: ``tcp://host:port`` or ``unix:///path``; ``seconds``: timeout of a scan."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds

    def version(self) -> str:
        """Return the version of program and signatures, for example ``ClamAV 1.4.6/27463/Wed Nov 25 09:26:42
        2026``."""
        with self._connected() as connection:
            _send(connection, b"zVERSION\0")
            answer = _read_response(connection, time.monotonic() + TIMEOUT)
        if not answer.startswith("ClamAV"):
            raise ClamdAwayError(answer)
        return answer[:100]

    def scan(self, path: Path, *, go_on: Callable[[], None]) -> str:
        """Return the raw response about the file."""
        until = time.monotonic() + self._seconds
        with self._connected() as connection, path.open("rb") as file:
            broke_off = False
            try:
                _send(connection, b"zINSTREAM\0")
                while piece := file.read(PIECE_BYTES):
                    go_on()
                    if time.monotonic() > until:
                        raise ClamdAwayError("time")
                    if select.select([connection], [], [], 0)[
                        0
                    ]:  # a response before the end of the file: it accepts no more data
                        break
                    connection.sendall(struct.pack(">I", len(piece)) + piece)
                else:
                    connection.sendall(struct.pack(">I", 0))
            except OSError:  # a response sent before closing may still be readable
                broke_off = True
            answer = _read_response(connection, until, go_on=go_on)
        if "size limit exceeded" in answer:
            raise ClamdTooLargeError
        if broke_off and not answer:
            raise ClamdAwayError("closed")
        return answer

    def _connected(self) -> socket.socket:
        try:
            if self._url.scheme == "unix":
                connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                connection.settimeout(TIMEOUT)
                try:
                    connection.connect(self._url.path)
                except OSError:
                    connection.close()
                    raise
                return connection
            return socket.create_connection((self._url.hostname or "", self._url.port or 3310), timeout=TIMEOUT)
        except OSError as error:
            raise ClamdAwayError(str(error)) from error


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError as error:
        raise ClamdAwayError(str(error)) from error


def _read_response(connection: socket.socket, until: float, *, go_on: Callable[[], None] = lambda: None) -> str:
    """Read a response up to its NUL, in short steps, so that the job can stop."""
    received = b""
    with suppress(ConnectionError):  # the connection may end without a response
        while b"\0" not in received and len(received) < MAX_RESPONSE_BYTES:
            go_on()
            if time.monotonic() > until:
                raise ClamdAwayError("time")
            connection.settimeout(1.0)
            try:
                piece = connection.recv(MAX_RESPONSE_BYTES)
            except TimeoutError:
                continue
            if not piece:
                break
            received += piece
    return received.partition(b"\0")[0].decode("utf-8", "replace").strip()
