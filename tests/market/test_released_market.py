"""What an earlier version left behind: its database migrates, no money moves, and everything open ends as it would have there.

The dumps in tests/data were made by scripts/dump_market.py of each version, with orders and subscriptions in every state; beside
each stands what that version itself made of it in a year. Each runs in a process and a database of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DATABASE
from tests.postgres import new_database
from tests.released.year import environment

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
DUMPS = [
    pytest.param(name, marks=pytest.mark.xdist_group(name))  # one process works through the year of each
    for name in sorted(path.name for path in DATA.glob("market-*.jsonl.xz"))
]
LONGEST = 280
"""Seconds. It takes a tenth of that on a machine that has nothing else to do."""

pytestmark = [
    pytest.mark.databases, pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.parametrize("dump", DUMPS),
]  # fmt: skip


@pytest.fixture
def year(dump: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The dump under this version, migrated and a year later."""
    return _year_of(dump, tmp_path_factory.getbasetemp())


@cache
def _year_of(dump: str, folder: Path) -> dict[str, Any]:
    name = dump.partition(".jsonl")[0]
    url = new_database(f"released_{name.replace('-', '_').replace('.', '_')}") if DATABASE == "postgres" else ""
    world = environment(DATA / dump, data=folder / name, database_url=url) | {"PYTHONPATH": str(ROOT)}
    worked = subprocess.run(
        [sys.executable, "-m", "tests.released.year", str(DATA / dump)],
        cwd=ROOT, env=world, capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip
    assert worked.returncode == 0, worked.stderr[-4000:]
    found: dict[str, Any] = json.loads(worked.stdout)
    return found


def expected_of(dump: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / dump.replace(".jsonl.xz", ".expected.json")).read_text(encoding="utf-8"))
    return found


def test_the_migrated_tables_are_those_of_the_models(dump: str, year: dict[str, Any]) -> None:
    """Every row is read with every column, and what is sealed opens with the market's key."""
    assert year["unmigrated"] == ""
    assert year["unreadable"] == []


def test_a_migration_moves_no_money(dump: str, year: dict[str, Any]) -> None:
    balances = year["balances"]
    assert balances["in the dump"]
    assert balances["loaded"] == balances["in the dump"]
    assert balances["migrated"] == balances["in the dump"]
    assert year["problems"] == []


def test_nothing_is_lost(dump: str, year: dict[str, Any]) -> None:
    """Orders and subscriptions stand after the migration where they stood before it."""
    begins, cases = year["begins"], expected_of(dump)["cases"]
    orders = {order["order"]: order["was"] for case in cases for order in case["orders"]}
    assert {number: order["status"] for number, order in begins["orders"].items()} == orders
    held = {s["subscription"]: s["was"] for case in cases for s in case["subscriptions"] if s["was"] != "not there"}
    assert {number: one["status"] for number, one in begins["subscriptions"].items()} == held


def test_everything_open_ends_in_a_year_as_the_earlier_version_ended_it(dump: str, year: dict[str, Any]) -> None:
    """business-rules §4.4, saas-v2 §3.3–3.5, §3.10, saas-v1-license A2–A6, B1, B3; by sellers who do what they are asked."""
    cases, ends = expected_of(dump)["cases"], year["ends"]
    others = [
        f"{case['case']}: {wanted} became {found}"
        for case in cases
        for kind, key in (("orders", "order"), ("subscriptions", "subscription"))
        for wanted in case[kind]
        if (found := ends[kind].get(wanted[key])) is None or _compared(found, case) != _compared(wanted, case)
    ]
    assert others == []
    assert ends["orders"].keys() == {order["order"] for case in cases for order in case["orders"]}
    assert ends["subscriptions"].keys() == {held["subscription"] for case in cases for held in case["subscriptions"]}


def _compared(row: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """Without what it was, and without what this case may end otherwise."""
    return {name: value for name, value in row.items() if name != "was" and name not in case["differs"]}


def test_the_money_of_a_year_is_where_it_would_be(dump: str, year: dict[str, Any]) -> None:
    assert year["final_problems"] == []
    assert year["final_balances"] == expected_of(dump)["balances"]


def test_nothing_is_left_to_do(dump: str, year: dict[str, Any]) -> None:
    assert year["unfinished"] == expected_of(dump)["unfinished"]
    assert (year["unfinished"]["calls"], year["unfinished"]["events"]) == (0, 0)
