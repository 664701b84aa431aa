"""A market of an earlier version: its database migrates, no money moves, and everything open ends as it would have
ended there.

The dumps in tests/data were made by scripts/dump_market.py of each version, with orders and subscriptions in every
state, each with the results of that version after a year. Each runs in its own process and database: the newest in
every run, the older ones in a soak.
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
"""Versions with dumps, the newest last."""
NEWEST = f"market-{VERSIONS[-1]}-real.jsonl.xz"
"""Every run migrates this one. The year of a market takes a minute, so only a soak runs the others."""
DUMPS = [
    pytest.param(name, marks=() if name == NEWEST else pytest.mark.soak)
    for name in sorted(path.name for path in DATA.glob("market-*.jsonl.xz"))
]
TIMEOUT_SECONDS = 880
"""In seconds. An idle machine takes a tenth of it."""

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
        cwd=ROOT, env=world, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert worked.returncode == 0, worked.stderr[-4000:]
    result: dict[str, Any] = json.loads(worked.stdout)
    return result


@dataclass(frozen=True)
class IntendedChange:
    """A difference that this version intends: in which cases, and why."""

    cases: str
    why: str
    become: dict[str, str] = field(default_factory=dict)
    """The status instead of the former one."""
    calls: bool = False
    """Its calls end differently, too."""


RELEASES_ANY_INSTANCE = IntendedChange(
    r"creation refused for the last time, not told",
    "of a creation that was given up, whatever any of its requests may have made is released (saas-v2 §3.10)",
    calls=True,
)
INTENDED_CHANGES: dict[str, tuple[IntendedChange, ...]] = {
    "before-0.1.0": (
        IntendedChange(
            r"release.*(given up|refused, tried again|taken by a worker that died|not begun|under way|done, its end not told)",
            "the end of a service closes it by the market's own word, and a release that failed waits until it is resolved",
            become={"frozen": "releasing", "active": "releasing", "released": "releasing"}, calls=True,
        ),
        IntendedChange(
            r"(un)?freeze.*(given up|refused, tried again|taken by a worker that died|not begun|under way|done, its end not told|held back)|renewal (behind a freeze|in the retention done)",
            "frozen by the market's own word at once, and no longer than it is not paid for; what stopped is cancelled at the end",
            become={"active": "frozen", "frozen": "active"}, calls=True,
        ),
        IntendedChange(
            r"license_v1: renewal in the retention taken by a worker that died",
            "a refresh that was perhaps done has perhaps thawed it, so that it is frozen once more",
            calls=True,
        ),
        RELEASES_ANY_INSTANCE,
    ),
    "0.1.0": (RELEASES_ANY_INSTANCE,),
}  # fmt: skip
"""By the version that made the dump."""


def version_of(dump: str) -> str:
    return dump.removeprefix("market-").rpartition("-")[0]


def intended_change(dump: str, case: str) -> IntendedChange | None:
    return next(
        (change for change in INTENDED_CHANGES.get(version_of(dump), ()) if re.search(change.cases, case)), None
    )


def expected_of(dump: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(
        (DATA / dump.replace(".jsonl.xz", ".expected.json")).read_text(encoding="utf-8")
    )
    return expected


@of_each_dump
def test_migrated_tables_match_the_models(dump: str, year: dict[str, Any]) -> None:
    """Every row can be read with every column, and sealed values open with the market's key."""
    assert year["unmigrated"] == ""
    assert year["unreadable"] == []


@of_each_dump
def test_migration_moves_no_money(dump: str, year: dict[str, Any]) -> None:
    balances = year["balances"]
    assert balances["in the dump"]
    assert balances["loaded"] == balances["in the dump"]
    assert balances["migrated"] == balances["in the dump"]
    assert year["problems"] == []


@of_each_dump
def test_no_order_or_subscription_is_lost(dump: str, year: dict[str, Any]) -> None:
    """Orders and subscriptions have the same state after the migration as before."""
    begins, cases = year["begins"], expected_of(dump)["cases"]
    orders = {order["order"]: order["was"] for case in cases for order in case["orders"]}
    assert {number: order["status"] for number, order in begins["orders"].items()} == orders
    subscriptions = {s["subscription"]: (s["was"], case["case"]) for case in cases for s in case["subscriptions"]}
    existing = {number for number, (was, _) in subscriptions.items() if was != "not there"}
    assert begins["subscriptions"].keys() == existing
    moved = [
        f"{case}: {was} became {status}"
        for number, (was, case) in subscriptions.items()
        if number in existing
        and not _fits(status := begins["subscriptions"][number]["status"], was, intended_change(dump, case))
    ]
    assert moved == []


def _fits(status: str, was: str, intended: IntendedChange | None) -> bool:
    return status == was or (intended is not None and intended.become.get(was) == status)


@of_each_dump
def test_everything_open_ends_within_a_year_as_in_the_earlier_version(dump: str, year: dict[str, Any]) -> None:
    """business-rules §4.4, saas-v2 §3.3–3.5, §3.10, saas-v1-license A2–A6, B1, B3; with sellers that do what they are
    asked.
    """
    cases, ends = expected_of(dump)["cases"], year["ends"]
    differences = [
        f"{case['case']}: {expected} became {ended}"
        for case in cases
        for kind, key in (("orders", "order"), ("subscriptions", "subscription"))
        for expected in case[kind]
        if (ended := ends[kind].get(expected[key])) is None
        or not _end_equally(ended, expected, case, intended_change(dump, case["case"]))
    ]
    assert differences == []
    assert ends["orders"].keys() == {order["order"] for case in cases for order in case["orders"]}
    assert ends["subscriptions"].keys() == {
        subscription["subscription"] for case in cases for subscription in case["subscriptions"]
    }


def _end_equally(
    ended: dict[str, Any], expected: dict[str, Any], case: dict[str, Any], intended: IntendedChange | None
) -> bool:
    """Ignore the original state, and differences that this case may or should have."""
    ignored = {"was", *case["differs"], *(("calls",) if intended and intended.calls else ())}
    different = {name for name, value in expected.items() if name not in ignored and ended.get(name) != value}
    return not different or (different == {"status"} and _fits(ended["status"], expected["status"], intended))


def test_every_intended_change_is_used() -> None:
    """An exception that is no longer needed must be deleted."""
    dumps = [path.name for path in DATA.glob("market-*.jsonl.xz")]
    cases = {(version_of(dump), case["case"]) for dump in dumps for case in expected_of(dump)["cases"]}
    unused = [
        change.why
        for version, changes in INTENDED_CHANGES.items()
        for change in changes
        if not any(version == made_by and re.search(change.cases, case) for made_by, case in cases)
    ]
    assert unused == []


def test_each_dump_belongs_to_a_listed_version() -> None:
    """The year of the newest is run every time."""
    assert {version_of(path.name) for path in DATA.glob("market-*.jsonl.xz")} == set(VERSIONS)


@of_each_dump
def test_balances_after_a_year_are_those_of_the_earlier_version(dump: str, year: dict[str, Any]) -> None:
    assert year["final_problems"] == []
    assert year["final_balances"] == expected_of(dump)["balances"]


@of_each_dump
def test_no_work_is_left(dump: str, year: dict[str, Any]) -> None:
    """One timer for each living service, where there were two kinds of them."""
    assert sum(year["unfinished"]["timers"].values()) == sum(expected_of(dump)["unfinished"]["timers"].values())
    assert (year["unfinished"]["calls"], year["unfinished"]["events"]) == (0, 0)
