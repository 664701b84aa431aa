"""Counts for display that stop at a limit. A reader who sees ``99+`` does not need the exact number, which may be in
the millions."""

from __future__ import annotations

from typing import Any, Self

from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery

MAX_COUNT = 999
"""The default limit of a count on a page."""


class Count(int):
    """A number of rows, at most ``most``; as text ``999+`` if there are more."""

    more: bool
    """Whether there are more rows than this number."""

    def __new__(cls, value: int, most: int = MAX_COUNT) -> Self:
        """``value`` may be larger than ``most``; the number is then ``most``."""
        count = super().__new__(cls, min(value, most))
        count.more = value > most
        return count

    def __str__(self) -> str:
        return f"{int(self)}+" if self.more else int.__repr__(self)

    def __add__(self, other: int) -> Count:
        """The sum of an incomplete count is incomplete too."""
        total = Count(int(self) + int(other), 2 * MAX_COUNT)
        total.more = self.more or getattr(other, "more", False)
        return total


def count_up_to(rows: QuerySet[Any], most: int = MAX_COUNT) -> Count:
    """Count at most ``most`` rows plus one, in the order of ``rows``, so that an index in that order is used."""
    return Count(rows[: most + 1].count(), most)


def counts_up_to(*querysets: QuerySet[Any], most: int = MAX_COUNT) -> list[Count]:
    """Count several querysets in one statement. Each uses its own index."""
    queries = [rows.values("pk")[: most + 1].query.sql_with_params() for rows in querysets]
    counts = ", ".join(f"(SELECT COUNT(*) FROM ({text}) counted)" for text, _ in queries)  # noqa: S608  # Django wrote it
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", [value for _, values in queries for value in values])
        return [Count(number, most) for number in cursor.fetchone()]


class CountedUpTo(Subquery):
    """Count in a subquery: ``annotate(unread=CountedUpTo(Notice.objects.filter(user=OuterRef("pk"))))``.

    The number may be ``most + 1``, which means more than ``most``."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], most: int = MAX_COUNT) -> None:
        super().__init__(rows.order_by().values("pk")[: most + 1])
