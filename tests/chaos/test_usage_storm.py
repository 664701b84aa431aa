"""Issue 13, "Must show" 2: whatever is killed while usage comes, is voided and is billed, what is billed is what was sent, exactly.

A million records, 5 % late and 5 % voided, through fifty kills of web and worker: ``make soak``. Else as many as half a minute allows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests import sampling
from tests.architecture.source import ROOT
from tests.chaos.usage_storm import LATE, VOIDED

POSTGRES = os.environ.get("TRADEPOST_TEST_DB") == "postgres"
RECORDS, KILLS = (1_000_000, 50) if sampling.SOAK else (20_000, 3)
WITHIN = 3600 if sampling.SOAK else 880


def storm() -> dict[str, Any]:
    """Run it as a person would, on the database of this pass; its environment is its own."""
    command = [
        sys.executable,
        "-m",
        "tests.chaos.usage_storm",
        f"--records={RECORDS}",
        f"--kills={KILLS}",
        f"--seed={sampling.SEED}",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEPOST_", "PYTEST_"))}
    done = subprocess.run(
        [*command, *(["--postgres"] if POSTGRES else [])], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=WITHIN, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.timeout(WITHIN + 10)
def test_what_is_billed_is_what_was_sent_whatever_dies() -> None:
    found = storm()
    assert LATE == VOIDED == 20
    assert (found["kills"], found["sent"]) == (KILLS, RECORDS), found
    assert (found["records"], found["known"], found["refused"]) == (RECORDS, RECORDS, 0), found
    assert found["voided"] == found["taken_back"] == RECORDS // VOIDED, found
    assert (found["wrong"], found["problems"]) == ([], []), found
    assert found["collections"] > 1, found
