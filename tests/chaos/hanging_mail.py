"""A mail server accepts connections and never answers while twenty people reset their password: pages are not slower,
the forms are answered, and the mails wait for the worker.

``python -m tests.chaos.hanging_mail`` prints its results as JSON.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests import waiting
from tests.chaos.people import PERSON_COUNT, email
from tests.chaos.served import Answer, Server, Watch, served
from tests.cli.command_line import MAIN
from tests.cli.running import wait_for

RESET = "/account/password/reset/"
PAUSE = 0.2
"""Seconds between two forms: their wait is tested, not their number. If mail were sent in the request, each would hold
its thread for the mailer's 20 s, and the sixteenth would take the last thread.
"""


class Silent:
    """Accept connections and never answer, as a mail server behind a broken load balancer does."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listening.getsockname()[1]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self._listening.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._listening.close()
        for connection in self.connections:
            connection.close()


def counted(folder: Path, statement: str) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "tradepost.sqlite3")) as database:
        return dict(database.execute(statement))


@contextmanager
def worker(server: Server) -> Iterator[None]:
    """Run a worker that has already started: its start must not affect the figures."""
    process = subprocess.Popen([*MAIN, "worker"], env=server.environment, stdin=subprocess.DEVNULL)
    folder = Path(server.environment["TRADEPOST_DATA"])
    try:
        wait_for(lambda: counted(folder, "SELECT 'alive', count(*) FROM base_workerprocess")["alive"])
        yield
    finally:
        process.kill()  # a mail is being sent, for 20 s
        process.wait(waiting.TIMEOUT)


def send_reset_form(server: Server, number: int, answers: list[Answer]) -> None:
    """Send the form from another address each time, so that no limit per visitor applies."""
    form = server.form(f"127.0.1.{number + 1}", RESET)
    answers.append(server.send(form, RESET, {"email": email(number)}))


def run() -> dict[str, Any]:
    silent = Silent()
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-mail-", ignore_cleanup_errors=True) as name,
        closing(silent),
        served(Path(name), mail_url=f"smtp://127.0.0.1:{silent.port}") as server,
        worker(server),
    ):
        with Watch(server) as alone:
            time.sleep(2)
        answers: list[Answer] = []
        people = [threading.Thread(target=send_reset_form, args=(server, n, answers)) for n in range(PERSON_COUNT)]
        with Watch(server) as loaded:
            for person in people:
                person.start()
                time.sleep(PAUSE)
            for person in people:
                person.join(waiting.TIMEOUT)
            wait_for(lambda: silent.connections)
            time.sleep(1)
        return {
            "p95_alone_ms": round(alone.p95(), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
            "slowest_page_ms": round(loaded.slowest()),
            "answers": sorted({answer.status for answer in answers}),
            "answered": len(answers),
            "slowest_answer_ms": round(max(answer.milliseconds for answer in answers)),
            "megabytes_most": round(max(loaded.most_megabytes, server.megabytes())),
            "connections_to_mail": len(silent.connections),
            "mails": counted(Path(name), "SELECT status, count(*) FROM notifications_noticedelivery GROUP BY status"),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run()) + "\n")
