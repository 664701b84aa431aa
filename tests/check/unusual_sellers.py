"""Correct sellers on unusual servers: everything that HTTP allows and the specification leaves open."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from threading import Lock, Thread

from tests import waiting
from tests.check.plain_seller import KEY, PlainSeller


class Server:
    """Send an honest seller's answers. ``delay``: seconds for each answer."""

    http = "HTTP/1.1"
    content_type = "application/json;charset=UTF-8"
    host = "127.0.0.1"
    side_by_side = True
    chunked = False
    trailers = b""
    reason = "OK"

    def __init__(self, seller: PlainSeller, *, delay: float = 0) -> None:
        self.seller = seller
        self.delay = delay
        self.lock = Lock()
        self.inside = self.most_inside = 0
        self.requests = 0
        self.chance = random.Random(7)

    def answer(self, path: str, content_type: str, body: bytes) -> bytes:
        return self.written(self.seller.answer(path, content_type, body))

    def written(self, said: dict[str, object]) -> bytes:
        """In another order, with other blanks, each time."""
        names = self.chance.sample(sorted(said), len(said))
        blank = self.chance.choice(["", " ", "\n\t"])
        return json.dumps({n: said[n] for n in names}, separators=(f",{blank}", f"{blank}:{blank}")).encode()

    def refused(self) -> tuple[int, dict[str, str]] | None:
        """A status instead of an answer."""
        return None


class OldServer(Server):
    """HTTP/1.0, no length, a status line without a reason, on an IPv6 address; its first answer is slow."""

    http = "HTTP/1.0"
    content_type = "application/json; charset=utf-8"
    host = "::1"
    reason = ""

    def answer(self, path: str, content_type: str, body: bytes) -> bytes:
        if self.requests < 3:
            time.sleep(0.3)
        return super().answer(path, content_type, body)


class EagerServer(Server):
    """Chunks with trailers. Compresses if the client accepts it, and keeps all connections open."""

    chunked = True
    trailers = b"Server-Timing: db;dur=3\r\n"


class OneByOne(Server):
    """http.server as documented: one thread, and room for five connections to wait."""

    side_by_side = False


class Limited(Server):
    """A gateway that lets ten requests through, then requires a pause."""

    def refused(self) -> tuple[int, dict[str, str]] | None:
        return (429, {"Retry-After": "0"}) if self.requests % 10 == 0 else None


class ProvisionsLater(PlainSeller):
    """Creations are done in the background. Until then a query answers as for an unknown instance."""

    seconds = 0.15

    def __init__(self, *, pending: str, **options: bool) -> None:
        super().__init__(**options)
        self.pending = pending
        self.ready: dict[str, float] = {}

    def create(self, members: dict[str, str], ok: dict[str, object]) -> dict[str, object]:
        said = super().create(members, ok)
        self.ready.setdefault(str(said["instanceId"]), time.monotonic() + self.seconds)
        return said

    def query(self, ids: list[str], ok: dict[str, object]) -> dict[str, object]:
        if any(self.ready.get(i, 0) > time.monotonic() for i in ids):
            return {"resultCode": self.pending, "resultMsg": "not yet"}
        said = super().query(ids, ok)
        for entry in said.get("info", []):  # type: ignore[attr-defined]
            entry["usageInfo"] = [{"usageValue": "12.5000", "statisticalTime": "20260101000000000", "unit": None}]
        return said


def _signed(out: bytes) -> str:
    return base64.b64encode(hmac.new(KEY.encode(), out, hashlib.sha256).digest()).decode()


@contextmanager
def serving(server: Server) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = server.http

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with server.lock:
                server.requests += 1
                server.inside += 1
                server.most_inside = max(server.most_inside, server.inside)
            try:
                time.sleep(server.delay)
                refused = server.refused()
                out = b"" if refused else server.answer(self.path, self.headers["Content-Type"], body)
            finally:
                # Before the answer is sent: the client may send its next request at once.
                with server.lock:
                    server.inside -= 1
            if refused:
                self.refuse(*refused)
            else:
                self.reply(out)

        def refuse(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def reply(self, out: bytes) -> None:
            sign = _signed(out)
            self.send_response(200, server.reason)
            self.send_header("content-type", server.content_type)
            self.send_header("Body-Sign", f'sign_type="HMAC-SHA256", signature="{sign}"')
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                self.send_header("Content-Encoding", "gzip")
                out = gzip.compress(out)
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%X;a=b\r\n%b\r\n0\r\n%b\r\n" % (len(out), out, server.trailers))
                return
            if server.http == "HTTP/1.1":
                self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *arguments: object) -> None:
            """Suppress the log."""

    kind = ThreadingHTTPServer if server.side_by_side else HTTPServer

    class Listening(kind):  # type: ignore[valid-type,misc]
        address_family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        daemon_threads = True

    if server.side_by_side:
        Listening.request_queue_size = 128
    listening = Listening((server.host, 0), Handler)
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    host = f"[{server.host}]" if ":" in server.host else server.host
    try:
        yield f"http://{host}:{listening.server_port}/api/v2/produce?tenant=7&lang=zh_CN"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(waiting.TIMEOUT)
