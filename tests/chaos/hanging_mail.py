"""A mail server that accepts and never answers, and twenty people who forgot their password: pages come as before, the forms
are answered, and the mails wait for the worker.

``python -m tests.chaos.hanging_mail`` prints what it found as JSON.
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

from tests.chaos.people import HOW_MANY, email
from tests.chaos.served import Answer, Server, Watch, served
from tests.cli.command_line import MAIN
from tests.cli.running import wait_for

RESET = "/account/password/reset/"
APART = 0.2
"""Seconds between two forms: it is not their number that is tried, but what they wait for. Sent in the request, each would
hold its thread for the mailer's 20 s, and the sixteenth the last one."""


class Silent:
    """Takes connections and never says a word, as a mail server behind a broken balancer does."""

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
    """Alive: what it takes to start is not to be felt later."""
    process = subprocess.Popen([*MAIN, "worker"], env=server.environment, stdin=subprocess.DEVNULL)
    folder = Path(server.environment["TRADEPOST_DATA"])
    try:
        wait_for(lambda: counted(folder, "SELECT 'alive', count(*) FROM base_workerprocess")["alive"])
        yield
    finally:
        process.kill()  # a mail is on its way, for 20 s
        process.wait()


def forgot(server: Server, number: int, answers: list[Answer]) -> None:
    """From an address each, so that no limit of one visitor answers instead."""
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
        people = [threading.Thread(target=forgot, args=(server, n, answers)) for n in range(HOW_MANY)]
        with Watch(server) as loaded:
            for person in people:
                person.start()
                time.sleep(APART)
            for person in people:
                person.join()
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
