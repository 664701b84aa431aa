"""The sample seller passes the tester on every protocol, as the process that a seller's engineer starts."""

from __future__ import annotations

import pytest

from tests.check.sample_process import KEY, complaints, started
from tradepost.check import Options, Verdict, run
from tradepost.protocols import registry

ALL = sorted(registry.protocols())


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_sample_seller_passes(name, tmp_path):
    with started(tmp_path, "--protocol", name) as url:
        report = run(Options(url=url, protocol=name, key=KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0
    # Every activity of the version is included: a test call of each was answered.
    passed = {result.check_id for result in report.results if result.verdict is Verdict.PASSED}
    assert passed >= {f"debug.{activity}" for activity in registry.protocol(name).activities.values()}


@pytest.mark.slow
def test_one_process_speaks_all_protocols_at_separate_paths(tmp_path):
    with started(tmp_path, "--protocol", ",".join(ALL[:4]), "--protocol", ",".join(ALL[4:])) as url:
        for name in ALL:
            options = Options(url=f"{url}/{name}", protocol=name, key=KEY, only=frozenset({"debug"}))
            assert complaints(run(options)) == [], name
