"""clamd's protocol, as far as it is needed: VERSION and INSTREAM, over TCP or a socket of the machine (clamd(8))."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

PIECE = 256 * 1024
WAIT = 10.0
"""Seconds to connect, and for the version."""
LONGEST_ANSWER = 4096


class ClamdAwayError(Exception):
    """It did not answer, in time or at all, or not as clamd does."""


class ClamdTooLargeError(Exception):
    """It takes no stream of this size (``StreamMaxLength``)."""


class Clamd:
    """``url``: ``tcp://host:port`` or ``unix:///path``; ``seconds``: for one scan."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds

    def version(self) -> str:
        """For example ``ClamAV 1.4.6/27463/Wed Nov 25 09:26:42 2026``: the program and the signatures that it has."""
        with self._connected() as connection:
            _send(connection, b"zVERSION\0")
            answer = _answer(connection, time.monotonic() + WAIT)
        if not answer.startswith("ClamAV"):
            raise ClamdAwayError(answer)
        return answer[:100]

    def scan(self, path: Path, *, go_on: Callable[[], None]) -> str:
        """Its answer about the file, as it stands on the wire."""
        until = time.monotonic() + self._seconds
        with self._connected() as connection, path.open("rb") as file:
            broke_off = False
            try:
                _send(connection, b"zINSTREAM\0")
                while piece := file.read(PIECE):
                    go_on()
                    if time.monotonic() > until:
                        raise ClamdAwayError("time")
                    if select.select([connection], [], [], 0)[0]:  # it answers before it has all: it wants no more
                        break
                    connection.sendall(struct.pack(">I", len(piece)) + piece)
                else:
                    connection.sendall(struct.pack(">I", 0))
            except OSError:  # what it said before it closed may still be there
                broke_off = True
            answer = _answer(connection, until, go_on=go_on)
        if "size limit exceeded" in answer:
            raise ClamdTooLargeError
        if broke_off and not answer:
            raise ClamdAwayError("closed")
        return answer

    def _connected(self) -> socket.socket:
        try:
            if self._url.scheme == "unix":
                connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                connection.settimeout(WAIT)
                try:
                    connection.connect(self._url.path)
                except OSError:
                    connection.close()
                    raise
                return connection
            return socket.create_connection((self._url.hostname or "", self._url.port or 3310), timeout=WAIT)
        except OSError as error:
            raise ClamdAwayError(str(error)) from error


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError as error:
        raise ClamdAwayError(str(error)) from error


def _answer(connection: socket.socket, until: float, *, go_on: Callable[[], None] = lambda: None) -> str:
    """Up to its NUL; waited for in short steps, so that whoever waits can be asked to end."""
    came = b""
    with suppress(ConnectionError):  # its end without a word
        while b"\0" not in came and len(came) < LONGEST_ANSWER:
            go_on()
            if time.monotonic() > until:
                raise ClamdAwayError("time")
            connection.settimeout(1.0)
            try:
                piece = connection.recv(LONGEST_ANSWER)
            except TimeoutError:
                continue
            if not piece:
                break
            came += piece
    return came.partition(b"\0")[0].decode("utf-8", "replace").strip()
