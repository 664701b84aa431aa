"""100 parallel requests from one address while another visitor reads pages and sends forms.

``python -m tests.chaos.unfair_share [SECONDS]`` prints as JSON medians idle and under attack, the responses to the
attacker, and the memory of the web process.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import waiting
from tests.chaos.people import PASSWORD, email
from tests.chaos.served import LOGIN, Server, Watch, served

PARALLEL = 100
ATTACKER = "127.0.0.66"
VISITOR = "127.0.0.9"
"""The address of ``Watch``."""
PATHS = ("/", LOGIN, "/?q=crm")


@contextmanager
def attacked(server: Server, answers: Counter[str]) -> Iterator[None]:
    """While the block runs, ``PARALLEL`` connections of one address request pages as fast as they are answered."""
    over = threading.Event()

    def ask(number: int) -> None:
        connection: http.client.HTTPConnection | None = None
        while not over.is_set():
            try:
                connection = connection or server.connect(ATTACKER)
                connection.request("GET", PATHS[number % len(PATHS)])
                answer = connection.getresponse()
                answer.read()
                answers[f"{answer.status} {answer.headers.get('Retry-After') or ''}".strip()] += 1
            except (OSError, http.client.HTTPException):
                answers["closed"] += 1
                connection = None

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(PARALLEL)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(waiting.TIMEOUT)


def run(seconds: float) -> dict[str, Any]:
    answers: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-share-", ignore_cleanup_errors=True) as name,
        served(Path(name), trusted_proxies="127.0.0.1") as server,
    ):
        with Watch(server) as idle:
            time.sleep(seconds / 2)
        before = server.megabytes()
        form = server.form(VISITOR)
        with attacked(server, answers), Watch(server) as loaded:
            time.sleep(seconds / 2)
            login = server.log_in(form, email(0), PASSWORD)
            time.sleep(seconds / 2)
        with Watch(server) as after:
            time.sleep(1)
        return {
            "median_idle_ms": round(idle.median(), 1),
            "median_under_attack_ms": round(loaded.median(), 1),
            "p95_idle_ms": round(idle.p95(), 1),
            "p95_under_attack_ms": round(loaded.p95(), 1),
            "pages_under_attack": loaded.pages(),
            "login_under_attack": login.status,
            "login_under_attack_ms": round(login.milliseconds),
            "attackers_answers": dict(answers),
            "median_after_ms": round(after.median(), 1),
            "megabytes_idle": round(before),
            "megabytes_under_attack": round(max(loaded.most_megabytes, server.megabytes())),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 8)) + "\n")
