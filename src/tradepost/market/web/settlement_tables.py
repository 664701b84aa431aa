"""A statement as a table in the reader's language, on its way out as a file."""

from __future__ import annotations

from decimal import Decimal

from django.http import Http404, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.settlement.exports import Cell, Table, as_csv, as_workbook
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.seller_queries import Explained, all_lines

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def statement_file(statement: Statement, kind: str) -> HttpResponse:
    """``csv`` or ``xlsx``."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    table = _table(statement)
    content: str | bytes = as_csv(table) if kind == "csv" else as_workbook(table)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8" if kind == "csv" else WORKBOOK)
    answer["Content-Disposition"] = f'attachment; filename="{statement.number}.{kind}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _table(statement: Statement) -> Table:
    lines, more = all_lines(statement, most=config().settlement_export_rows)
    head = [
        _("Order"), _("Kind"), _("Product"), _("Paid by the buyer in"), _("Earned"), _("Settled before"), _("Seller's share"),
        _("Increment"), _("Paid for the product in that month"), _("Fee"), _("To be paid out"), _("Currency"),
    ]  # fmt: skip
    rows = [_cells(one, statement.currency) for one in lines]
    if more:
        rows.append([_("There is more: ask the operator for the rest.")])
    return Table(statement.number, head, rows, MINOR_DIGITS[statement.currency])


def _cells(one: Explained, currency: str) -> list[Cell]:
    line, inputs = one.line, one.inputs
    if line.line is not None:
        number, kind = line.line.order.number, str(line.line.order.get_order_type_display())
    else:
        number, kind = line.subscription.instance_id if line.subscription else "", _("Usage")
    name = line.product.name if (get_language() or "").startswith("zh") else line.product.name_en or line.product.name
    return [
        number, kind, name, f"{inputs.paid_month:%Y-%m}", line.base.major, one.before.major, Decimal(inputs.share),
        Decimal(inputs.increment), one.paid.major, line.fee.major, line.net.major, currency,
    ]  # fmt: skip
