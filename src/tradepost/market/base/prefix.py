"""Prefix searches that use an index on both databases and give the same result."""

from __future__ import annotations

from typing import Any, override

from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import OrderBy

_LAST = "\U0010ffff"
"""Sorts after every other character."""


def begins_with(field: str, text: str) -> Q:
    """``field`` (or an annotation) begins with ``text``, case-sensitively.

    PostgreSQL uses an index with pattern operators for ``LIKE 'x%'`` in any collation; Django creates one for each
    unique text column. SQLite has no such index but sorts by bytes, so the condition is a range."""
    if connection.vendor == "postgresql":
        return Q((f"{field}__startswith", text))
    return Q((f"{field}__gte", text), (f"{field}__lt", text + _LAST))


class InPatternOrder(OrderBy):
    """The order of the index that serves ``begins_with``. With it, PostgreSQL reads the first rows from the index.

    Without an order, it scans the table until it has found enough rows."""

    def __init__(self, field: str) -> None:
        super().__init__(F(field))

    @override
    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **extra: Any) -> tuple[str, Any]:
        # Django searches the expression for the word ASC.
        pattern = "%(expression)s USING ~<~ /* ASC */" if connection.vendor == "postgresql" else template
        return super().as_sql(compiler, connection, template=pattern, **extra)
