"""Requests from outside cannot stop the market: endless bodies are closed, and every sign-in is answered.

``make bench ARGS=under-attack`` measures times.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests import sampling
from tests.architecture.source import ROOT

pytestmark = pytest.mark.timeout(900)
MEMORY = 400
"""Megabytes of the server and its worker together."""


def figures(program: str, argument: int) -> dict[str, Any]:
    """Run an attack program from the command line and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{program}", str(argument)],
        cwd=ROOT, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.slow
def test_endless_bodies_do_not_block_other_forms() -> None:
    """200 half-sent bodies blocked every other form for as long as they were open; forty of 12 MiB used 550 MB."""
    found = figures("slow_bodies", sampling.size(60, least=4))
    assert found["login_statuses"] == [302], found
    assert found["megabytes_most"] <= MEMORY, found
    assert found["half_sent_ended"] == 200, found
    assert found["large_ended"] == 40, found


@pytest.mark.soak
def test_twenty_parallel_sign_ins_do_not_block_others() -> None:
    """They used 1.6 GB."""
    found = figures("parallel_logins", sampling.size(60, least=4))
    assert set(found["answers"]) <= {"302", "503 5"}, found
    assert found["answers"]["302"] >= 40, found
    assert found["megabytes_most"] <= MEMORY, found
