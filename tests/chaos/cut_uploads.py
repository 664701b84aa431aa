"""tus clients, as published by their authors, upload a file over a connection that is cut three times. The market
buffers only a part of it.

``python -m tests.chaos.cut_uploads [MEBIBYTES]`` prints its results as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tusclient.client import TusClient

from tests import waiting
from tests.architecture.source import ROOT
from tests.chaos.served import Server, served

MIB = 1024 * 1024
TOKEN = "a" * 32
CUTS = 3
PIECE = 64 * 1024


class CutConnection:
    """A connection to the server that breaks after each of these numbers of bytes."""

    def __init__(self, port: int, cut_at: list[int]) -> None:
        self._to = port
        self._cut_at = cut_at
        self._carried = 0
        self._lock = threading.Lock()
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for one, other, counted in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=(one, other, counted), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := one.recv(PIECE):
                other.sendall(data)
                if counted and self._breaks(len(data)):
                    for end in (one, other):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it, which would keep it open
            with suppress(OSError):
                end.close()

    def _breaks(self, number: int) -> bool:
        with self._lock:
            self._carried += number
            if self._cut_at and self._carried >= self._cut_at[0]:
                self._cut_at.pop(0)
                self.cuts += 1
                return True
        return False

    def close(self) -> None:
        self._listening.close()


@contextmanager
def memory_of(server: Server) -> Iterator[dict[str, float]]:
    """Return the maximum memory of the server in megabytes while the block runs."""
    found, over = {"before": server.megabytes(), "most": 0.0}, threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            found["most"] = max(found["most"], server.megabytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(waiting.TIMEOUT)


def make_file(path: Path, mebibytes: int) -> str:
    """Write text that does not compress to nothing. Return its hash."""
    digest, line = hashlib.sha256(), b""
    with path.open("wb") as file:
        for number in range(mebibytes):
            line = hashlib.sha256(line + bytes([number % 256])).hexdigest().encode()
            piece = (line + b",\n") * (MIB // 66) + b"\n" * (MIB % 66)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def with_tuspy(line: CutConnection, file: Path, made: dict[str, Any], chunk: int) -> str:
    client = TusClient(
        f"http://127.0.0.1:{line.port}/uploads/",
        headers={"Cookie": f"sessionid={made['session']}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN},
    )
    about = {"filename": "weather.csv", "asset": str(made["asset"]), "label": f"tuspy-{chunk}"}
    options: dict[str, Any] = {"chunk_size": chunk} if chunk else {}
    uploader = client.uploader(str(file), metadata=about, retries=10, retry_delay=0.3, **options)
    uploader.upload()
    return str(uploader.url)


def with_tus_js(line: CutConnection, file: Path, made: dict[str, Any], chunk: int) -> str:
    cookie = f"sessionid={made['session']}; csrftoken={TOKEN}"
    done = subprocess.run(
        [
            "node", str(ROOT / "tests/chaos/tus_upload.mjs"), f"http://127.0.0.1:{line.port}/uploads/", str(file),
            str(made["asset"]), f"js-{chunk}", cookie, TOKEN, str(chunk),
        ],
        capture_output=True, text=True, timeout=900, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["url"])


CLIENTS = {"tuspy": with_tuspy, "tus-js-client": with_tus_js}


def run(mebibytes: int, *, chunks: tuple[int, ...] = (0, 8 * MIB)) -> dict[str, Any]:
    """``chunks``: bytes per request. 0: the client's default, which is the whole file in one."""
    found: dict[str, Any] = {"mebibytes": mebibytes}
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-uploads-", ignore_cleanup_errors=True) as name,
        served(Path(name), upload_day_bytes=str(2**40), sandbox="true") as server,
    ):
        made = json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.chaos.uploader"], env=server.environment, cwd=ROOT, check=True,
                capture_output=True, text=True, timeout=600,
            ).stdout.strip().splitlines()[-1]
        )  # fmt: skip
        file = Path(name) / "weather.csv"
        wanted = make_file(file, mebibytes)
        for client, upload in CLIENTS.items():
            if client == "tus-js-client" and shutil.which("node") is None:
                continue
            for chunk in chunks:
                size = file.stat().st_size
                line = CutConnection(
                    server.port, [size * part // (CUTS + 1) + size // 50 for part in range(1, CUTS + 1)]
                )
                begun = time.monotonic()
                with memory_of(server) as memory:
                    url = upload(line, file, made, chunk)
                line.close()
                token = url.rstrip("/").rpartition("/")[2]
                kept = Path(name) / "uploads" / token
                with kept.open("rb") as stored:
                    same = hashlib.file_digest(stored, "sha256").hexdigest() == wanted
                kept.unlink()
                found[f"{client}, {f'{chunk // MIB} MiB' if chunk else 'in one'}"] = {
                    "cuts": line.cuts, "whole": same, "seconds": round(time.monotonic() - begun, 1),
                    "megabytes_before": round(memory["before"]), "megabytes_most": round(memory["most"]),
                }  # fmt: skip
    return found


if __name__ == "__main__":
    os.environ.pop("TRADEPOST_DATA", None)
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 24), indent=1) + "\n")
