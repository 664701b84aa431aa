"""A signed-in person requests a document of their own on many connections, and reads none of the responses.

``python -m tests.chaos.slow_readers [CONNECTIONS]`` prints its results as JSON.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from tests.chaos.large_bodies import MIB, session_cookie
from tests.chaos.people import email
from tests.chaos.served import Server, Watch, served
from tradepost.market.base.files import Files

MEGABYTES = 19
"""Size of the document: a receipt may have 20."""
CONNECTIONS = 200
SMALL = 4096
"""Bytes that this end receives before its window is full."""


def store_document(folder: Path) -> str:
    """Store a document of the first person, as if uploaded, and return its hash."""
    sha256 = Files(folder / "files").put(b"%PDF-1.7\n" + b"x" * (MEGABYTES * MIB))
    with closing(sqlite3.connect(folder / "tradepost.sqlite3")) as database, database:
        [user] = database.execute("SELECT id FROM identity_user WHERE email = ?", [email(0)]).fetchone()
        database.execute(
            "INSERT INTO assets_proof (sha256, kind, name, bytes, by_id, created_at)"
            " VALUES (?, 'application/pdf', 'receipt.pdf', ?, ?, '2026-03-01 08:00:00')",
            [sha256, MEGABYTES * MIB, user],
        )
    return sha256


def ask(server: Server, path: str, cookie: str) -> socket.socket:
    """Send a request, wait for the first bytes of the response, and read no more."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {cookie}\r\n\r\n".encode())
    assert connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
    return connection


def run(connections: int = CONNECTIONS) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-readers-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
        ExitStack() as opened,
    ):
        path, cookie = f"/proofs/{store_document(Path(name))}/", session_cookie(server)
        with Watch(server) as alone:
            time.sleep(2)
        before = server.megabytes()
        for _ in range(connections):
            opened.enter_context(ask(server, path, cookie))
        with Watch(server) as loaded:
            time.sleep(2)
        return {
            "connections": connections,
            "document_megabytes": MEGABYTES,
            "megabytes_before": round(before),
            "megabytes_most": round(max(loaded.most_megabytes, server.megabytes())),
            "p95_alone_ms": round(alone.p95(), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS)) + "\n")
