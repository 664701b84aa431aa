"""Whatever a test makes the market do on SQLite: it reads no table that grows with the market from one end to the other.

PostgreSQL's plans depend on how large tables are, and are looked at in a large market (``tests/market/test_every_statement.py``).
SQLite's do not, as long as nobody has it count rows: so each statement is explained when it comes for the first time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from tests.architecture.source import ROOT

MARKET = str(ROOT / "src/tradepost")
ON_THE_WAY = tuple(
    f"{MARKET}/market/base/{name}"
    for name in ("sqlite/", "remembering_compiler.py", "rows.py", "prepared.py", "paging.py", "counting.py")
)
"""What others ask through."""
EXPLAINABLE = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
STEP = re.compile(r"SCAN (\w+)( LEFT-JOIN)?")

READS_ALL = {
    "/migrations/": "once",
    "_check.py:": "the books are added up",
    "verify.py:": "the books are added up",
    ":problems": "the books are added up",
    "payments/arrivals.py:": "the books are added up",
    "base/retention.py:_kept": "rows are counted for tradepost doctor",
    "auth_centre/retention.py:work": "once a night, of a table that the night keeps short",
    "catalog/drafts.py:discard": "a product that was never sold is deleted, which SQLite looks for in each table that may refer to it",
    "production/calls.py:forget_answers": "of a market that is given away",
    "sites/console/calls.py:index": "the newest calls of orders, which most calls are",
    "fulfilment/operator_queries.py:all_operations": "the newest that ended, which most did",
    "licenses/lists.py:sold_codes": "the newest of a seller, from the newest of all on",
    "payments/queries.py:_of_entries": "the newest of one kind of accounts, which most entries are of",
    "base/sealed_rows.py:": "some of both ends of each table, of which most are sealed; all of them when a key is lost",
    "base/work.py:abandoned": "only tests look for leased events, which there are none of",
}
"""Parts of the names of those who may, and why."""

found: list[str] = []
"""What read a whole table in the running test, and for whom."""
_plans: dict[str, frozenset[str]] = {}


def watch() -> None:
    """Look at the plan of every statement from now on."""
    from tradepost.market.base.sqlite import base

    execute = base.Cursor.execute

    def watched(self: Any, query: str, params: Any = None) -> Any:
        tables = _plans.get(query)
        if tables is None:
            tables = _plans[query] = _read_whole(execute, self, query, params)
        if tables and (who := _who_asks(sys._getframe(1))):
            found.extend(f"{who} reads all of {table}: {query[:3000]}" for table in sorted(tables))
        return execute(self, query, params)

    base.Cursor.execute = watched  # type: ignore[method-assign]


def _read_whole(execute: Callable[..., Any], cursor: Any, query: str, params: Any) -> frozenset[str]:
    newest = " WHERE " not in query and " LIMIT " in query  # read from the end, which SQLite calls a scan as well
    if newest or not EXPLAINABLE.match(query):
        return frozenset()
    steps = execute(cursor.connection.cursor(factory=type(cursor)), f"EXPLAIN QUERY PLAN {query}", params).fetchall()
    named = [match[1] for _, _, _, step in steps if (match := STEP.fullmatch(step))]
    return frozenset(_table(name, query) for name in named) & growing() if named else frozenset()


def _table(name: str, query: str) -> str:
    """An alias is written behind its table."""
    alias = re.search(rf'"?(\w+)"?(?: AS)? "?{name}"?\b', query)
    return alias[1] if alias and alias[1] in growing() else name


@cache
def growing() -> frozenset[str]:
    from tests.factories import many

    return frozenset(model._meta.db_table for model in many.GROWING)


def _who_asks(frame: FrameType | None) -> str:
    """The function of the market that a statement comes from; empty where a test asks itself, or who asks may."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(ROOT / "tests")):
            return ""
        if file.startswith(MARKET) and not file.startswith(ON_THE_WAY):
            who = f"{Path(file).relative_to(MARKET).as_posix()}:{frame.f_code.co_name}"
            return "" if any(part in who for part in READS_ALL) else who
        frame = frame.f_back
    return ""
