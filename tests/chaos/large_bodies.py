"""A signed-in person sends bodies of 200 MB to the forms that accept files, with their length stated and in chunks.

``python -m tests.chaos.large_bodies [MEGABYTES]`` prints its results as JSON.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.people import PASSWORD, email
from tests.chaos.served import LOGIN, Server, Watch, served

MIB = 1024 * 1024
PIECE = b"x" * 65_536
FORMS = ("/seller/invoices/1/issue/", "/seller/invoices/batch/", "/complaints/new/", "/balance/transfers/T/proof/")
"""The file of an invoice, a ZIP of many, the documents of a complaint and of a transfer."""


def session_cookie(server: Server) -> str:
    """Return the cookie of a session."""
    form, connection = server.form(), server.connect()
    fields = f"csrfmiddlewaretoken={form.key}&login={email(0)}&password={PASSWORD.replace(' ', '+')}"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": form.cookie}
    connection.request("POST", LOGIN, fields, headers)
    answer = connection.getresponse()
    assert answer.status == 302, answer.status
    return "; ".join(value.partition(";")[0] for name, value in answer.getheaders() if name == "set-cookie")


def send(server: Server, path: str, cookie: str, *, megabytes: int, chunked: bool) -> dict[str, Any]:
    """Send as long as the server accepts bytes. Return its response and whether it closed the connection."""
    begun, sent, answer, closed = time.monotonic(), 0, b"", False
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {megabytes * MIB}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: {cookie}\r\nAccept-Language: en\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{size}\r\n\r\n"
    )
    piece = b"%x\r\n%s\r\n" % (len(PIECE), PIECE) if chunked else PIECE
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(head.encode())
            while sent < megabytes * MIB:
                connection.sendall(piece)
                sent += len(PIECE)
        except OSError:
            pass  # it accepts no more
        try:
            while received := connection.recv(65_536):
                answer += received
            closed = True
        except ConnectionError:
            closed = True
        except TimeoutError:
            pass
    return {
        "path": path, "chunked": chunked, "sent_megabytes": round(sent / MIB, 1),
        "status": int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0,
        "words": b"larger than the" in answer, "closed": closed, "seconds": round(time.monotonic() - begun, 2),
    }  # fmt: skip


def run(megabytes: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-large-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
    ):
        cookie = session_cookie(server)
        before = server.megabytes()
        with Watch(server) as loaded:
            found = [
                send(server, path, cookie, megabytes=megabytes, chunked=chunked)
                for path in FORMS
                for chunked in (False, True)
            ]
        time.sleep(1)
        return {
            "answers": found, "p95_ms": round(loaded.p95(), 1), "megabytes_before": round(before),
            "megabytes_most": round(max(loaded.most_megabytes, server.megabytes())),
            "megabytes_after": round(server.megabytes()),
        }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200)) + "\n")
