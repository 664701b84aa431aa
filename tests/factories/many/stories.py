"""The size of the market, and the table of stories that all its rows are derived from: who bought what, and its
progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .insert import run

UNDER_WAY = 800
"""The newest orders. Of them, the newest 300 are unpaid; then come the hundreds below."""
STORIES = ("paid", "created", "creating", "renewal_paid", "refreshed")
PRICE = 10_000
ENDED = "story IN ('renewed', 'delivered')"
PAID = "story NOT IN ('unpaid', 'cancelled')"
HAS_SUBSCRIPTION = "story IN ('delivered', 'given_up', 'created', 'creating', 'handing_over')"
"""Stories whose order has its own subscription, with the number of the order as its key."""
STATUS = (
    f"CASE WHEN {ENDED} THEN 'completed' WHEN story = 'given_up' THEN 'refunded'"
    " WHEN story IN ('unpaid', 'cancelled') THEN story ELSE 'processing' END"
)
DELIVERED_BY_PEOPLE = 4000
"""Of this many of the newest orders, some are being delivered by people. The number does not grow with the market."""
_BY_PEOPLE = "(mod({n}, 200) = 101 OR mod({n}, 100) IN (26, 51, 76) OR mod({n}, 10) IN (6, 8))"
# Subscriptions that are being renewed are always active.
FROZEN = "mod(n, 7) IN (0, 2, 4) AND story = 'delivered' AND (n > 5000 OR mod(n, 5) <> 1)"
RELEASED = "mod(n, 7) = 1 AND story = 'delivered' AND (n > 5000 OR mod(n, 5) <> 1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    orders: int
    sellers: int = 1000
    events: int = 0
    """Subscriptions that are due tomorrow: a backlog that orders do not create."""
    due: int = 2000
    """Calls that are due now, besides those of the orders under way."""

    @property
    def buyers(self) -> int:
        return max(2000, self.orders // 10)

    @property
    def operator(self) -> int:
        """Key of the only operator."""
        return self.buyers + 1

    def member(self, seller: int) -> int:
        """Key of the only member of a seller."""
        return self.buyers + 1 + seller


def stories(size: Size, now: datetime) -> None:
    """``k`` counts from the newest. A renewal belongs to the subscription of an earlier order, its ``base``."""
    run(
        f"""
        CREATE TEMP TABLE o ON COMMIT DROP AS
        SELECT s.*, 'CS' || to_char(at AT TIME ZONE 'UTC', 'YYMMDDHH24MI')
          || translate(lpad(upper(to_hex(n)), 7, '0'), '0123456789ABCDEF', 'ABCDEFGHJKLMNPQR') AS number,
          story IN ('renewal_paid', 'refreshed', 'renewed') AS renews,
          CASE WHEN mod(base, 10) = 1 THEN 1 ELSE 2 + mod(base, {size.sellers - 1}) END AS seller,
          CASE WHEN mod(base, 100) = 1 THEN 1 ELSE 2 + mod(base::bigint * 7919, {size.buyers - 1})::int END AS buyer,
          0 AS product
        FROM (SELECT n, {size.orders} - n AS k, %s - {size.orders - 1} * 0 * interval '1 day'
            - ({size.orders} - n) * (interval '730 days' / {size.orders}) AS at, story,
            CASE WHEN story IN ('renewal_paid', 'refreshed') THEN 5 * ({size.orders} - n) + 1
              WHEN story = 'renewed' THEN n - 1 ELSE n END AS base
          FROM (SELECT n, CASE
              WHEN {size.orders} - n < 300 THEN 'unpaid'
              WHEN {size.orders} - n < {UNDER_WAY}
                THEN (ARRAY{list(STORIES)})[1 + ({size.orders} - n - 300) / 100]
              WHEN {size.orders} - n < {DELIVERED_BY_PEOPLE} AND {_BY_PEOPLE.format(n="n")} THEN 'handing_over'
              WHEN {size.orders} - n < {DELIVERED_BY_PEOPLE} AND mod(n, 5) = 2 AND {_BY_PEOPLE.format(n="(n - 1)")} THEN 'cancelled'
              WHEN mod(n, 5) = 2 THEN 'renewed'
              WHEN mod(n, 25) = 3 THEN 'cancelled'
              WHEN mod(n, 50) = 9 THEN 'given_up'
              ELSE 'delivered' END AS story
            FROM generate_series(1, {size.orders}) n) a) s
        """,
        now,
    )
    # Of the two products of each seller, every fortieth buyer of seller 1 bought the one charged by use, and never renewed it.
    run(
        "UPDATE o SET product = 2 * seller - CASE WHEN mod(base, 5) = 1 AND mod(base, 40) <> 21 THEN 1 ELSE mod(base / 20, 2) END"
    )
    run("ANALYZE o")
