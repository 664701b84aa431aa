"""An HTTP server that sends exactly the given bytes: header names in any case, wrong lengths, broken chunks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from threading import Thread

from tests import waiting
from tradepost.protocols.http import Request, Response

from .definition import Answering
from .kept_server import Loop, keeping

HARD_LIMIT = 8 * 1024 * 1024


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


class _OneThread(HTTPServer):
    request_queue_size = 1


def head(response: Response) -> bytes:
    """Return status line and headers, without the length and the blank line."""
    phrase = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "Page Expired"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    return "\r\n".join([*lines, "Connection: close", ""]).encode("latin-1")


def rendered(response: Response) -> bytes:
    return head(response) + b"Content-Length: %d\r\n\r\n" % len(response.body) + response.body


@contextmanager
def serving(
    answering: Answering, *, reads_once: bool = False, one_thread: bool = False, loop: Loop | None = None
) -> Iterator[str]:
    """Serve on a free loopback port while the block runs, and yield the address."""
    if loop is not None:
        with keeping(answering, loop) as url:
            yield url
        return

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.close_connection = True
            url = f"http://{self.headers.get('Host', 'localhost')}{self.path}"
            request = Request(self.command, url, tuple(self.headers.items()), self._body())
            answer = answering(request, datetime.now(UTC), secrets.token_hex(16))
            self.wfile.write(rendered(answer) if isinstance(answer, Response) else answer)

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                return b"".join(iter(self._chunk, b""))
            length = min(int(self.headers.get("Content-Length") or 0), HARD_LIMIT)
            return self.rfile.read1(length) if reads_once else self.rfile.read(length)

        def _chunk(self) -> bytes:
            size = int(self.rfile.readline().partition(b";")[0], 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            return chunk

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815  http.server's names

        def log_message(self, *arguments: object) -> None:
            """Suppress the log."""

    server = (_OneThread if one_thread else _Server)(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/produce"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(waiting.TIMEOUT)
