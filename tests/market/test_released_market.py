"""What an earlier version left behind: its database migrates, no money moves, and everything open ends as it would have there.

The dumps in tests/data were made by scripts/dump_market.py of each version, with orders and subscriptions in every state; beside
each stands what that version itself made of it in a year. Each runs in a process and a database of its own: the newest in every
run, the older ones in a soak.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DATABASE
from tests.postgres import new_database
from tests.released.year import environment

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
VERSIONS = ("before-0.1.0", "0.1.0")
"""Of which there are dumps, the newest last."""
NEWEST = f"market-{VERSIONS[-1]}-real.jsonl.xz"
"""Every run migrates this one. The year of a market takes a minute, so only a soak runs the others."""
DUMPS = [
    pytest.param(name, marks=() if name == NEWEST else pytest.mark.soak)
    for name in sorted(path.name for path in DATA.glob("market-*.jsonl.xz"))
]
LONGEST = 880
"""Seconds. It takes a tenth of that on a machine that has nothing else to do."""

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
of_each_dump = pytest.mark.parametrize("dump", DUMPS)


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


@dataclass(frozen=True)
class Otherwise:
    """What this version means to end otherwise than an earlier one: in which cases, and why."""

    cases: str
    why: str
    become: dict[str, str] = field(default_factory=dict)
    """The status instead of the former one."""
    calls: bool = False
    """Its calls end otherwise, too."""


RELEASES_WHATEVER_WAS_MADE = Otherwise(
    r"creation refused for the last time, not told",
    "of a creation that was given up, whatever any of its requests may have made is released (saas-v2 §3.10)",
    calls=True,
)
OTHERWISE: dict[str, tuple[Otherwise, ...]] = {
    "before-0.1.0": (
        Otherwise(
            r"release.*(given up|refused, tried again|taken by a worker that died|not begun|under way|done, its end not told)",
            "the end of a service closes it by the market's own word, and a release that failed waits until it is resolved",
            become={"frozen": "releasing", "active": "releasing", "released": "releasing"}, calls=True,
        ),
        Otherwise(
            r"(un)?freeze.*(given up|refused, tried again|taken by a worker that died|not begun|under way|done, its end not told|held back)|renewal (behind a freeze|in the retention done)",
            "frozen by the market's own word at once, and no longer than it is not paid for; what stopped is cancelled at the end",
            become={"active": "frozen", "frozen": "active"}, calls=True,
        ),
        Otherwise(
            r"license_v1: renewal in the retention taken by a worker that died",
            "a refresh that was perhaps done has perhaps thawed it, so that it is frozen once more",
            calls=True,
        ),
        RELEASES_WHATEVER_WAS_MADE,
    ),
    "0.1.0": (RELEASES_WHATEVER_WAS_MADE,),
}  # fmt: skip
"""By the version that made the dump."""


def version_of(dump: str) -> str:
    return dump.removeprefix("market-").rpartition("-")[0]


def otherwise(dump: str, case: str) -> Otherwise | None:
    return next((one for one in OTHERWISE.get(version_of(dump), ()) if re.search(one.cases, case)), None)


def expected_of(dump: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / dump.replace(".jsonl.xz", ".expected.json")).read_text(encoding="utf-8"))
    return found


@of_each_dump
def test_the_migrated_tables_are_those_of_the_models(dump: str, year: dict[str, Any]) -> None:
    """Every row is read with every column, and what is sealed opens with the market's key."""
    assert year["unmigrated"] == ""
    assert year["unreadable"] == []


@of_each_dump
def test_a_migration_moves_no_money(dump: str, year: dict[str, Any]) -> None:
    balances = year["balances"]
    assert balances["in the dump"]
    assert balances["loaded"] == balances["in the dump"]
    assert balances["migrated"] == balances["in the dump"]
    assert year["problems"] == []


@of_each_dump
def test_nothing_is_lost(dump: str, year: dict[str, Any]) -> None:
    """Orders and subscriptions stand after the migration where they stood before it."""
    begins, cases = year["begins"], expected_of(dump)["cases"]
    orders = {order["order"]: order["was"] for case in cases for order in case["orders"]}
    assert {number: order["status"] for number, order in begins["orders"].items()} == orders
    held = {s["subscription"]: (s["was"], case["case"]) for case in cases for s in case["subscriptions"]}
    there = {number for number, (was, _) in held.items() if was != "not there"}
    assert begins["subscriptions"].keys() == there
    moved = [
        f"{case}: {was} became {status}"
        for number, (was, case) in held.items()
        if number in there
        and not _fits(status := begins["subscriptions"][number]["status"], was, otherwise(dump, case))
    ]
    assert moved == []


def _fits(status: str, was: str, meant: Otherwise | None) -> bool:
    return status == was or (meant is not None and meant.become.get(was) == status)


@of_each_dump
def test_everything_open_ends_in_a_year_as_the_earlier_version_ended_it(dump: str, year: dict[str, Any]) -> None:
    """business-rules §4.4, saas-v2 §3.3–3.5, §3.10, saas-v1-license A2–A6, B1, B3; by sellers who do what they are asked."""
    cases, ends = expected_of(dump)["cases"], year["ends"]
    others = [
        f"{case['case']}: {wanted} became {found}"
        for case in cases
        for kind, key in (("orders", "order"), ("subscriptions", "subscription"))
        for wanted in case[kind]
        if (found := ends[kind].get(wanted[key])) is None
        or not _ends_alike(found, wanted, case, otherwise(dump, case["case"]))
    ]
    assert others == []
    assert ends["orders"].keys() == {order["order"] for case in cases for order in case["orders"]}
    assert ends["subscriptions"].keys() == {held["subscription"] for case in cases for held in case["subscriptions"]}


def _ends_alike(found: dict[str, Any], wanted: dict[str, Any], case: dict[str, Any], meant: Otherwise | None) -> bool:
    """But for what it was, and for what this case may, or is meant to, end otherwise."""
    left = {"was", *case["differs"], *(("calls",) if meant and meant.calls else ())}
    unlike = {name for name, value in wanted.items() if name not in left and found.get(name) != value}
    return not unlike or (unlike == {"status"} and _fits(found["status"], wanted["status"], meant))


def test_each_difference_that_is_meant_is_there() -> None:
    """An exception that nothing needs any more goes."""
    dumps = [path.name for path in DATA.glob("market-*.jsonl.xz")]
    cases = {(version_of(dump), case["case"]) for dump in dumps for case in expected_of(dump)["cases"]}
    unused = [
        one.why
        for version, ones in OTHERWISE.items()
        for one in ones
        if not any(version == made_by and re.search(one.cases, case) for made_by, case in cases)
    ]
    assert unused == []


def test_each_dump_has_its_place_among_the_versions() -> None:
    """Of the newest the year is worked through in every run."""
    assert {version_of(path.name) for path in DATA.glob("market-*.jsonl.xz")} == set(VERSIONS)


@of_each_dump
def test_the_money_of_a_year_is_where_it_would_be(dump: str, year: dict[str, Any]) -> None:
    assert year["final_problems"] == []
    assert year["final_balances"] == expected_of(dump)["balances"]


@of_each_dump
def test_nothing_is_left_to_do(dump: str, year: dict[str, Any]) -> None:
    """One timer for each living service, where there were two kinds of them."""
    assert sum(year["unfinished"]["timers"].values()) == sum(expected_of(dump)["unfinished"]["timers"].values())
    assert (year["unfinished"]["calls"], year["unfinished"]["events"]) == (0, 0)
