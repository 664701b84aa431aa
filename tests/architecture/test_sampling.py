"""Which tests a run selects, and with which seed (docs/decisions/0116): the same for every commit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest

from tests import sampling, selection
from tests.architecture.source import ROOT

ITEMS = [(family, number) for family in "abc" for number in range(40)] + [("rare", 0)]
MARKS = {"browser", "postgres", "sqlite", "slow", "soak"}
OF_PYTEST = {"django_db", "filterwarnings", "parametrize", "skipif", "timeout", "usefixtures"}


class Item:
    """What ``selection`` reads of a test."""

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
SLOW = [Item(f"tests/check/test_{n}.py::test_h", "slow") for n in range(200)]
SOAK = Item("tests/chaos/test_i.py::test", "soak")
SHORT = [PURE, *ROLLED_BACK, OWN_TRANSACTIONS, JOURNEY, PROGRAM]
ALL: list[Any] = [*SHORT, SQLITE, POSTGRES, *SLOW, SOAK]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Select among ``ALL`` as a run of this kind does."""

    def select(kind: str, database: str, *, second: bool = False, part: str = "") -> list[Any]:
        monkeypatch.setattr(sampling, "SOAK", kind == "soak")
        monkeypatch.setattr(sampling, "GATE", kind == "gate")
        monkeypatch.setattr(selection, "SLOW_IN_GATE", tuple(item.nodeid for item in SLOW[:2]))
        monkeypatch.setenv(selection.SECOND_RUN, "1" if second else "")
        monkeypatch.setenv(selection.PART, part)
        return selection.select(ALL, database)

    return select


def test_the_gate_has_every_short_test_and_the_listed_slow_ones(run: Any) -> None:
    assert run("gate", "postgres") == [*SHORT, POSTGRES, *SLOW[:2]]
    assert run("gate", "sqlite") == [*SHORT, SQLITE, *SLOW[:2]], "without PostgreSQL, SQLite is the main database"


def test_the_gate_repeats_on_sqlite_what_may_depend_on_the_database(run: Any) -> None:
    assert run("gate", "sqlite", second=True) == [OWN_TRANSACTIONS, JOURNEY, PROGRAM, SQLITE]


def test_a_soak_runs_everything_and_what_uses_a_database_on_both(run: Any) -> None:
    assert run("soak", "postgres") == [item for item in ALL if item is not SQLITE]
    again = run("soak", "sqlite", second=True)
    assert {*ROLLED_BACK, OWN_TRANSACTIONS, JOURNEY, PROGRAM, SQLITE, SOAK} == set(again)


def test_the_parts_of_a_soak_have_every_test_once(run: Any) -> None:
    parts = [run("soak", "postgres", part=f"{number}/8") for number in range(1, 9)]
    assert sorted(map(id, chain.from_iterable(parts))) == sorted(map(id, run("soak", "postgres")))
    assert len({len({item.nodeid.partition("::")[0] for item in part}) for part in parts}) > 1, "files stay together"


def test_the_tests_that_a_person_names_all_run_but_for_soaks(run: Any) -> None:
    assert run("", "postgres") == [item for item in ALL if item not in {SQLITE, SOAK}]


def test_a_sample_has_its_share_of_each_family_and_at_least_one() -> None:
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


def test_importing_the_module_changes_no_environment() -> None:
    """``scripts/run_tests.py`` imports it before it knows the kind of the run. Its runs inherited what was set here."""
    says = "import json, os; b = dict(os.environ); import tests.sampling as s; print(json.dumps([b == dict(os.environ), s.SEED]))"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    done = subprocess.run(
        [sys.executable, "-c", says], cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == [True, sampling.FIXED_SEED]


def test_every_listed_slow_test_exists() -> None:
    for name in selection.SLOW_IN_GATE:
        file, _, test = name.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert "mark.slow" in text, f"{file} is not marked slow"
        assert f"def {test.partition('[')[0]}(" in text if test else "def test_" in text, name


def test_there_are_five_marks_of_our_own() -> None:
    used = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"pytest\.mark\.(\w+)", path.read_text("utf-8"))
    }
    assert used - OF_PYTEST <= MARKS
