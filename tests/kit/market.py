"""A market's open API for tests: a real socket, real verification of the signature, answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api.signing import verify

SK = "secret"


@dataclass
class Market:
    """Gives its answers in order, the last one again and again, to requests whose signature holds."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)


@contextmanager
def open_market(clock: Callable[[], datetime]) -> Iterator[Market]:
    told = Market()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = Request("GET", told.url + self.path, tuple(self.headers.items()))
            verify(request, sk=SK, now=clock())
            told.asked.append(request)
            answer = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            """Silence: the test says what happened."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
