"""A seller's server written from the specification alone: http.server, without code of the project (saas-v1-license C0,
C2, D1, D2).

It keeps one entry per order line. The first two calls of an order fail as real servers fail.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import waiting

QUERY = "/api/mkp-openapi-public/global/v1/order/query"


HANGS = (0, "", b"")
"""No response: the connection stays open until the market closes it."""


class Stranger:
    """``market``: the address of its open APIs. ``ak`` and ``sk``: an access key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.market = self.ak = self.sk = ""
        self.url = ""
        self.book: dict[str, dict[str, Any]] = {}
        """Deliveries by order line: the order as the market described it."""
        self.received: list[tuple[str, str]] = []
        """Activity and order line of each call with a valid signature."""
        self.refused: list[str] = []
        self.failures = 2
        """Calls about real orders that still fail."""
        self._nonces: set[str] = set()

    def answers(self, query: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        if wrong := self._wrong_signature(query, body):
            self.refused.append(wrong)
            return _says("000001", wrong)
        call = json.loads(body)
        order, line = call["orderId"], call["orderLineId"]
        self.received.append((call["activity"], line))
        if call["activity"] != "orderNotify":
            return _says("000002", "unknown activity")
        if call["testFlag"] == "1":
            self._order(order, line)
            return _says("000000", "debugged")
        if self.failures:
            self.failures -= 1
            return HANGS if self.failures else (200, "text/html", b"<html>busy</html>")
        if line not in self.book:
            self.book[line] = self._order(order, line)
        return _says("000000", "success")

    def _wrong_signature(self, query: dict[str, str], body: bytes) -> str:
        """D2. Return why a request is refused; empty for a valid one."""
        nonce, timestamp = query.get("nonce", ""), query.get("timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp) / 1000 - time.time()) > 60:
            return "stale"
        if nonce in self._nonces:
            return "repeated nonce"
        self._nonces.add(nonce)
        wanted = self.signature(nonce, timestamp, body)
        return "" if hmac.compare_digest(wanted.lower(), query.get("signature", "").lower()) else "wrong signature"

    def signature(self, nonce: str, timestamp: str, body: bytes) -> str:
        inner = _hmac(self.key, body)
        return _hmac(self.key, f"{self.key}{nonce}{timestamp}{inner}".encode()).upper()

    def _order(self, order: str, line: str) -> dict[str, Any]:
        """C2: the notification holds ids only. Signed as C0 describes."""
        query = urllib.parse.urlencode({"orderId": order, "orderLineId": line})
        host = urllib.parse.urlsplit(self.market).netloc
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        canonical = "\n".join(
            ["GET", f"{QUERY}/", query, f"host:{host}\nx-sdk-date:{date}\n", "host;x-sdk-date", _sha256(b"")]
        )
        signed = _hmac(self.sk, f"SDK-HMAC-SHA256\n{date}\n{_sha256(canonical.encode())}".encode())
        header = f"SDK-HMAC-SHA256 Access={self.ak}, SignedHeaders=host;x-sdk-date, Signature={signed}"
        request = urllib.request.Request(
            f"{self.market}{QUERY}?{query}", headers={"X-Sdk-Date": date, "Authorization": header}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = json.load(answer)
        assert found["resultCode"] == "MKT.0000", found
        info: dict[str, Any] = found["orderInfo"]
        return info


def _says(code: str, message: str) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps({"resultCode": code, "resultMsg": message}).encode()


def _hmac(key: str, data: bytes) -> str:
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def serving(stranger: Stranger) -> Iterator[Stranger]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
            status, content_type, content = stranger.answers(query, body)
            if not status:
                self.rfile.read(1)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stranger.url = f"http://127.0.0.1:{server.server_port}/koogallery"
    try:
        yield stranger
    finally:
        server.shutdown()
        thread.join(waiting.TIMEOUT)
        server.server_close()
