"""A real web server on loopback that stores the posted requests and returns the set response."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


class Web:
    def __init__(self) -> None:
        self.received: list[Posted] = []
        self.status = 200
        self.body: bytes | Callable[[Posted], bytes] = b"{}"
        self.headers: dict[str, str] = {}
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name is set by the base class
            length = int(self.headers.get("Content-Length", 0))
            posted = Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
            web.received.append(posted)
            body = web.body(posted) if callable(web.body) else web.body
            self.send_response(web.status)
            for name, value in ({"Content-Type": "application/json"} | web.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
