"""Serves a seller with waitress, which preserves header names: KooGallery reads ``Body-Sign`` with its case."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from waitress.server import create_server  # type: ignore[import-untyped]  # it ships no types

from .seller import Seller
from .waitress_internals import Channel, close_channels
from .wsgi import wsgi

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

THREADS = 8
# Above the kit's own limit, so that a body above it still gets a signed answer.
SERVER_BODY_LIMIT = 16 * 1024 * 1024


class Server:
    """A listening socket and its threads. ``run`` blocks until ``stop`` is called from another thread, or Ctrl-C."""

    def __init__(
        self,
        app: Seller | WSGIApplication,
        host: str,
        port: int = 0,
        *,
        threads: int = THREADS,
        bound: socket.socket | None = None,
    ) -> None:
        """``bound``: a socket instead of ``port``, not listening yet."""
        binding: dict[str, Any] = {"host": host, "port": port} if bound is None else {"sockets": [bound]}
        self._server = create_server(
            wsgi(app) if isinstance(app, Seller) else app,
            **binding,
            threads=threads,
            ident=None,
            max_request_body_size=SERVER_BODY_LIMIT,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = Channel
        self.port = int(self._server.effective_port)
        display_host = f"[{host}]" if ":" in host else host
        self.url = f"http://{display_host}:{self.port}"

    def run(self) -> None:
        self._server.run()
        self._server.task_dispatcher.shutdown()

    def stop(self) -> None:
        """Refuse new connections and end ``run``; it waits for requests in progress but does not send their answers."""
        # If another thread stops the loop between the two steps of this call, it has ended already.
        with suppress(OSError):
            self._server.trigger.pull_trigger(self._close_all)

    def _close_all(self) -> None:
        close_channels(self._server)


def serve(app: Seller | WSGIApplication, host: str = "127.0.0.1", port: int = 9000, *, threads: int = THREADS) -> None:
    """Serve until Ctrl-C. ``app``: a seller, or a WSGI application that mounts one beside its own pages."""
    Server(app, host, port, threads=threads).run()


@contextmanager
def running(app: Seller | WSGIApplication, *, threads: int = THREADS) -> Iterator[str]:
    """Serve on a free loopback port inside the ``with`` block. Yields the address without a path."""
    server = Server(app, "127.0.0.1", 0, threads=threads)
    thread = Thread(target=server.run, name="seller", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(timeout=10)
