"""Find the newest or oldest rows of many lists with an index that holds each list in order.

For example, the orders of all products whose name matches a search. With ``product IN (…)`` alone, a database reads
and sorts all rows of these products, or scans other rows until a page is full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from msgspec import Struct

from .numbers import whole_number
from .paging import order_of

MAX_LISTS = 100
"""Maximum number of lists in one statement: SQLite accepts at most 500."""


class End(Struct, frozen=True, kw_only=True):
    """The end of the lists to read: the next ``most`` keys after ``last``, the newest first unless ``oldest``."""

    key: str = "pk"
    oldest: bool = False
    last: int | None = None
    most: int

    @classmethod
    def of(cls, after: str, *, key: str = "pk", most: int) -> End:
        """Return what a page of ``paging.page`` with this ``after`` reads."""
        oldest, last_key = order_of(after)
        return cls(key=key, oldest=oldest, last=whole_number(last_key), most=most)

    @property
    def order(self) -> str:
        return self.key if self.oldest else f"-{self.key}"

    def narrowed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows after the last row of the previous page."""
        return rows if self.last is None else rows.filter(**{f"{self.key}__{'gt' if self.oldest else 'lt'}": self.last})

    def cut[T](self, keys: Iterable[T]) -> list[T]:
        """Return the first ``most`` keys, or tuples that begin with a key, in the order of the list."""
        return sorted(keys, reverse=not self.oldest)[: self.most]  # type: ignore[type-var]  # keys, or tuples that begin with one


def end_of_lists(
    rows: QuerySet[Any], owners: QuerySet[Any], end: End, *, by: str, statuses: Sequence[str]
) -> list[int]:
    """Return keys of the rows whose column ``by`` is one of ``owners``, in their order.

    Needs an index on the columns by which ``rows`` is filtered, then ``by``, ``status`` and the key. Runs two
    statements: the first reads the first row of each owner and status, the second at most a page of the lists that
    can be on it."""
    rows = end.narrowed(rows)
    owned_rows = rows.filter(**{by: OuterRef("pk")}).order_by()
    heads = {
        f"first_{number}": Subquery(owned_rows.filter(status=status).order_by(end.order).values(end.key)[:1])
        for number, status in enumerate(statuses)
    }
    # A subquery with a limit stays a subquery; PostgreSQL may turn ``Exists`` into a join that reads all these rows.
    with_rows = owners.alias(some=Subquery(owned_rows.values("pk")[:1])).filter(some__isnull=False).order_by()
    first_rows = end.cut(
        (head, owner, status)
        for owner, *heads_of_owner in with_rows.annotate(**heads).values_list("pk", *heads)
        for status, head in zip(statuses, heads_of_owner, strict=True)
        if head is not None
    )
    own_rows = (rows.filter(**{by: owner}, status=status) for _head, owner, status in first_rows)
    return end.cut(keys_of_all([own_list.order_by(end.order).values(end.key)[: end.most] for own_list in own_rows]))


def keys_of_all(lists: Sequence[QuerySet[Any]]) -> list[int]:
    """Return the distinct keys of the lists, in the order of the lists. Each list selects one column and may be
    sorted and sliced.

    Runs one statement per ``MAX_LISTS`` lists."""
    keys: dict[int, None] = {}
    for batch in batched(lists, MAX_LISTS):
        queries = [rows.query.sql_with_params() for rows in batch]
        text = " UNION ALL ".join(f"SELECT * FROM ({text}) listed" for text, _values in queries)  # noqa: S608  # Django wrote it
        with connection.cursor() as cursor:
            cursor.execute(text, [value for _text, values in queries for value in values])
            keys |= dict.fromkeys(pk for (pk,) in cursor.fetchall())
    return list(keys)
