"""Statements for each seller and month, except for the entries of the last forty days. Most are paid. The ledger is
taken over except for the newest entries, which the next night takes over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.factories.settlement import make_fee_invoice
from tradepost.market.identity.models import Seller, User
from tradepost.market.settlement.models import (
    OpenSum,
    PaidMonth,
    Progress,
    SettlementItem,
    Statement,
    StatementLine,
)

from .insert import insert, run, text
from .stories import ENDED, PRICE, Size

FEE = PRICE // 20
_MONTH = "date_trunc('month', o.at)::date"


def settled(size: Size, now: datetime) -> None:
    run(
        f"CREATE TEMP TABLE st ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY month, seller) AS id, g.* FROM"
        f" (SELECT seller, {_MONTH} AS month, count(*) AS c, max(at) AS at FROM o WHERE {ENDED} AND at < %s GROUP BY 1, 2) g",
        now - timedelta(days=40),
    )
    insert(
        Statement, "st", id="st.id", number="'JS' || st.id", seller_id="seller", category=text("general"), currency=text("CNY"),
        month="month", status="CASE WHEN st.id > (SELECT max(id) - 60 FROM st) THEN (ARRAY['countersign', 'rejected', 'paying'])"
        "[1 + mod(st.id, 3)] ELSE 'paid' END",
        gross_minor=f"c * {PRICE}", fee_minor=f"c * {FEE}", net_minor=f"c * {PRICE - FEE}", issued_at="at", sign_by="at",
    )  # fmt: skip
    one = f"o LEFT JOIN st ON st.seller = o.seller AND st.month = {_MONTH} AND o.at < %s WHERE {ENDED}"
    since = (now - timedelta(days=40)).isoformat()
    joined = one.replace("%s", f"'{since}'::timestamptz")
    shared = {"source": "'line:' || o.number || '-000001'", "product_id": "o.product", "line_id": "o.n"}
    insert(
        SettlementItem, joined, **shared, entry_id=f"2 * ({size.buyers} + 3 * o.n - 1)", seller_id="o.seller", currency=text("CNY"),
        minor=str(PRICE), paid_month=_MONTH, settles_at="o.at + interval '2 minutes'", statement_id="st.id",
    )  # fmt: skip
    insert(
        OpenSum, "(SELECT seller_id, currency, sum(minor) AS earned, count(*) AS c FROM settlement_settlementitem WHERE statement_id IS NULL"
        " GROUP BY 1, 2) s",
        seller_id="seller_id", currency="currency", earned_minor="earned", refunded_minor="0", items="c",
    )  # fmt: skip
    inputs = (
        f"jsonb_build_object('base_minor', {PRICE}, 'before_minor', 0, 'fee_before_minor', 0, 'share', '0.95', 'increment', '0',"
        f" 'paid_month', {_MONTH}::text, 'paid_minor', {PRICE})"
    )
    insert(
        StatementLine, f"{joined} AND st.id IS NOT NULL", **shared, statement_id="st.id", base_minor=str(PRICE),
        rate="0.05", fee_minor=str(FEE), net_minor=str(PRICE - FEE), inputs=inputs,
    )  # fmt: skip
    insert(
        PaidMonth, f"(SELECT product, {_MONTH} AS month, count(*) AS c FROM o WHERE {ENDED} GROUP BY 1, 2) p",
        product_id="product", currency=text("CNY"), month="month", minor=f"c * {PRICE}",
    )  # fmt: skip
    insert(Progress, "(SELECT max(id) AS last FROM payments_entry) e", id="1", through="e.last - 1900")


def invoiced_fee(size: Size, now: datetime) -> None:
    """Create the fee invoices: the second seller is the market's own, and the largest applied for an invoice over its
    fee."""
    Seller.objects.filter(pk=2).update(self_operated=True)
    statement = Statement.objects.filter(seller=1, status="paid").order_by("-pk")[0]
    make_fee_invoice(statement, Seller.objects.get(pk=2), User.objects.get(pk=size.member(1)), now=now)
