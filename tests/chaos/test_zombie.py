"""A worker whose lease expired and that wakes up late does nothing a second time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT


@pytest.mark.postgres  # a process that is stopped during a write holds SQLite's lock and blocks the others
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_worker_that_wakes_up_after_its_lease_changes_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos.zombie", "--postgres"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADEPOST_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    # Lost, until the sleeping worker reports its result (decision 0017).
    assert found["attempts"] == [
        ["Create", 1, "done", "sleeper"],
        ["Create", 2, "done", "other"],
        ["Query", 1, "done", "other"],
    ]
    assert (found["status"], found["calls"], found["outcomes"]) == ("completed", 2, ["done"])
    assert found["instance"] not in {"", "of-the-first-call"}
    assert found["ledger"] == []
