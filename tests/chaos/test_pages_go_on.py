"""Issue 8, "Must show" 1: whatever hangs beside it, a market's pages come as before: GET p95 ≤ 2 × of an unloaded server, POST
answered, RSS ≤ 400 MB. The programs say so in figures; beside other tests only what hangs can be told from what is slow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests import sampling
from tests.architecture.source import ROOT
from tests.chaos.people import HOW_MANY

NOTICEABLE = 250.0
"""Milliseconds: beside other tests an idle server's pages differ by as much from second to second. What hangs takes 18,000."""
LONGEST_PAGE = 4000
"""Milliseconds: a lock is waited for for 5 s, a mail server for 20."""


def figures(program: str) -> dict[str, Any]:
    """What the program prints, run as a person would; its environment is its own. Fails when its pages hung."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEPOST_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{program}"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=160, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["p95_loaded_ms"] <= max(2 * found["p95_alone_ms"], found["p95_alone_ms"] + NOTICEABLE), found
    assert found["slowest_page_ms"] < LONGEST_PAGE, found
    assert found["megabytes_most"] <= 400, found
    return found


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.sampled(1 / 3)
@pytest.mark.timeout(170)
def test_while_a_mail_server_hangs() -> None:
    found = figures("hanging_mail")
    assert (found["answers"], found["answered"]) == ([302], HOW_MANY), found
    assert found["slowest_answer_ms"] < LONGEST_PAGE, found
    assert found["connections_to_mail"] > 0, "the worker has met the server that hangs"
    assert found["mails"] == {"waiting": HOW_MANY}, found


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.skipif(not sampling.SOAK, reason="make soak; tests/market/web/test_writers.py holds the rules")
@pytest.mark.timeout(170)
def test_while_writers_wait_for_the_lock_of_sqlite() -> None:
    found = figures("waiting_writers")
    assert sum(found["answers"].values()) == HOW_MANY, found
    assert set(found["answers"]) <= {"503 5", "302"}, found
    assert found["slowest_answer_s"] < 15, found
    assert found["after"] == 302, found
