"""Issue 13, "Must show" 2: the billed usage is exactly the usage that was sent, whatever is killed during pushes, voids
and billing.

A million records, 5 % late and 5 % voided, through fifty kills of web and worker: ``make soak``. Otherwise as many as
half a minute allows.
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
TIMEOUT = 3600 if sampling.SOAK else 880


def storm() -> dict[str, Any]:
    """Run the storm from the command line, on the database of this run, with its own environment."""
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
        timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT + 10)
def test_billed_usage_is_the_sent_usage_after_kills() -> None:
    found = storm()
    assert LATE == VOIDED == 20
    assert (found["kills"], found["sent"]) == (KILLS, RECORDS), found
    assert (found["records"], found["known"], found["refused"]) == (RECORDS, RECORDS, 0), found
    assert found["voided"] == found["taken_back"] == RECORDS // VOIDED, found
    assert (found["wrong"], found["problems"]) == ([], []), found
    assert found["collections"] > 1, found
