"""``tradepost simulate`` on the command line: it prints a summary, has the same result every time, and touches no
market.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import MAIN, Market
from tradepost.cli import simulate
from tradepost.market.base.errors import Refused

SMALL = ("--seed", "3", "--days", "12", "--sellers", "2", "--buyers", "2", "--faults", "0.3")
NEVER_HOLDS = """
from tradepost.simulate import rules
rules.RULES += (rules.Rule(name="no service is opened", finds="SELECT id, 'it is ' || status FROM subscriptions_subscription"),)
from tradepost.cli import main
main()
"""


def run(folder: Path, *arguments: str, program: list[str] = MAIN, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, "simulate", *arguments],
        env=Market(folder).env(**more),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_result_is_the_same_in_every_process_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRADEPOST_PERIOD_GRACE_DAYS=[9,9,9,9,9,9]\nTRADEPOST_PORT=nonsense\n")
    first = run(tmp_path, *SMALL, "--json", PYTHONHASHSEED="1", TRADEPOST_CURRENCY="EUR")
    again = run(tmp_path, *SMALL, "--json", PYTHONHASHSEED="2")
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    told, same = json.loads(first.stdout), json.loads(again.stdout)
    assert told["digest"] == same["digest"]
    assert {**told, "seconds": 0} == {**same, "seconds": 0}
    assert told["plan"] == {"seed": 3, "days": 12, "sellers": 2, "buyers": 2, "faults": 0.3, "visits": None}
    assert (told["failed"], told["broken"], told["trace"]) == (False, [], [])
    assert min(told[name] for name in ("visits", "orders", "calls", "events", "looks")) > 0
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.slow
def test_broken_rule_ends_with_the_shortest_run(tmp_path: Path) -> None:
    """No market keeps this rule, so ours need not be broken."""
    failed = run(tmp_path, *SMALL, program=[sys.executable, "-c", NEVER_HOLDS])
    assert failed.returncode == 1, failed.stderr
    assert "Seed 3 fails at 2027-" in failed.stdout
    assert "  no service is opened (service 1): it is opening" in failed.stdout
    assert "What happened to service 1:" in failed.stdout
    [last] = [line for line in failed.stdout.splitlines() if line.startswith("The shortest run that fails: ")]
    command = last.partition("tradepost simulate ")[2].split()
    assert int(command[-1]) >= 1
    again = run(tmp_path, *command, program=[sys.executable, "-c", NEVER_HOLDS])
    assert (again.returncode, last in again.stdout) == (1, True)


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 100_000}, {"sellers": 0}, {"buyers": 51}, {"runs": 0}, {"faults": 1.5}, {"faults": -0.1}, {"visits": -1}],
    ids=str,
)  # fmt: skip
def test_numbers_have_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(Refused) as refused:
        simulate.simulate(**wrong)  # type: ignore[arg-type]  # one of them
    assert refused.value.code == "simulate.range"
    assert f"--{next(iter(wrong))}" in refused.value.message
