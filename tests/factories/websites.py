"""Websites on this machine that answer, refuse, redirect, or fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests import waiting


@contextmanager
def site(status: int = 200, location: str = "", *, circle: bool = False) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived = self.path == location and not circle
            self.send_response(200 if arrived else status)
            if location and not arrived:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join(waiting.TIMEOUT)
        server.server_close()
