"""A proxy in front of moto: it refuses chosen actions as EC2 would, and notifies a test before and after each action."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, override
from urllib.parse import parse_qs

from tests import waiting

type Moment = Literal["before", "after", "answered"]


class Gate:
    """``refusals``: error code by action. ``watch``: called with the action before it is forwarded, when its response
    has arrived, and after the response was sent. If it returns False, the caller gets no response."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.refusals: dict[str, str] = {}
        self.asked: list[str] = []
        self.watch: Callable[[str, Moment], bool] = lambda _action, _moment: True
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gate.forward(self)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Suppress the log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        [action] = parse_qs(body.decode())["Action"]
        self.asked.append(action)
        if not self.watch(action, "before"):
            handler.close_connection = True
            return
        status, answer = self._refused(action) if action in self.refusals else self._asked(handler, body)
        if not self.watch(action, "after"):
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Type", "text/xml")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)
        handler.wfile.flush()
        self.watch(action, "answered")

    def _refused(self, action: str) -> tuple[int, bytes]:
        code = self.refusals[action]
        said = f"<Error><Code>{code}</Code><Message>as the test wants</Message></Error>"
        return 400, f"<Response><Errors>{said}</Errors><RequestID>1</RequestID></Response>".encode()

    def _asked(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        kept = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        request = urllib.request.Request(self.target, data=body, headers=kept, method="POST")  # loopback
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()


@contextmanager
def gate(target: str) -> Iterator[Gate]:
    made = Gate(target)
    thread = threading.Thread(target=made.server.serve_forever, name="gate", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join(waiting.TIMEOUT)
