"""Real servers for tests of the adapters: a process each, on a free port, and the raw bytes of its responses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.kit import wire
from tradepost.protocols.http import Request, Response

ROOT = Path(__file__).parents[2]
START_TIMEOUT = 90.0

COMMANDS: Mapping[str, Sequence[str]] = {
    "waitress": ("-m", "waitress", "--listen=127.0.0.1:{port}", "{app}"),
    "gunicorn": ("-m", "gunicorn", "--bind=127.0.0.1:{port}", "--threads=4", "--log-level=warning", "{app}"),
    "uvicorn-h11": ("-m", "uvicorn", "--http=h11", "--port={port}", "--log-level=warning", "{app}"),
    "uvicorn-httptools": ("-m", "uvicorn", "--http=httptools", "--port={port}", "--log-level=warning", "{app}"),
    "hypercorn": ("-m", "hypercorn", "--bind=127.0.0.1:{port}", "--log-level=warning", "{app}"),
    "granian-wsgi": ("-m", "granian", "--interface=wsgi", "--port={port}", "--log-level=warning", "{app}"),
    "granian-asgi": ("-m", "granian", "--interface=asgi", "--port={port}", "--log-level=warning", "{app}"),
    "flask": ("-m", "flask", "--app={app}", "run", "--port={port}"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(server: str, app: str, folder: Path, **variables: str) -> Iterator[str]:
    """Run ``module:object`` of ``folder`` behind this server until the end of the block, and yield its address."""
    port = free_port()
    arguments = [part.format(port=port, app=app) for part in COMMANDS[server]]
    with process([sys.executable, *arguments], folder, **variables) as started:
        wait_until_open(port, started)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def process(command: Sequence[str], folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    path = os.pathsep.join((str(folder), str(ROOT / "src")))
    environment = kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"} | variables
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.terminate()
            with suppress(subprocess.TimeoutExpired):
                started.wait(timeout=600)
            started.kill()


def wait_until_open(port: int, started: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if started.poll() is not None:
            assert started.stdout is not None
            raise AssertionError(f"the server ended: {started.stdout.read()[-2000:]}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server did not open its port")


def raw_exchange(request: Request, *, chunked: bool = False) -> tuple[bytes, Response]:
    """Return the head of the response as bytes, and the response with its header names as on the wire."""
    parts = urlsplit(request.url)
    lines = [f"{request.method} {parts.path or '/'}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in {"host", "content-length"}]
    lines += ["Transfer-Encoding: chunked"] if chunked else [f"Content-Length: {len(request.body)}"]
    body = b"".join(_chunks(request.body)) if chunked else request.body
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    pairs = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in headers))
    return head, Response(int(status.split()[1]), pairs, body)


def _chunks(body: bytes) -> Iterator[bytes]:
    middle = len(body) // 2
    for piece in (body[:middle], body[middle:], b""):
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def names_of(head: bytes) -> list[bytes]:
    return [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]


def spelling(url: str) -> bytes:
    """Return this server's spelling of ``Body-Sign`` in the response to a query."""
    head, _ = raw_exchange(wire.encode(wire.query("x"), now=wire.real_now(), address=url))
    (name,) = [name for name in names_of(head) if name.lower() == b"body-sign"]
    return name
