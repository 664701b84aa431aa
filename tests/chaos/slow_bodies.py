"""Two hundred request bodies that never end, and large ones without a purpose: pages are not slower, and forms are
answered.

``python -m tests.chaos.slow_bodies [SECONDS]`` prints its results as JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.people import PASSWORD, email
from tests.chaos.served import Answer, Server, Watch, served

MAX_LOGINS = 25
"""A network may log in thirty times a minute (``web/limits.py``)."""
HALF_SENT = 200
LARGE = 40
MIB = 1024 * 1024


def begin(server: Server, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(request.replace(b"HOST", b"Host: 127.0.0.1:%d" % server.port))
    return connection


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BODIES = (
    b"POST /account/login/ HTTP/1.1\r\nHOST\r\n" + FORM + b"Content-Length: 1000\r\n\r\na=",
    b"GET /api/mkp-openapi-public/global/v1/order/query HTTP/1.1\r\nHOST\r\nContent-Length: 1000\r\n\r\n{",
    b"POST /account/login/ HTTP/1.1\r\nHOST\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
)
UNWANTED = b"POST /api/none/of/ours HTTP/1.1\r\nHOST\r\nContent-Length: %d\r\n\r\n" % (12 * MIB)


def send_large(server: Server) -> socket.socket:
    """Send as much of 12 MiB as the server accepts."""
    connection = begin(server, UNWANTED)
    connection.setblocking(False)  # socket's signature
    piece = b"x" * MIB
    try:
        for _ in range(12):
            connection.send(piece)
    except OSError:
        pass  # it accepts no more, or has closed
    return connection


def count_ended(connections: list[socket.socket]) -> int:
    """Return how many of them the server has answered or closed."""
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection, selectors.EVENT_READ)
    return len(selector.select(0))


def run(seconds: float) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-slow-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
    ):
        with Watch(server) as alone:
            time.sleep(2)
        before = server.megabytes()
        half = [begin(server, BODIES[i % len(BODIES)]) for i in range(HALF_SENT)]
        large = [send_large(server) for _ in range(LARGE)]
        form, logins = server.form(), list[Answer]()
        begun = time.monotonic()
        with Watch(server) as loaded:
            while time.monotonic() - begun < seconds:
                logins.append(server.log_in(form, email(0), PASSWORD))
                time.sleep(max(0.3, seconds / MAX_LOGINS))
        until = begun + 25
        while count_ended(half) < HALF_SENT and time.monotonic() < until:
            time.sleep(0.05)
        with Watch(server) as after:
            time.sleep(1)
        found = {
            "p95_alone_ms": round(max(alone.p95(), after.p95()), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
            "logins": len(logins),
            "login_statuses": sorted({login.status for login in logins}),
            "slowest_login_ms": round(max(login.milliseconds for login in logins)),
            "megabytes_before": round(before),
            "megabytes_most": round(max(loaded.most_megabytes, server.megabytes())),
            "half_sent_ended": count_ended(half),
            "all_ended_after_s": round(time.monotonic() - begun, 1),
            "large_ended": count_ended(large),
        }
        for connection in half + large:
            connection.close()
        return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 8)) + "\n")
