"""Snapshots of the database by table, and the tables that statements write to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session

from tradepost.market.identity.models import Throttle


class WrittenTables:
    """Collects the tables named by writing statements, because reading every table after each of thousands of requests
    is slow. No trigger writes to another table.
    """

    READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
    NAME = re.compile(r"\w+")

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not str(sql).startswith(self.READS):
            self.tables.update(named := _tables().intersection(self.NAME.findall(str(sql))))
            assert named, f"writes to no table that is known: {sql}"
        return execute(sql, params, many, context)


@cache
def _tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))


def rows(tables: Collection[str] | None = None) -> dict[str, list[tuple]]:
    """Return all rows, or those of some tables; without sessions and rate limits, which any stranger changes."""
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model not in {Session, Throttle} and (tables is None or model._meta.db_table in tables)
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}
