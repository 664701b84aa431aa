"""Daily totals of payments and refunds: stored totals up to an entry, which ``kept_sums`` advances, plus later entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from django.db import connection
from django.db.models import Count, Max, Sum
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.money import Money

from .models import DayTotal, Entry, Transfer

_TABLE = DayTotal._meta.db_table  # noqa: SLF001  # documented by Django
_DAY = {
    "postgresql": "(e.at AT TIME ZONE %s)::date",
    "sqlite": "django_datetime_cast_date(e.at, %s, 'UTC')",
}
_AS_DATE = {"postgresql": "%s::date", "sqlite": "%s"}
_LAST_SUMMED_ENTRY = f"SELECT COALESCE(MAX(summed_through), 0) FROM {_TABLE}"  # noqa: S608  # constants only
"""Separate mark, because a process of an earlier release may advance the other sums without these."""
_ADVANCE_STATEMENT = """
INSERT INTO {table} AS kept (day, kind, currency, transfers, minor, summed_through)
SELECT {day}, e.statement_kind, a.currency, COUNT(*), SUM(e.amount_minor), (SELECT MAX(id) FROM payments_entry)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
WHERE e.id > ({summed}) AND e.statement_kind <> '' GROUP BY 1, 2, 3
ON CONFLICT (day, kind, currency) DO UPDATE SET transfers = kept.transfers + excluded.transfers,
 minor = kept.minor + excluded.minor, summed_through = excluded.summed_through
"""
_READ_STATEMENT = """
SELECT day, kind, currency, SUM(transfers), SUM(minor) FROM (
 SELECT day, kind, currency, transfers, minor FROM {table} WHERE day >= {first}
 UNION ALL
 SELECT {day}, e.statement_kind, (SELECT currency FROM payments_account WHERE id = e.account_id), 1, e.amount_minor
 FROM payments_entry e WHERE e.id > %s AND e.id > ({summed}) AND e.statement_kind <> ''
) AS together WHERE day >= {first} GROUP BY day, kind, currency ORDER BY day, kind, currency
"""
"""A single statement, so that every entry counts once even while the totals are advanced."""


class DayFigure(Struct, frozen=True):
    """Total of one day. ``amount``: never negative. ``transfers``: number of payments or refunds."""

    day: date
    kind: Transfer.Reason
    amount: Money
    transfers: int


def advance(zone: str) -> None:
    """Add entries booked since to the totals. Call it in the transaction in which ``kept_sums`` locks the entries."""
    rows.run(_ADVANCE_STATEMENT.format(table=_TABLE, day=_DAY[connection.vendor], summed=_LAST_SUMMED_ENTRY), [zone])


def problems() -> Iterator[str]:
    """Compare the totals of all days, by reason and currency, with their entries; part of ``ledger.verify``.

    Not by day, because each day keeps the time zone of its count.
    """
    kept_rows = DayTotal.objects.order_by().values_list("kind", "currency")
    stored_sums = {
        (kind, currency): (count, minor)
        for kind, currency, count, minor in kept_rows.annotate(Sum("transfers"), Sum("minor"))
    }
    through = DayTotal.objects.aggregate(through=Max("summed_through"))["through"] or 0
    entries = Entry.objects.filter(pk__lte=through).exclude(statement_kind="").order_by()
    booked_rows = entries.values_list("statement_kind", "account__currency").annotate(Count("pk"), Sum("amount_minor"))
    booked_sums = {(kind, currency): (count, minor) for kind, currency, count, minor in booked_rows}
    for key in sorted({*stored_sums, *booked_sums}):
        if stored_sums.get(key, (0, 0)) != booked_sums.get(key, (0, 0)):
            yield f"days of {' '.join(key)} keep {stored_sums.get(key, (0, 0))}, their entries say {booked_sums.get(key, (0, 0))}"


def figures_since(first: date, zone: str) -> Sequence[DayFigure]:
    """Return payments and refunds per day from ``first`` on, by reason and currency, oldest first."""
    [(summed_through,)] = rows.run(_LAST_SUMMED_ENTRY, [])
    since = _AS_DATE[connection.vendor]
    statement = _READ_STATEMENT.format(
        table=_TABLE, first=since, day=_DAY[connection.vendor], summed=_LAST_SUMMED_ENTRY
    )
    result = rows.run(statement, [first.isoformat(), zone, summed_through, first.isoformat()])
    return [
        DayFigure(_date(day), Transfer.Reason(kind), Money(abs(int(minor)), currency), int(transfers))
        for day, kind, currency, transfers, minor in result
    ]


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
