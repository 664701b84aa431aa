"""Rows that PostgreSQL read for each statement of this connection: ``auto_explain`` logs every plan with the rows it
really read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

SETTINGS = {
    "log_min_duration": "0", "log_analyze": "on", "log_timing": "off", "log_format": "json", "log_nested_statements": "on",
    "log_level": "notice", "log_buffers": "on",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """A node of a plan that reads a table."""

    table: str
    how: str
    rows: float
    statement: str


def explain_everything() -> None:
    """Have this connection explain every statement, also those of triggers. Needs a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for name, value in SETTINGS.items():
            cursor.execute(f"SET auto_explain.{name} = '{value}'")


def explain_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET auto_explain.log_min_duration = '-1'")


@contextmanager
def explained(
    report: Callable[[Read], object], *, blocks: Callable[[int], object] = lambda _number: None
) -> Iterator[None]:
    """Report every read of every statement of this connection. ``blocks`` gets the number of 8 KiB blocks that each
    statement read.
    """

    def on_notice(notice: Any) -> None:
        _, separator, plan = notice.message_primary.partition("plan:\n")
        if separator:
            decoded = msgspec.json.decode(plan)
            blocks(sum(decoded["Plan"].get(f"Shared {whence} Blocks", 0) for whence in ("Hit", "Read")))
            for read in reads(decoded["Plan"], decoded["Query Text"]):
                report(read)

    driver = connection.connection
    driver.add_notice_handler(on_notice)
    try:
        yield
    finally:
        driver.remove_notice_handler(on_notice)


def reads(plan: Mapping[str, Any], statement: str, *, above: str = "") -> Iterator[Read]:
    """Yield the reads of the whole plan. They include rows removed by a filter, and the entries of an index bitmap.

    ``above``: the table whose rows a part of the plan finds.
    """
    table = plan.get("Relation Name", above)
    reading = "Relation Name" in plan and plan["Node Type"] != "ModifyTable"
    if (reading or plan["Node Type"] == "Bitmap Index Scan") and (loops := plan["Actual Loops"]):
        removed = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
        rows = (plan["Actual Rows"] + removed) * loops
        yield Read(table, f"{plan['Node Type']} {plan.get('Index Name', '')}".strip(), rows, statement)
    for part in plan.get("Plans", ()):
        yield from reads(part, statement, above=table)
