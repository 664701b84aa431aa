"""A web server in a process, and what its visitors notice: how long pages take and how much memory it uses."""

from __future__ import annotations

import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from tests import waiting
from tests.architecture.source import ROOT
from tests.cli.command_line import MAIN
from tests.cli.running import WITHIN, family
from tradepost.cli.serve import free_port

LOGIN = "/account/login/"


@dataclass(frozen=True, slots=True)
class Form:
    """``source``: the address from which it was requested and is sent."""

    source: str
    cookie: str
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    again: str
    """Seconds after which to retry, if the response says so."""
    milliseconds: float


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int, environment: dict[str, str]) -> None:
        self.process, self.port, self.environment = process, port, environment

    def connect(self, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        """Connect from an address of this machine: Linux allows all of 127.0.0.0/8."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN, source_address=(source, 0))

    def get(self, path: str = LOGIN, connection: http.client.HTTPConnection | None = None) -> tuple[int, str]:
        connection = connection or self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def form(self, source: str = "127.0.0.1", path: str = LOGIN) -> Form:
        """Return the form at ``path``, requested from an address of this machine."""
        connection = self.connect(source)
        connection.request("GET", path)
        page = connection.getresponse()
        cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        assert found, "a form with its key"
        connection.close()
        return Form(source, cookie, found[1])

    def log_in(self, form: Form, address: str, password: str) -> Answer:
        return self.send(form, LOGIN, {"login": address, "password": password})

    def send(self, form: Form, path: str, fields: dict[str, str]) -> Answer:
        begun = time.perf_counter()
        connection = self.connect(form.source)
        body = urlencode({"csrfmiddlewaretoken": form.key, **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": form.cookie}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        again = answer.headers.get("Retry-After") or ""
        return Answer(answer.status, again, 1000 * (time.perf_counter() - begun))

    def megabytes(self) -> float:
        """Return the resident memory of the server and its workers."""
        pages = 0
        for pid in family(self.process.pid):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Server]:
    """Run the web server of a market in ``folder`` with its people. ``settings`` are named without their prefix."""
    port = free_port()
    more = {f"TRADEPOST_{name.upper()}": value for name, value in settings.items()}
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TRADEPOST_") and k not in {"PORT", "DATABASE_URL"}},
        "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
        "TRADEPOST_DATA": str(folder),
        "TRADEPOST_PORT": str(port),
        "TRADEPOST_LOG_LEVEL": os.environ.get("TRADEPOST_TEST_LOG", "ERROR"),
        "TRADEPOST_SECRET_KEY": "a key that only this test uses, long enough",
        **more,
    }
    subprocess.run([sys.executable, "-m", "tests.chaos.people"], env=environment, cwd=ROOT, check=True, timeout=600)
    process = subprocess.Popen([*MAIN, "serve"], env=environment, stdin=subprocess.DEVNULL)
    server = Server(process, port, environment)
    try:
        deadline = time.monotonic() + 3 * WITHIN
        while True:
            try:
                server.get("/healthz")
            except OSError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
            else:
                break
        for _ in range(20):
            server.get()
        yield server
    finally:
        process.terminate()
        process.wait(3 * WITHIN)


class Watch:
    """Request a page repeatedly, and measure the memory of the server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._times: list[float] = []
        self._statuses: set[int] = set()
        self.most_megabytes = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(waiting.TIMEOUT)

    def _ask(self) -> None:
        connection = self._server.connect("127.0.0.9")
        while not self._over.wait(0.01):
            begun = time.perf_counter()
            self._statuses.add(self._server.get(connection=connection)[0])
            self._times.append(time.perf_counter() - begun)
            if len(self._times) % 10 == 0:
                self.most_megabytes = max(self.most_megabytes, self._server.megabytes())

    def p95(self) -> float:
        """Return the 95th percentile of response times in milliseconds."""
        assert self._statuses == {200}, self._statuses
        return 1000 * sorted(self._times)[int(len(self._times) * 0.95)]

    def median(self) -> float:
        """Return the median in milliseconds."""
        assert self._statuses == {200}, self._statuses
        return 1000 * statistics.median(self._times)

    def pages(self) -> int:
        return len(self._times)

    def slowest(self) -> float:
        """Return the milliseconds of the slowest page: a single hanging page shows in no percentile."""
        return 1000 * max(self._times)
