"""A server with a period image is created, runs, expires, gets another disk and is released while the worker is killed
at each step (issue 26, 5).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

POSTGRES = os.environ.get("TRADEPOST_TEST_DB") == "postgres"
TIMEOUT = 880
"""Seconds. Beside eight other runs on two cores, it takes four minutes."""
STEPS = {"created": 5, "stopped": 5, "running": 5, "expired": 5, "released": 0}


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT + 10)
def test_every_server_has_exactly_one_order() -> None:
    """§5: "only bought together with an ECS". Each of five orders has exactly one server, whenever its worker died."""
    command = [sys.executable, "-m", "tests.chaos.cloud_kills", *(["--postgres"] if POSTGRES else [])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert {name: counts["servers"] for name, counts in found["counts"].items()} == STEPS, found
    for name, counts in found["counts"].items():
        assert (counts["servers_without_order"], counts["orders_without_server"], counts["orphans"]) == ([], [], 0), (
            name
        )
        assert counts["made"] == found["ordered"] == 5, "no second server was made"
        assert (counts["orders"], counts["orders_by_status"]) == (STEPS[name], ["completed"]), name
        assert counts["tasks_given_up"] == [], name
    assert found["problems"] == []
    assert found["disks"] == {"replaced": 5, "released": 0}, "one disk of each server, and none afterwards"
    at_calls = {kill.partition(" ")[2] for kill in found["kills"]} & {
        "DescribeInstances", "RunInstances", "StopInstances", "StartInstances", "TerminateInstances",
        "AttachVolume",
    }  # fmt: skip
    assert (len(found["kills"]), len(at_calls)) == (25, 6), found["kills"]
