"""An HTTP server that answers JSON. An unexpected request gets 500 with the reason, and fails the test."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

from tests import waiting


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.answer = Answer(status, body)


class JsonServer:
    """Answer one request at a time."""

    url = ""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.faults: list[str] = []
        self.refusing = 0
        """Status of the answer to all requests, if any."""

    def answer(self, method: str, path: str, body: Any) -> Answer:
        raise NotImplementedError

    def headers(self, headers: Mapping[str, str]) -> None:
        """Check the headers of the request that follows."""

    def read(self, content: bytes) -> Any:
        return json.loads(content) if content else None

    def handle(self, handler: BaseHTTPRequestHandler) -> Answer:
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self.lock:
            if self.refusing:
                return Answer(self.refusing, {"error": {"code": str(self.refusing), "message": "refused"}})
            try:
                self.headers(dict(handler.headers.items()))
                return self.answer(handler.command, handler.path, self.read(content))
            except Refusal as refused:
                return refused.answer
            except Exception:  # noqa: BLE001  # shown when the test ends
                self.faults.append(traceback.format_exc())
                return Answer(500, {"error": self.faults[-1]})


@contextmanager
def serving(server: JsonServer) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            answer = server.handle(self)
            content = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = reply  # noqa: N815  # the names that http.server calls

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Suppress the log."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    server.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    except Exception as fault:
        fault.add_note("\n".join(server.faults))
        raise
    finally:
        made.shutdown()
        made.server_close()
        thread.join(waiting.TIMEOUT)
    assert server.faults == [], "\n".join(server.faults)
