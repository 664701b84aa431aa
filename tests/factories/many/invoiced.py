"""Invoices for the renewals of the largest seller, some of them for the largest buyer. A few of the newest wait for the
seller, some of them too long; their number does not grow with the market.
"""

from __future__ import annotations

from tradepost.market.assets.asset_models import FileScan
from tradepost.market.assets.file_scans import INVOICES
from tradepost.market.invoices.models import ExplanationLetter, Invoice, InvoiceItem, InvoiceTitle, IssuedInvoice

from .insert import insert, text
from .stories import PRICE

INVOICED = "story = 'renewed' AND mod(n, 10) = 2"
_WAITS = "(k < 4000 AND mod(n, 100) IN (2, 12))"
_STATUS = f"CASE WHEN NOT {_WAITS} THEN 'done' WHEN mod(n, 100) = 2 THEN 'review' ELSE 'to_issue' END"


def invoices() -> None:
    title = {"kind": text("company"), "name": text("蓝天科技有限公司"), "tax_number": text("91440300708461136T")}
    insert(
        InvoiceTitle,
        "(SELECT DISTINCT buyer, min(at) AS at FROM o GROUP BY buyer) b",
        buyer_id="buyer",
        created_at="at",
        **title,
    )
    insert(
        Invoice, f"o WHERE {INVOICED}", id="n", number="'FP' || n", status=_STATUS, buyer_id="buyer", seller_id="seller",
        invoice_type=text("general_digital"), amount_minor=f"{PRICE}", currency=text("CNY"),
        receiver_email=text("finance@many.example"), applied_at="at + interval '1 day'",
        due_at=f"CASE WHEN {_WAITS} THEN at + interval '8 days' END", late=f"{_WAITS} AND mod(n, 200) = 2",
        ended_at=f"CASE WHEN {_WAITS} THEN NULL ELSE at + interval '2 days' END", **title,
    )  # fmt: skip
    insert(
        InvoiceItem, f"orders_orderline l JOIN o ON o.n = l.order_id WHERE {INVOICED}", invoice_id="o.n",
        source="'line:' || l.number", line_id="l.id", minor=f"{PRICE}",
    )  # fmt: skip
    insert(
        InvoiceItem, "billing_usagemonth u JOIN (SELECT buyer_id, seller_id, max(id) AS id FROM invoices_invoice GROUP BY 1, 2) i"
        " ON i.buyer_id = u.buyer_id AND i.seller_id = u.seller_id WHERE u.id IN (SELECT min(id) FROM billing_usagemonth WHERE invoiced_minor > 0 GROUP BY buyer_id, seller_id)", invoice_id="i.id",
        source="'usage:' || u.subscription_id || ':' || to_char(u.month, 'YYYYMM')", usage_id="u.id", minor="10",
    )  # fmt: skip
    insert(
        IssuedInvoice, f"o WHERE {INVOICED} AND NOT {_WAITS}", invoice_id="n", seller_id="seller",
        number="lpad(CAST(n AS text), 20, '0')", file_format=text("pdf"), sha256="lpad(n::text, 64, '0')", file_name=text("a.pdf"),
        file_bytes="1000", issued_at="at + interval '2 days'", issued_by=text("owner@many.example"),
    )  # fmt: skip
    insert(
        FileScan, "invoices_issuedinvoice i", sha256="i.sha256", store=text(INVOICES), bytes="1000", verdict=text("clean"),
        created_at="i.issued_at", scanned_at="i.issued_at",
    )  # fmt: skip
    insert(
        ExplanationLetter, "invoices_issuedinvoice i", issued_id="i.id", number="'SM' || i.invoice_id",
        code="'L' || lpad(CAST(i.invoice_id AS text), 23, '0')", made_at="i.issued_at",
        until="i.issued_at + interval '36500 days'",
    )  # fmt: skip
