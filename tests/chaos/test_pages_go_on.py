"""Every page and form is answered while a mail server hangs or writers wait, and memory stays within 400 MB.

``make bench ARGS=under-attack`` measures times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.architecture.source import ROOT
from tests.chaos.people import PERSON_COUNT


def figures(program: str) -> dict[str, Any]:
    """Run a chaos program from the command line and return its output. It fails if a page is not answered."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEPOST_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{program}"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["megabytes_most"] <= 400, found
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pages_are_answered_while_a_mail_server_hangs() -> None:
    found = figures("hanging_mail")
    assert (found["answers"], found["answered"]) == ([302], PERSON_COUNT), found
    assert found["connections_to_mail"] > 0, "the worker has met the server that hangs"
    assert found["mails"] == {"waiting": PERSON_COUNT}, found


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_pages_are_answered_while_writers_wait_for_sqlite_s_lock() -> None:
    found = figures("waiting_writers")
    assert sum(found["answers"].values()) == PERSON_COUNT, found
    assert set(found["answers"]) <= {"503 5", "302"}, found
    assert found["after"] == 302, found
