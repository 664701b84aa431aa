"""Charges by time of use: split an amount over the hours in which the collection's usage began (pure functions,
decision 0097).

Charts then show usage and money in the same hour, although charges follow hours, days or a month later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from tradepost.market.base.money import Money


def by_time_of_use(
    amount: Money, used: Mapping[datetime, int], *, charged_at: datetime, price: Decimal = Decimal(0)
) -> dict[datetime, Money]:
    """Split the amount in proportion to the quantities; the parts add up exactly.

    If some hours have new usage and others voided usage, each hour gets its quantity times ``price`` first, so voids
    become credits; the rest is split by absolute quantity. ``price``: average price of one ten-thousandth in main units
    (``average_price``).

    Without usage, for example after a later deduction, the whole amount falls on ``charged_at``.
    """
    times = sorted(time for time, quantity in used.items() if quantity)
    if not times:
        return {charged_at: amount}
    has_both_kinds = len({used[time] > 0 for time in times}) > 1
    parts = [Money.of(price * used[time] if has_both_kinds else 0, amount.currency) for time in times]
    remainder = amount - sum(parts, Money(0, amount.currency))
    shares = remainder.split(tuple(abs(used[time]) for time in times))
    return {time: part + share for time, part, share in zip(times, parts, shares, strict=True)}


def average_price(exact: Decimal, quantity: int) -> Decimal:
    """Return the average price of one ten-thousandth of a unit; 0 without quantity."""
    return exact / quantity if quantity else Decimal(0)
