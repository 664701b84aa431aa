"""Refunds of each twentieth delivered order. Of the newest, a quarter waits for the seller and a quarter for an
operator; their number does not grow with the market. Only these are refunds without a reason, which a buyer may request
a few times a year.
"""

from __future__ import annotations

from tradepost.market.orders.refund_models import Refund, RefundLine

from .insert import insert, text
from .stories import PRICE

REFUNDED = "story = 'delivered' AND mod(n, 20) = 1"


NEWEST = 4000


def refunds() -> None:
    insert(
        Refund, f"o WHERE {REFUNDED}", id="n", kind=f"CASE WHEN k < {NEWEST} THEN 'no_reason' ELSE 'negotiated' END", buyer_id="buyer", seller_id="seller", subscription_id="n",
        status=f"CASE WHEN k < {NEWEST} AND mod(n, 80) = 1 THEN 'appealed'"
        f" WHEN k < {NEWEST} AND mod(n, 80) = 41 THEN 'seller_review' ELSE 'refunded' END",
        order_id="n", amount_minor=f"{PRICE}", currency=text("CNY"), requested_at="at + interval '1 day'",
        appeal_at="at + interval '11 days'", ended_at="at + interval '1 day'",
    )  # fmt: skip
    insert(
        RefundLine, f"orders_orderline l JOIN o ON o.n = l.order_id WHERE {REFUNDED}", refund_id="o.n", line_id="l.id",
        paid_minor=f"{PRICE}", back_minor=f"{PRICE}",
    )  # fmt: skip
