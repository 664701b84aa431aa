"""Serves a seller with waitress, which sends header names as they are: KooGallery reads ``Body-Sign`` with its case."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it ships no types
from waitress.server import create_server  # type: ignore[import-untyped]

from .seller import Seller
from .wsgi import wsgi

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

THREADS = 8
# Above the kit's own limit, so that a body that is too long still gets a signed answer in words.
SERVER_BODY_LIMIT = 16 * 1024 * 1024


class _Channel(HTTPChannel):  # type: ignore[misc]  # of no known type
    """One connection, which asks for the loop's help only when the loop can give it.

    While a thread sends an answer, waitress's own takes it for something to write, holds no lock to do it, and so goes
    round its loop all the time, keeping the interpreter from the very thread that would be done: half of the processor's
    time. A thread that cannot send everything pulls the loop's trigger, with the lock open, as ever.
    """

    def writable(self) -> bool:
        if self.total_outbufs_len and self.requests:
            if not self.outbuf_lock.acquire(blocking=False):
                return False
            self.outbuf_lock.release()
        return bool(super().writable())


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
        """``bound``: a socket in place of ``port``, not listening yet."""
        where: dict[str, Any] = {"host": host, "port": port} if bound is None else {"sockets": [bound]}
        self._server = create_server(
            wsgi(app) if isinstance(app, Seller) else app,
            **where,
            threads=threads,
            ident=None,
            max_request_body_size=SERVER_BODY_LIMIT,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = _Channel
        self.port = int(self._server.effective_port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.port}"

    def run(self) -> None:
        self._server.run()
        self._server.task_dispatcher.shutdown()

    def stop(self) -> None:
        """Refuse new connections and end ``run``; answers that are being made are waited for, but not sent."""
        # Another thread may pull the trigger between the two steps of this call: then the loop has ended already.
        with suppress(OSError):
            self._server.trigger.pull_trigger(self._close_all)

    def _close_all(self) -> None:
        for channel in list(self._server._map.values()):  # noqa: SLF001 waitress offers no other way to end its loop
            channel.close()


def serve(app: Seller | WSGIApplication, host: str = "127.0.0.1", port: int = 9000, *, threads: int = THREADS) -> None:
    """Serve until Ctrl-C. ``app`` is a seller, or a WSGI application that mounts one beside its own pages."""
    Server(app, host, port, threads=threads).run()


@contextmanager
def running(app: Seller | WSGIApplication, *, threads: int = THREADS) -> Iterator[str]:
    """Serve on a free loopback port while the block runs; gives the address, without a path."""
    server = Server(app, "127.0.0.1", 0, threads=threads)
    thread = Thread(target=server.run, name="seller", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(timeout=10)
