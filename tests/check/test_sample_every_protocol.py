"""The sample seller passes the tester on every protocol, as the process that a seller's engineer starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tradepost.check import Options, Report, Verdict, run
from tradepost.kit.sample import folder
from tradepost.protocols import registry

KEY = "0123456789abcdef0123456789ABCDEF"
ALL = sorted(registry.protocols())
SOURCES = Path(__file__).parents[2] / "src"


@contextmanager
def started(data: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, str(folder() / "seller.py"), "--port", "0", "--data", str(data), *options]
    environment = os.environ | {"PYTHONPATH": str(SOURCES), "SELLER_KEY": KEY}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("Sample seller: http://"), line
            yield f"{line.split()[2]}/produce"
        finally:
            process.kill()


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]


@pytest.mark.parametrize("name", ALL)
def test_the_sample_seller_passes(name, tmp_path):
    with started(tmp_path, "--protocol", name) as url:
        report = run(Options(url=url, protocol=name, key=KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0
    # No activity of a version is left out: a test call of each was answered.
    passed = {result.check_id for result in report.results if result.verdict is Verdict.PASSED}
    assert passed >= {f"debug.{activity}" for activity in registry.protocol(name).activities.values()}


def test_one_process_speaks_all_of_them_each_at_its_own_path(tmp_path):
    with started(tmp_path, "--protocol", ",".join(ALL[:4]), "--protocol", ",".join(ALL[4:])) as url:
        for name in ALL:
            options = Options(url=f"{url}/{name}", protocol=name, key=KEY, only=frozenset({"debug"}))
            assert complaints(run(options)) == [], name
