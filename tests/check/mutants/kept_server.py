"""A server with kept connections. Each is served by a loop that the mutant writes, and nothing corrects it."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from tradepost.protocols.http import Request, Response

if TYPE_CHECKING:
    from .definition import Answering


class HungUp(Exception):
    """The other end closed the connection."""


class Wire:
    """One connection. ``closes``: the last request asked to close it."""

    def __init__(self, connection: socket.socket, answering: Answering, stopped: Event) -> None:
        self.connection = connection
        self.stopped = stopped
        self._answering = answering
        self._came = b""
        self.closes = False
        self.head: list[str] = []

    def line(self) -> str:
        """Return the request line, and store the headers."""
        while b"\r\n" not in self._came:
            self._more()
        line, _, self._came = self._came.partition(b"\r\n")
        return line.decode("latin-1")

    def read_head(self) -> str:
        """The request line; the headers are kept."""
        first = self.line()
        self.head = list(iter(self.line, ""))
        self.closes = "connection: close" in [line.lower() for line in self.head]
        return first

    def read_body(self) -> bytes:
        length = next((int(line.split(":")[1]) for line in self.head if line.lower().startswith("content-length:")), 0)
        while len(self._came) < length:
            self._more()
        body, self._came = self._came[:length], self._came[length:]
        return body

    def answer(self, first: str, body: bytes) -> Response:
        """Return the honest seller's answer."""
        method, path, _ = first.split(" ")
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in self.head))
        host = next((value for name, value in headers if name.lower() == "host"), "localhost")
        answer = self._answering(
            Request(method, f"http://{host}{path}", headers, body), datetime.now(UTC), secrets.token_hex(16)
        )
        assert isinstance(answer, Response)
        return answer

    def send(self, answer: Response, *, more: bytes = b"", length: bool = True) -> None:
        lines = [f"HTTP/1.1 {answer.status} OK", *(f"{name}: {value}" for name, value in answer.headers)]
        lines += ["Connection: close"] * self.closes
        lines += [f"Content-Length: {len(answer.body)}"] * length
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body + more)

    def wait(self, seconds: float = 30) -> None:
        """Neither read nor close."""
        self.stopped.wait(seconds)

    def _more(self) -> None:
        piece = self.connection.recv(65536)
        if not piece:
            raise HungUp
        self._came += piece


type Loop = Callable[[Wire], None]
"""Serves one connection, which is closed when this returns."""


def well(wire: Wire) -> None:
    """As a correct server does."""
    while True:
        first = wire.read_head()
        wire.send(wire.answer(first, wire.read_body()))
        if wire.closes:
            return


@contextmanager
def keeping(answering: Answering, loop: Loop) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    stopped = Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(30)
            try:
                loop(Wire(connection, answering, stopped))
            except (OSError, HungUp, ValueError):
                # Cut off, or not a request.
                return

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=serve, args=(connection,), daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/produce"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
