"""A market on its real web server, for clients in separate processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import waiting
from tests.cli.command_line import MAIN
from tradepost.cli.serve import free_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Market:
    url: str
    access_key: str
    secret_key: str
    own: str
    foreign: str
    base_key: str
    product_id: str
    """Instance ID of ``metered-1``, a service on demand for two days."""
    tenant: str
    """Code of an enterprise with an application (``sign_in``)."""
    tenant_id: str
    client_id: str
    client_secret: str
    callback: str
    programs: list[dict[str, str]]
    """Of buyers: access key, and a service of the buyer in use with its product."""
    events: list[str]
    """Applications for licenses that no test has delivered yet: take one with ``pop``."""
    data: str
    """Its data folder."""
    process: int
    """Process of ``tradepost serve``, whose children answer."""

    @property
    def auth_centre(self) -> str:
        return f"{self.url}/t/{self.tenant}"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def _await_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the web server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the web server did not listen within a minute")


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A separate market, served like every market with ``tradepost serve``."""
    port = free_port()
    data = str(tmp_path_factory.mktemp("market"))
    environment = os.environ | {
        "TRADEPOST_DATA": data,
        "TRADEPOST_DATABASE_URL": "",
        "TRADEPOST_PORT": str(port),
        "TRADEPOST_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    prepared = subprocess.run(
        [sys.executable, "-m", "tests.interop.prepared_market"],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    with subprocess.Popen([*MAIN, "serve"], env=environment, cwd=ROOT) as server:
        try:
            _await_listening(port, server)
            # The program's last line: Django may print lines before it.
            yield Market(
                f"http://127.0.0.1:{port}",
                data=data,
                process=server.pid,
                **json.loads(prepared.stdout.splitlines()[-1]),
            )
        finally:
            server.terminate()
