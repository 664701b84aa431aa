"""Numbers of orders, invoices and letters contain the market's date and time (business-rules §4.1)."""

from __future__ import annotations

from datetime import UTC, datetime

from tradepost.market.base.ids import dated_number, order_number

NEW_YEAR = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
"""00:30 on 1 January 2027 in Shanghai."""


def _first(alphabet: str, length: int) -> str:
    return alphabet[0] * length


def test_order_number_has_the_time_of_the_markets_zone() -> None:
    assert order_number(NEW_YEAR, _first) == "CS2701010030AAAAAAA"


def test_other_numbers_have_the_date_of_the_markets_zone() -> None:
    assert dated_number("FP", NEW_YEAR, _first) == "FP270101AAAAAAAA"
