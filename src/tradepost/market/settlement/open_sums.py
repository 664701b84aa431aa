"""Sums of each seller's open items, so that pages do not read all items since the last statement."""

from __future__ import annotations

from collections.abc import Iterable

from tradepost.market.base import rows

from .models import SettlementItem

_COLUMNS = {"seller_id": "bigint", "currency": "text", "earned": "bigint", "refunded": "bigint", "items": "bigint"}
_ADD_STATEMENT = """
INSERT INTO settlement_opensum (seller_id, currency, earned_minor, refunded_minor, items)
SELECT seller_id, currency, earned, refunded, items FROM {table} WHERE true ON CONFLICT (seller_id, currency) DO UPDATE SET
 earned_minor = settlement_opensum.earned_minor + excluded.earned_minor,
 refunded_minor = settlement_opensum.refunded_minor + excluded.refunded_minor,
 items = settlement_opensum.items + excluded.items
"""


def add(items: Iterable[SettlementItem]) -> None:
    """Add new items, in the transaction that creates them."""
    _update_sums(items, 1)


def subtract(items: Iterable[SettlementItem]) -> None:
    """Subtract items, in the transaction that puts them on a statement."""
    _update_sums(items, -1)


def _update_sums(items: Iterable[SettlementItem], sign: int) -> None:
    """Update the sums, locked in the order of sellers."""
    sums: dict[tuple[int, str], list[int]] = {}
    for item in items:
        sum_columns = sums.setdefault((item.seller_id, item.currency), [0, 0, 0])
        sum_columns[0 if item.minor > 0 else 1] += sign * item.minor
        sum_columns[2] += sign
    new_rows = [dict(zip(_COLUMNS, (*key, *sum_columns), strict=True)) for key, sum_columns in sorted(sums.items())]
    if new_rows:
        rows.run(_ADD_STATEMENT.format(table=rows.recordset(_COLUMNS)), [rows.as_json(new_rows)])
