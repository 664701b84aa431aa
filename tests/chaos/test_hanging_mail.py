"""Issue 8, 2 and "Must show" 1: while the mail server hangs, GET p95 ≤ 2 × of an unloaded server, POST answered, RSS ≤ 400 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT
from tests.chaos.people import HOW_MANY

NOTICEABLE = 250.0
"""Milliseconds: beside other tests an idle server's pages differ by as much from second to second. What hangs takes 18,000."""
LONGEST = 5000
"""Milliseconds of a page or a form: a quarter of what the mailer waits for its server."""


@pytest.mark.slow
@pytest.mark.timeout(170)
def test_a_mail_server_that_hangs_holds_up_nobody() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADEPOST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.hanging_mail"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=160, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["p95_loaded_ms"] <= max(2 * found["p95_alone_ms"], found["p95_alone_ms"] + NOTICEABLE), found
    assert (found["answers"], found["answered"]) == ([302], HOW_MANY), found
    assert max(found["slowest_answer_ms"], found["slowest_page_ms"]) < LONGEST, found
    assert found["megabytes_most"] <= 400, found
    assert found["connections_to_mail"] > 0, "the worker has met the server that hangs"
    assert found["mails"] == {"waiting": HOW_MANY}, found
