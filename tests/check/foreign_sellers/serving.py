"""Serve a foreign seller over HTTP, with its version, headers and chunks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests import waiting

from .seller import KEY, Seller, mac


@contextmanager
def serving(seller: Seller) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = seller.http

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            out = seller.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            self.send_response(200)
            self.send_header("content-type", seller.content_type)
            if seller.signs:
                sign = base64.b64encode(mac(KEY, out)).decode()
                self.send_header("Body-Sign", f'sign_type="HMAC-SHA256",{seller.blank}signature={seller.blank}"{sign}"')
            self.send_header("X-Powered-By", "Express")
            self.send_header("Set-Cookie", "JSESSIONID=1; Path=/; HttpOnly")
            if seller.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"".join(b"%x\r\n%b\r\n" % (1, bytes([byte])) for byte in out) + b"0\r\n\r\n")
                return
            if seller.http == "HTTP/1.1":
                # HTTP/1.0 ends a body with the connection.
                self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST  # noqa: N815  http.server's names

        def log_message(self, *arguments: object) -> None:
            """Suppress the log."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/isv/produce"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(waiting.TIMEOUT)
