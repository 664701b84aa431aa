"""A server for one connection that sends the given bytes, valid HTTP or not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


@contextmanager
def speaking(answer: bytes, *, hold: bool = False, size: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection: read until the body is complete (``size`` bytes, or a brace at its end), send ``answer``,
    and optionally keep the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def whole(came: bytes) -> bool:
        if size is None:
            return came.endswith(b"}")
        _, end, body = came.partition(b"\r\n\r\n")
        return bool(end) and len(body) >= size

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            while not whole(b"".join(heard)):
                heard.append(connection.recv(65536))
            connection.sendall(answer)
            if hold:
                connection.recv(1)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/p?a=1", heard
    finally:
        listener.close()
        thread.join(5)
