"""1,500 connections each start a request head of 400 kB, or send it one byte at a time, while another visitor reads
pages.

``python -m tests.chaos.unfinished_heads [CONNECTIONS]`` prints memory and medians, idle and under attack, as JSON.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.served import Server, Watch, served

CONNECTIONS = 1500
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: "
PADDING = b"a" * 400_000
ATTACKER, NEIGHBOUR = "127.0.0.66", "127.0.0.67"
"""Addresses that the market does not trust as proxies."""
HEAD_TIMEOUT = 10.0
"""Seconds in which a head must arrive."""


def connect(server: Server, source: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(source, 0))
    connection.setblocking(False)  # socket's signature
    return connection


def push(connection: socket.socket, content: bytes) -> int:
    """Return how many bytes the kernel accepts now; 0 if the server closed the connection or reads no more."""
    with suppress(OSError):
        return connection.send(content)
    return 0


def is_open(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(4096)) and is_open(connection)
    except BlockingIOError:
        return True
    except OSError:
        return False


def attack(server: Server, number: int) -> list[socket.socket]:
    """Half of the connections send a large head without its end; the others start one."""
    opened = []
    for n in range(number):
        try:
            connection = connect(server, ATTACKER)
        except OSError:
            continue
        push(connection, HEAD)
        if n % 2:
            push(connection, PADDING)
        opened.append(connection)
    return opened


def run(number: int) -> dict[str, Any]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * number)), hard))
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-heads-", ignore_cleanup_errors=True) as name,
        served(Path(name), trusted_proxies="127.0.0.1") as server,
    ):
        with Watch(server) as idle:
            time.sleep(2)
        before = server.megabytes()
        began = time.monotonic()
        open_at_once = 0
        with Watch(server) as attacked:
            connections = attack(server, number)
            while time.monotonic() < began + HEAD_TIMEOUT + 3:
                live = [one for one in connections if is_open(one)]
                open_at_once = max(open_at_once, len(live)) if time.monotonic() > began + 2 else open_at_once
                for connection in live:
                    push(connection, PADDING[:64_000] if connection.fileno() % 2 else b"a")
                time.sleep(1)
        until = time.monotonic() + 2 * HEAD_TIMEOUT
        while (left := sum(is_open(one) for one in connections)) and time.monotonic() < until:
            time.sleep(0.2)
        neighbour = server.get(connection=server.connect(NEIGHBOUR))[0]
        for connection in connections:
            connection.close()
        return {
            "connections": len(connections),
            "median_idle_ms": round(idle.median(), 1),
            "median_under_attack_ms": round(attacked.median(), 1),
            "slowest_under_attack_ms": round(attacked.slowest(), 1),
            "pages_under_attack": attacked.pages(),
            "megabytes_idle": round(before),
            "megabytes_under_attack": round(max(attacked.most_megabytes, server.megabytes())),
            "open_after_2_s": open_at_once,
            "open_in_the_end": left,
            "neighbours_page": neighbour,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS)) + "\n")
