"""Counts for people, no further than they are read: whoever sees ``99+`` does not need the rest, and the rest may be millions."""

from __future__ import annotations

from typing import Any, Self

from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery

MOST = 999
"""What a page counts to unless it says otherwise."""


class Count(int):
    """How many there are, at most ``most``; as text ``999+`` when there are more."""

    more: bool
    """Whether there are more than the number says."""

    def __new__(cls, value: int, most: int = MOST) -> Self:
        """``value`` may be larger than ``most``; the number is then ``most``."""
        made = super().__new__(cls, min(value, most))
        made.more = value > most
        return made

    def __str__(self) -> str:
        return f"{int(self)}+" if self.more else int.__repr__(self)

    def __add__(self, other: int) -> Count:
        """More than was counted stays more than was counted."""
        total = Count(int(self) + int(other), 2 * MOST)
        total.more = self.more or getattr(other, "more", False)
        return total


def count_up_to(rows: QuerySet[Any], most: int = MOST) -> Count:
    """Reads at most one row more than ``most``; in the order of ``rows``, if they have one, and so by an index that has it."""
    return Count(rows[: most + 1].count(), most)


def counts_up_to(*every: QuerySet[Any], most: int = MOST) -> list[Count]:
    """The same for several, in one statement, each served by an index of its own."""
    made = [rows.values("pk")[: most + 1].query.sql_with_params() for rows in every]
    counts = ", ".join(f"(SELECT COUNT(*) FROM ({text}) counted)" for text, _ in made)  # noqa: S608  # Django wrote it
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", [value for _, values in made for value in values])
        return [Count(found, most) for found in cursor.fetchone()]


class CountedUpTo(Subquery):
    """The same inside of a query: ``annotate(unread=CountedUpTo(Notice.objects.filter(user=OuterRef("pk"))))``.

    The number may be ``most + 1``, which means more than ``most``.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], most: int = MOST) -> None:
        super().__init__(rows.order_by().values("pk")[: most + 1])
