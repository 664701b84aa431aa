"""Twenty people log in at the same moment, again and again: pages come as before, and memory stays bounded.

``python -m tests.chaos.parallel_logins [ROUNDS]`` prints what it found as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.chaos.people import HOW_MANY, PASSWORD, email
from tests.chaos.served import Server, Watch, served


def log_in(server: Server, number: int) -> tuple[int, str, float]:
    """Each from an address of its own. Status, when to come again, and the milliseconds that form and answer took."""
    begun = time.perf_counter()
    status, headers = server.log_in(email(number), PASSWORD, source=f"127.0.1.{number + 1}")
    return status, headers.get("Retry-After", ""), 1000 * (time.perf_counter() - begun)


def run(rounds: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-logins-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
        ThreadPoolExecutor(HOW_MANY) as visitors,
    ):
        with Watch(server) as alone:
            time.sleep(2)
        before = server.megabytes()
        took: list[float] = []
        answers: Counter[str] = Counter()
        with Watch(server) as loaded:
            for _ in range(rounds):
                for status, again, milliseconds in visitors.map(lambda n: log_in(server, n), range(HOW_MANY)):
                    answers[f"{status} {again}".strip()] += 1
                    took.append(milliseconds)
                time.sleep(0.5)
        return {
            "p95_alone_ms": round(alone.p95(), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
            "answers": dict(answers),
            "slowest_login_ms": round(max(took)),
            "megabytes_before": round(before),
            "megabytes_most": round(loaded.most_megabytes),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 6)) + "\n")
