"""No order is lost, each creates exactly one instance, every call ends and the ledger balances, whatever process is
killed.
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

POSTGRES = os.environ.get("TRADEPOST_TEST_DB") == "postgres"
KILLS, ORDERS = sampling.size(100, least=10), sampling.size(150, least=15)
"""With fewer kills, none may hit an open call."""
TIMEOUT = 890
"""Seconds. On an idle machine a whole storm takes one minute, beside other work up to five."""


def storm(workers: int) -> dict[str, Any]:
    """Run the storm from the command line, on the database of this run, with its own environment."""
    command = [
        sys.executable,
        "-m",
        "tests.chaos.storm",
        f"--kills={KILLS}",
        f"--workers={workers}",
        f"--orders={ORDERS}",
        f"--seed={sampling.SEED}",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADEPOST_")}
    done = subprocess.run(
        [*command, *(["--postgres"] if POSTGRES else [])], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT + 10)
@pytest.mark.parametrize("workers", [1, 2])
def test_everything_exists_exactly_once_after_a_storm(workers: int) -> None:
    found = storm(workers)
    assert (found["kills"], found["crashes"]) == (KILLS, 2 if POSTGRES else 0), found
    assert found["lost"] == 0, found
    assert found["paid"] >= found["acknowledged"] == ORDERS, found
    assert found["by_status"] == {"completed": found["paid"]}, found
    assert found["accounts_at_seller"] == found["paid"], found
    assert (found["accounts_nobody_holds"], found["subscriptions_without_account"]) == (0, 0), found
    assert (found["calls_not_ended"], found["calls_with_missing_attempts"]) == (0, 0), found
    assert found["calls"] == 2 * found["paid"], found
    assert found["attempts_lost_with_a_worker"] > 0, "the kills must have hit open calls"
    assert found["events_left"] == [], found
    assert found["ledger"] == [], found
