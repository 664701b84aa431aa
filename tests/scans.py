"""Fail a test on SQLite if the market scans a whole table that grows with it.

PostgreSQL's plans depend on the size of the tables and are checked in a large market
(``tests/market/test_every_statement.py``). SQLite's plans do not, as long as ANALYZE has not run, so each statement is
explained the first time it runs.
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
SHARED_QUERY_MODULES = tuple(
    f"{MARKET}/market/base/{name}"
    for name in ("django_internals/", "rows.py", "prepared.py", "paging.py", "counting.py")
)
"""Modules of the market that run the queries of other modules."""
EXPLAINABLE = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
STEP = re.compile(r"SCAN (\w+)( LEFT-JOIN)?")

MAY_SCAN = {
    "/migrations/": "once",
    "_check.py:": "the books are added up",
    "verify.py:": "the books are added up",
    ":problems": "the books are added up",
    "identity/first_agreements.py:make_drafts": "once, in a market that nobody uses yet",
    "payments/arrivals.py:": "the books are added up",
    "base/retention.py:_table_size": "rows are counted for tradepost doctor",
    "auth_centre/retention.py:work": "once a night, of a table that the night keeps short",
    "catalog/drafts.py:discard": "a product that was never sold is deleted, which SQLite looks for in each table that may refer to it",
    "production/calls.py:forget_answers": "of a market that is given away",
    "sites/console/calls.py:index": "the newest calls of orders, which most calls are",
    "fulfilment/operator_queries.py:all_operations": "the newest that ended, which most did",
    "licenses/lists.py:sold_codes": "the newest of a seller, from the newest of all on",
    "payments/queries.py:_backdated_transfers": "a sandbox, whose clock jumps: money is booked at a time that its row was not written at",
    "payments/queries.py:_movements_of_entries": "the newest of one kind of accounts, which most entries are of",
    "base/reseal.py:": "all that is sealed or keyed, in the order of the keys: a command that runs once a key",
    "personal_data/erase.py:": "rows by an email, of which few tables have an index: an erasure is rare, and a job of its own",
    "personal_data/sweep.py:": "every text of the market, once an erasure",
    "assets/personal.py:": "documents of one person, once an erasure",
    "exports/personal.py:": "files that may name one person, once an erasure",
    "licenses/personal.py:": "files of one person, once an erasure",
    "organisations/forget.py:": "files of passwords, which few enterprises have: once an enterprise that was dissolved",
    "base/sealed_rows.py:": "some of both ends of each table, of which most are sealed; all of them when a key is lost",
    "base/work.py:abandoned": "only tests look for leased events, which there are none of",
}
"""Parts of the names of functions that may scan, with the reason."""

full_scans: list[str] = []
"""Full scans of the running test, with the function that caused each."""
_plans: dict[str, frozenset[str]] = {}


def watch() -> None:
    """Explain every new statement from now on."""
    from tradepost.market.base.django_internals.sqlite import base

    execute = base.Cursor.execute

    def watched(self: Any, query: str, params: Any = None) -> Any:
        tables = _plans.get(query)
        if tables is None:
            tables = _plans[query] = _scanned_tables(execute, self, query, params)
        if tables and (caller := _caller_in_market(sys._getframe(1))):
            full_scans.extend(f"{caller} reads all of {table}: {query[:3000]}" for table in sorted(tables))
        return execute(self, query, params)

    base.Cursor.execute = watched  # type: ignore[method-assign]


def _scanned_tables(execute: Callable[..., Any], cursor: Any, query: str, params: Any) -> frozenset[str]:
    newest = " WHERE " not in query and " LIMIT " in query  # read from the end, which SQLite calls a scan too
    if newest or not EXPLAINABLE.match(query):
        return frozenset()
    steps = execute(cursor.connection.cursor(factory=type(cursor)), f"EXPLAIN QUERY PLAN {query}", params).fetchall()
    named = [match[1] for _, _, _, step in steps if (match := STEP.fullmatch(step))]
    return frozenset(_table(name, query) for name in named) & growing_tables() if named else frozenset()


def _table(name: str, query: str) -> str:
    """Return the table of a name in a query plan, which may be an alias."""
    alias = re.search(rf'"?(\w+)"?(?: AS)? "?{name}"?\b', query)
    return alias[1] if alias and alias[1] in growing_tables() else name


@cache
def growing_tables() -> frozenset[str]:
    from tests.factories import many

    return frozenset(model._meta.db_table for model in many.GROWING)


def _caller_in_market(frame: FrameType | None) -> str:
    """Return the function of the market that runs a statement; empty if the test itself runs it or the function may
    scan."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(ROOT / "tests")):
            return ""
        if file.startswith(MARKET) and not file.startswith(SHARED_QUERY_MODULES):
            caller = f"{Path(file).relative_to(MARKET).as_posix()}:{frame.f_code.co_name}"
            return "" if any(part in caller for part in MAY_SCAN) else caller
        frame = frame.f_back
    return ""
