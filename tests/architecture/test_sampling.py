"""Which tests a run selects (docs/decisions/0079): none is forgotten, and twenty successive commits run every slow test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import sampling, selection
from tests.architecture.source import ROOT

ITEMS = [(family, number) for family in "abc" for number in range(40)] + [("rare", 0)]
MARKS = {"browser", "postgres", "sqlite", "slow", "soak"}
OF_PYTEST = {"django_db", "filterwarnings", "parametrize", "skipif", "timeout", "usefixtures"}


class Item:
    """The part of a test that ``selection`` reads."""

    def __init__(self, nodeid: str, *marks: str, transaction: bool = False) -> None:
        self.nodeid, self.fixturenames = nodeid, ()
        self._marks = {name: SimpleNamespace(kwargs={"transaction": transaction}) for name in marks}

    def get_closest_marker(self, name: str) -> SimpleNamespace | None:
        return self._marks.get(name)

    def iter_markers(self, name: str) -> list[SimpleNamespace]:
        return [self._marks[name]] if name in self._marks else []


PURE = Item("tests/kit/test_a.py::test")
ROLLED_BACK = [Item(f"tests/market/orders/test_b.py::test[{n}]", "django_db") for n in range(200)]
OWN_TRANSACTIONS = Item("tests/market/orders/test_c.py::test", "django_db", transaction=True)
JOURNEY = Item("tests/journeys/test_d.py::test", "django_db")
PROGRAM = Item("tests/cli/test_e.py::test")
SQLITE, POSTGRES = Item("tests/market/base/test_f.py::test", "sqlite"), Item("tests/market/test_g.py::test", "postgres")
SLOW = [Item(f"tests/check/test_h.py::test[{n}]", "slow") for n in range(200)]
BROWSER = [Item(f"tests/browser/test_{n}.py::test[{m}]", "browser", "slow") for n in range(20) for m in "ab"]
SOAK = Item("tests/chaos/test_i.py::test", "soak")
SHORT = [PURE, *ROLLED_BACK, OWN_TRANSACTIONS, JOURNEY, PROGRAM]
ALL: list[Any] = [*SHORT, SQLITE, POSTGRES, *SLOW, *BROWSER, SOAK]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Select among ``ALL`` as a run of this kind does."""

    def select(kind: str, database: str, *, second: bool = False, turn: int = 0) -> list[Any]:
        monkeypatch.setattr(sampling, "SELECTION", kind)
        monkeypatch.setattr(sampling, "SOAK", kind == "soak")
        monkeypatch.setattr(sampling, "IN_CI", kind == "ci")
        monkeypatch.setattr(sampling, "TURN", turn)
        monkeypatch.setenv(selection.SECOND_RUN, "1" if second else "")
        return selection.select(ALL, database)

    return select


def test_run_by_hand_has_every_short_test_and_those_that_need_sqlite(run: Any) -> None:
    assert run("short", "postgres") == [*SHORT, POSTGRES]
    assert run("short", "sqlite", second=True) == [SQLITE]
    assert run("short", "sqlite") == [*SHORT, SQLITE], "without PostgreSQL, SQLite is the main database"


def test_ci_runs_every_short_test_on_postgresql_and_a_twentieth_of_the_slow_ones(run: Any) -> None:
    turns = [run("ci", "postgres", turn=turn) for turn in range(sampling.TURNS)]
    for chosen in turns:
        assert [item for item in chosen if item in SHORT] == SHORT
        assert SOAK not in chosen
    slow = [[item for item in chosen if item in SLOW] for chosen in turns]
    assert sorted(map(id, chain.from_iterable(slow))) == sorted(map(id, SLOW)), "twenty commits run each slow test once"
    assert all(0 < len(part) < len(SLOW) / 4 for part in slow)


def test_tests_of_one_browser_file_are_selected_together(run: Any) -> None:
    for turn in range(sampling.TURNS):
        names = [item.nodeid.partition("::")[0] for item in run("ci", "postgres", turn=turn) if item in BROWSER]
        assert {names.count(name) for name in names} <= {2}


