"""A whole market in processes: web and worker by ``tradepost up``, the sample seller, and a mail server.

Used by the browser tests and by scripts/shots.py. The seller is a process that can be killed and started again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests import waiting
from tests.market.notifications import mail_server
from tradepost.cli.serve import free_port
from tradepost.kit.sample import folder

ROOT = Path(__file__).resolve().parents[2]
MAIN = [sys.executable, "-c", "from tradepost.cli import main; main()"]
OFFICE_KEY = "0123456789abcdef0123456789ABCDEF"
START_WITHIN = 120
STOP_WITHIN = 60


@dataclass
class Market:
    """A running market. ``made`` is the output of history.py: keys of the seller, logins, numbers of orders and so on."""

    folder: Path
    database: str
    mail: mail_server.Server
    port: int = field(default_factory=free_port)
    seller_port: int = field(default_factory=free_port)
    made: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def seller_url(self) -> str:
        return f"http://127.0.0.1:{self.seller_port}"

    def env(self, **more: str) -> dict[str, str]:
        foreign = ("TRADEPOST_", "DJANGO_", "PORT", "DATABASE_URL")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "TRADEPOST_DATA": str(self.folder), "TRADEPOST_SANDBOX": "1", "TRADEPOST_PORT": str(self.port),
            "DATABASE_URL": self.database, "TRADEPOST_MAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "DJANGO_SETTINGS_MODULE": "tradepost.market.settings", "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))), "LC_ALL": "C.UTF-8", **more,
        }  # fmt: skip

    def history(self, *parts: str, seller_url: str = "") -> None:
        """Run history.py with the market's settings and keep its output. ``seller_url``: of another seller than the
        sample."""
        url = seller_url or self.seller_url
        self.made |= json.loads(self._run(sys.executable, "-m", "tests.browser.history", url, *parts))

    def clock_advance(self, distance: str) -> None:
        self._run(*MAIN, "clock", "advance", distance)

    def start_seller(self) -> None:
        self._start(
            "seller", sys.executable, str(folder()), "--port", str(self.seller_port),
            "--data", str(self.folder / "seller"), "--market", self.url,
            SELLER_KEY=self.made["signing_key"], SELLER_AK=self.made["access_key"], SELLER_SK=self.made["secret_key"],
        )  # fmt: skip
        self._wait_for("seller", self.seller_port)

    def start_office(self, *protocols: str) -> str:
        """Start another sample seller, after the tester bought from it. Its data do not matter. Return the page for its
        staff."""
        port = free_port()
        self._start(
            "office", sys.executable, str(folder()), "--port", str(port), "--data", str(self.folder / "office"),
            "--protocol", ",".join(protocols), SELLER_KEY=OFFICE_KEY,
        )  # fmt: skip
        self._wait_for("office", port)
        for name in protocols:
            address = f"http://127.0.0.1:{port}/produce/{name}"
            self._run(*MAIN, "check", address, "--protocol", name, "--key", OFFICE_KEY)
        found = re.search(r"for your eyes only: (\S+)", self.log("office"))
        assert found
        return found[1]

    def kill_seller(self) -> None:
        """Kill the seller's process: connections are refused from now on."""
        process = self.processes.pop("seller")
        process.kill()
        process.wait(waiting.TIMEOUT)

    def start_market(self) -> None:
        self._start("up", *MAIN, "up")
        self._wait_for("up", self.port)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(waiting.TIMEOUT)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def faults(self) -> list[str]:
        """Return the errors in the logs of web and worker."""
        return [
            line for line in self.log("up").splitlines() if re.search(r'"level": ?"(error|critical)"|Traceback', line)
        ]

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env(), capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _start(self, name: str, *command: str, **more: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=self.folder, env=self.env(**more), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait_for(self, name: str, port: int) -> None:
        end = time.monotonic() + START_WITHIN
        while not _answers(port):
            assert self.processes[name].poll() is None, f"{name} ended: {self.log(name)[-3000:]}"
            assert time.monotonic() < end, f"{name} does not answer: {self.log(name)[-3000:]}"
            time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False


@contextmanager
def market(folder: Path, database: str = "") -> Iterator[Market]:
    """Run a seeded market with its seller and its mail server."""
    folder.mkdir(parents=True, exist_ok=True)
    with mail_server.running() as mail:
        running = Market(folder, database, mail)
        try:
            running.history("seed")
            running.start_market()
            running.start_seller()
            yield running
        finally:
            running.stop()
