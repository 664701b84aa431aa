"""What a market knows, table by table, and which tables something wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session

from tradepost.market.identity.models import Throttle


class Wrote:
    """The tables that any statement names which is more than a question: to read every table after each of thousands of requests
    takes long. No trigger of ours writes another one."""

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
    """Everything that the market knows, or what is in some tables; sessions aside, and the counts of tries, which every stranger
    moves."""
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model not in {Session, Throttle} and (tables is None or model._meta.db_table in tables)
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}
