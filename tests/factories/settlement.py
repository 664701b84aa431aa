"""Statements in any state, written directly, for pages and tables that only show them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from tradepost.market.identity.models import Seller, User
from tradepost.market.invoices.models import FEE, TITLE_FIELDS, Invoice, InvoiceItem
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.settlement.fee import FeeInputs, fee_of
from tradepost.market.settlement.models import Category, Statement, StatementLine

from .invoices import make_invoice_title
from .people import NOW

MONTH = date(2026, 2, 1)


def make_statement(
    order: Order, *, month: date = MONTH, status: str = "countersign", now: datetime = NOW, **fields: object
) -> Statement:
    """Return a statement of one order, with a fee of 5 %."""
    line = OrderLine.objects.select_related("seller").get(order=order)
    inputs = FeeInputs(
        base_minor=line.amount_minor, share=Decimal("0.95"), paid_month=month, paid_minor=line.amount_minor
    )
    fee = fee_of(inputs)
    columns = {
        "number": f"JS{month:%y%m}{line.pk:08d}", "gross_minor": line.amount_minor, "fee_minor": fee,
        "net_minor": line.amount_minor - fee, "issued_at": now, "sign_by": now + timedelta(days=10),
    } | fields  # fmt: skip
    made = Statement.objects.create(
        seller=line.seller, category=Category.GENERAL, currency=order.currency, month=month, status=status, **columns
    )
    StatementLine.objects.create(
        statement=made, source=f"line:{line.number}", product_id=line.product_id, line=line, base_minor=line.amount_minor,
        rate=inputs.rate, fee_minor=fee, net_minor=line.amount_minor - fee, inputs=inputs.stored,
    )  # fmt: skip
    return made


def make_fee_invoice(
    statement: Statement, market: Seller, by: User, *, status: str = "review", now: datetime = NOW, **fields: object
) -> Invoice:
    """Return an invoice over the fee of a statement, as the market issues it under one of its sellers."""
    title = make_invoice_title(by, name=statement.seller.name)
    waits = status in {"review", "to_issue"}
    columns = {
        "number": f"FP{now:%y%m%d}FEE{statement.pk:05d}", "invoice_type": "general_digital", "currency": statement.currency,
        "amount_minor": statement.fee_minor, "receiver_email": "caiwu@a.example", "applied_at": now,
        "due_at": now + timedelta(days=7) if waits else None, "ended_at": None if waits else now,
        **{name: getattr(title, name) for name in TITLE_FIELDS},
    } | fields  # fmt: skip
    made = Invoice.objects.create(buyer=by, seller=market, payer=statement.seller, status=status, **columns)
    InvoiceItem.objects.create(invoice=made, source=f"{FEE}{statement.number}", minor=statement.fee_minor)
    return made