def test_ci_runs_tests_that_depend_on_the_database_on_sqlite_too(run: Any) -> None:
    chosen = run("ci", "sqlite", second=True)
    assert {OWN_TRANSACTIONS, JOURNEY, PROGRAM, SQLITE} <= set(chosen)
    assert PURE not in chosen
    assert POSTGRES not in chosen
    assert 0 < len(set(chosen) & set(ROLLED_BACK)) < len(ROLLED_BACK) / 4


def test_soak_runs_everything_and_database_tests_on_both(run: Any) -> None:
    assert run("soak", "postgres") == [item for item in ALL if item is not SQLITE]
    again = run("soak", "sqlite", second=True)
    assert {*ROLLED_BACK, OWN_TRANSACTIONS, JOURNEY, PROGRAM, SQLITE, SOAK} == set(again)


def test_named_tests_all_run_except_soaks(run: Any) -> None:
    assert run("", "postgres") == [item for item in ALL if item not in {SQLITE, SOAK}]


def test_sample_has_its_share_of_each_family_and_at_least_one() -> None:
    chosen = sampling.sample(ITEMS, family=lambda item: item[0], seed=1, everything=False)
    assert [sum(family == name for family, _ in chosen) for name in ("a", "b", "c", "rare")] == [4, 4, 4, 1]
    assert chosen == sorted(chosen, key=ITEMS.index)
    assert chosen == sampling.sample(ITEMS, family=lambda item: item[0], seed=1, everything=False)
    seeds = [sampling.sample(ITEMS, seed=seed, everything=False) for seed in range(200)]
    assert set(chain.from_iterable(seeds)) == set(ITEMS)
    assert sampling.sample(ITEMS, everything=True) == ITEMS


def test_sizes_are_a_tenth_outside_a_soak() -> None:
    assert (sampling.size(100, soak=True), sampling.size(100, soak=False)) == (100, 10)
    assert sampling.size(100, least=30, soak=False) == 30
    assert sampling.size(3, least=30, soak=False) == 3


def test_twenty_successive_commits_have_all_turns() -> None:
    assert {number % sampling.TURNS for number in range(1447, 1467)} == set(range(sampling.TURNS))
    assert sampling.commit_number() > 0


def collected(**given: str) -> tuple[list[str], str]:
    """Return the mutants that a separate run would try, and its output. Its conftest clears a person's settings."""
    own = ("TRADEPOST_", "PYTEST_", "CI")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "tests/check/test_mutants.py"],
        cwd=ROOT, env={**environment, **given}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 5}, done.stdout[-2000:]
    return [line for line in done.stdout.splitlines() if "test_mistake_is_named[" in line], done.stdout


@pytest.mark.slow
def test_environment_decides_and_the_run_prints_how_to_repeat_it() -> None:
    everything, output = collected(TRADEPOST_SEED="4711")
    assert "Ran the tests that were named; same random values again: TRADEPOST_SEED=4711" in output
    part, output = collected(TRADEPOST_TEST_SELECTION="ci", TRADEPOST_TEST_COMMIT="1447")
    assert "part 8 of 20 of the slow ones; same random values again: TRADEPOST_SEED=1447" in output
    assert set(part) < set(everything)
    assert len(everything) / 40 < len(part) < len(everything) / 10
    none, _ = collected(TRADEPOST_TEST_SELECTION="short")
    assert none == []


def test_run_is_sampled_by_the_commit_and_not_by_its_starting_program() -> None:
    """The program that starts a run imports ``tests.sampling`` too: each run in CI used to inherit commit 0 from it,
    and always selected part 1."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    says = "import json; from scripts import run_tests; print(json.dumps(run_tests.GIVEN))"
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert not [name for name in json.loads(done.stdout) if name.startswith("TRADEPOST_TEST")]


def test_project_has_five_marks() -> None:
    used = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"pytest\.mark\.(\w+)", path.read_text("utf-8"))
    }
    assert used - OF_PYTEST <= MARKS


def test_workers_know_the_commit_of_the_first_process() -> None:
    assert {"TRADEPOST_TEST_SEED", "TRADEPOST_TEST_COMMIT"} <= os.environ.keys()
    assert int(os.environ["TRADEPOST_TEST_SEED"]) == sampling.SEED
    assert Path(sampling.__file__).is_relative_to(ROOT)
