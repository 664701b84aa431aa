"""A process holds SQLite's lock while twenty forms wait for it: pages are not slower, and a form that waits too long is
told to retry.

``python -m tests.chaos.waiting_writers`` prints its results as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import waiting
from tests.chaos.people import PERSON_COUNT, email
from tests.chaos.served import Answer, Server, Watch, served

LOCK_DURATION = 6.0
"""Seconds for which the lock is held: longer than a writer waits for it, so that every error occurs."""
FORM = "/account/password/reset/"


def send(server: Server, number: int) -> Answer:
    """Send a form that writes a row."""
    return server.send(server.form(f"127.0.1.{number + 1}", FORM), FORM, {"email": email(number)})


def run() -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-writers-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
        closing(sqlite3.connect(Path(name) / "tradepost.sqlite3", isolation_level=None)) as holder,
        ThreadPoolExecutor(PERSON_COUNT) as visitors,
    ):
        with Watch(server) as alone:
            time.sleep(2)
        holder.execute("BEGIN IMMEDIATE")
        with Watch(server) as loaded:
            writing = [visitors.submit(send, server, number) for number in range(PERSON_COUNT)]
            time.sleep(LOCK_DURATION)
        holder.execute("ROLLBACK")
        answers = [done.result(waiting.TIMEOUT) for done in writing]
        return {
            "p95_alone_ms": round(alone.p95(), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
            "slowest_page_ms": round(loaded.slowest()),
            "answers": dict(Counter(f"{answer.status} {answer.again}".strip() for answer in answers)),
            "slowest_answer_s": round(max(answer.milliseconds for answer in answers) / 1000, 1),
            "after": send(server, 0).status,
            "megabytes_most": round(max(loaded.most_megabytes, server.megabytes())),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run()) + "\n")
