"""Somebody holds SQLite's lock, and twenty forms wait for it: pages come as before, and who waits too long is told to come again.

``python -m tests.chaos.waiting_writers`` prints what it found as JSON.
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

from tests.chaos.people import HOW_MANY, email
from tests.chaos.served import Answer, Server, Watch, served

HELD = 6.0
"""Seconds that the lock is held: longer than a writer waits for it, so that all that can be said is said."""
FORM = "/account/password/reset/"


def send(server: Server, number: int) -> Answer:
    """A form that writes a row."""
    return server.send(server.form(f"127.0.1.{number + 1}", FORM), FORM, {"email": email(number)})


def run() -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-writers-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
        closing(sqlite3.connect(Path(name) / "tradepost.sqlite3", isolation_level=None)) as holder,
        ThreadPoolExecutor(HOW_MANY) as visitors,
    ):
        with Watch(server) as alone:
            time.sleep(2)
        holder.execute("BEGIN IMMEDIATE")
        with Watch(server) as loaded:
            writing = [visitors.submit(send, server, number) for number in range(HOW_MANY)]
            time.sleep(HELD)
        holder.execute("ROLLBACK")
        answers = [done.result() for done in writing]
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
