"""Twenty people log in at the same time, repeatedly: pages are not slower, and memory stays bounded.

``python -m tests.chaos.parallel_logins [ROUNDS]`` prints its results as JSON.
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

from tests.chaos.people import PASSWORD, PERSON_COUNT, email
from tests.chaos.served import Answer, Watch, served


def run(rounds: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-logins-", ignore_cleanup_errors=True) as name,
        served(Path(name)) as server,
        ThreadPoolExecutor(PERSON_COUNT) as visitors,
    ):
        with Watch(server) as alone:
            time.sleep(2)
        before = server.megabytes()
        forms = [server.form(f"127.0.1.{number + 1}") for number in range(PERSON_COUNT)]  # each from another address
        answers: list[Answer] = []
        with Watch(server) as loaded:
            for _ in range(rounds):
                together = visitors.map(lambda n: server.log_in(forms[n], email(n), PASSWORD), range(PERSON_COUNT))
                answers += together
                time.sleep(0.5)
        with Watch(server) as after:
            time.sleep(1)
        return {
            "p95_alone_ms": round(max(alone.p95(), after.p95()), 1),
            "p95_loaded_ms": round(loaded.p95(), 1),
            "answers": dict(Counter(f"{answer.status} {answer.again}".strip() for answer in answers)),
            "slowest_login_ms": round(max(answer.milliseconds for answer in answers)),
            "megabytes_before": round(before),
            "megabytes_most": round(loaded.most_megabytes),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 6)) + "\n")
