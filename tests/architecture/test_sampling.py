"""What ``make test`` leaves to ``make soak``: drawn by a seed, none of a family's kinds forgotten, nothing when all is asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import run_tests
from tests import sampling
from tests.architecture.source import ROOT
from tests.check.mutants import MUTANTS

ITEMS = [(family, number) for family in "abc" for number in range(40)] + [("rare", 0)]


def drawn(seed: int) -> list[tuple[str, int]]:
    return sampling.sample(ITEMS, family=lambda item: item[0], seed=seed, soak=False, brief=False)


def test_a_tenth_of_each_family_and_at_least_one_is_drawn() -> None:
    chosen = drawn(1)
    assert [sum(family == name for family, _ in chosen) for name in ("a", "b", "c", "rare")] == [4, 4, 4, 1]
    assert chosen == sorted(chosen, key=ITEMS.index)


def test_the_seed_alone_decides_and_every_item_has_its_turn() -> None:
    assert drawn(7) == drawn(7)
    assert {item for seed in range(200) for item in drawn(seed)} == set(ITEMS)


def test_a_name_more_changes_what_is_drawn_by_no_more_than_one() -> None:
    names = [f"tests/test_{number}.py" for number in range(60)]
    for seed in range(20):
        few = set(sampling.sample(names, share=1 / 3, seed=seed, soak=False, brief=False))
        more = set(
            sampling.sample(sorted([*names, "tests/test_new.py"]), share=1 / 3, seed=seed, soak=False, brief=False)
        )
        assert len(few) == len(more) == 20
        assert len(few - more) <= 1
    assert {name for seed in range(50) for name in sampling.sample(names, seed=seed, soak=False, brief=False)} == set(
        names
    )


def test_a_soak_leaves_nothing_out() -> None:
    assert sampling.sample(ITEMS, seed=1, soak=True) == ITEMS
    assert (sampling.size(100, soak=True), sampling.size(100, soak=False, brief=False)) == (100, 10)
    assert sampling.size(100, least=30, soak=False, brief=True) == 30
    assert sampling.size(3, least=30, soak=False) == 3


def test_a_brief_run_draws_a_quarter_and_ci_none_of_it_anew() -> None:
    quarter = sampling.sample(ITEMS, family=lambda item: item[0], seed=1, soak=False, brief=True)
    assert [sum(family == name for family, _ in quarter) for name in ("a", "b", "c", "rare")] == [1, 1, 1, 1]
    assert (sampling.size(100, soak=False, brief=True), sampling.size(100, soak=True, brief=True)) == (2, 100)
    assert sampling.sample(ITEMS, share=1, soak=False, brief=False) == ITEMS
    _, said = collected(CI="true")
    assert f"TRADEPOST_SEED={sampling.CI_SEED}" in said


def test_a_toss_depends_on_its_name_and_the_seed_alone() -> None:
    names = [f"tests/test_{number}.py" for number in range(200)]
    heads = {seed: {name for name in names if sampling.toss(name, (True, False), seed=seed)} for seed in (1, 2)}
    assert all(60 < len(one) < 140 for one in heads.values())
    assert heads[1] != heads[2]


def collected(**given: str) -> tuple[list[str], str]:
    """The mutants that a run of its own would try, and what it says: its conftest clears what a person's market has set,
    and must not lose these.
    """
    own = ("TRADEPOST_", "PYTEST_", "CI")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", "soak", "tests/check/test_mutants.py"],
        cwd=ROOT, env={**environment, **given}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    lines = done.stdout.splitlines()
    return [line for line in lines if "test_the_mistake_is_named[" in line], done.stdout


def test_the_environment_decides_and_the_run_says_so() -> None:
    few, said = collected(TRADEPOST_SEED="4711")
    assert "TRADEPOST_SEED=4711" in said
    everything, said = collected(TRADEPOST_SOAK="1", TRADEPOST_SEED="4711")
    assert "everything, TRADEPOST_SOAK is set" in said
    assert set(few) < set(everything)
    assert len(everything) == len(MUTANTS)
    assert len(MUTANTS) / 20 < len(few) < len(MUTANTS) / 5


def test_a_run_of_everything_is_brief_unless_more_is_asked_for() -> None:
    """Decision 0076: the same seed draws a part of what it draws with ``make test MORE=1``; of mutants in CI alone."""
    whole = {"TRADEPOST_SEED": "4711", "TRADEPOST_TEST_WHOLE_SUITE": "1"}
    brief, said = collected(CI="true", **whole)
    assert "ran a quarter of a tenth, to draw the same again: TRADEPOST_SEED=4711" in said
    by_hand, said = collected(**whole)
    assert "ran a tenth, of those in a browser and with programs a sixth of it, to draw the same again" in said
    more, said = collected(TRADEPOST_TEST_MORE="1", **whole)
    assert "ran a tenth, to draw" in said
    assert len(brief) < len(more)
    assert by_hand == more


def test_what_is_drawn_by_its_mark_runs_in_a_soak() -> None:
    """``make soak`` chooses by its mark. What is ``sampled(1)`` is left out of brief runs alone."""
    of_each_run = re.compile(r"mark\.sampled\((?!1\))")
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if of_each_run.search(path.read_text("utf-8"))]
    assert marked
    assert [path for path in marked if "mark.soak" not in path.read_text("utf-8")] == []


def test_both_passes_toss_by_one_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a seed each, files that run on one database would run on both, or on neither."""
    started: list[dict[str, str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda _command, *, env, **_more: started.append(env))
    for database in ("sqlite", "postgres"):
        run_tests._start(database, [], tmp_path / "files", workers=1)
    assert [one["TRADEPOST_TEST_DB"] for one in started] == ["sqlite", "postgres"]
    assert {one["TRADEPOST_TEST_SEED"] for one in started} == {str(sampling.SEED)}
