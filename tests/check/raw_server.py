"""A server for one connection that says given bytes, whatever HTTP thinks of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


@contextmanager
def speaking(answer: bytes, *, hold: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server for one connection: it reads until the body is there, says ``answer``, and may keep the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            while not heard or not b"".join(heard).endswith(b"}"):
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
