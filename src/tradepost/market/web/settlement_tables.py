"""A statement as a file in the reader's language."""

from __future__ import annotations

from decimal import Decimal

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.settlement.exports import Cell, Table, as_csv, as_workbook
from tradepost.market.settlement.models import Statement
from tradepost.market.settlement.seller_queries import ExplainedLine, all_lines

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def statement_file(statement: Statement, kind: str) -> HttpResponse:
    """Return the statement as a download. ``kind``: ``csv`` or ``xlsx``."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    table = _table(statement)
    content: str | bytes = as_csv(table) if kind == "csv" else as_workbook(table)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8" if kind == "csv" else WORKBOOK)
    response["Content-Disposition"] = f'attachment; filename="{statement.number}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _table(statement: Statement) -> Table:
    lines, has_more = all_lines(statement, most=config().settlement.settlement_export_rows)
    head = [
        _("Order"), _("Kind"), _("Product"), _(
            "Month of the buyer's payment"), _("Earned"), _("Settled before"), _("Seller's share"),
        _("Increment"), _("Paid for the product in that month"), _("Fee"), _("Payout"), _("Currency"),
        _("Fee policy"),
    ]  # fmt: skip
    rows = [_cells(explained, statement.currency) for explained in lines]
    if has_more:
        rows.append([_("There are more entries. Ask the operator for the rest.")])
    return Table(statement.number, head, rows, MINOR_DIGITS[statement.currency])


def _cells(explained: ExplainedLine, currency: str) -> list[Cell]:
    line, inputs = explained.line, explained.inputs
    if line.repaid:
        number, kind = line.repaid, _("Paid in by the seller")
    elif line.line is not None:
        number, kind = line.line.order.number, str(line.line.order.get_order_type_display())
    else:
        number, kind = line.subscription.instance_id if line.subscription else "", _("Usage")
    name = localised_name(line.product, "name") if line.product else ""
    return [
        number, kind, name, f"{inputs.paid_month:%Y-%m}", line.base.major, explained.before.major, Decimal(inputs.share),
        Decimal(inputs.increment), explained.paid.major, line.fee.major, line.net.major, currency,
        inputs.policy,
    ]  # fmt: skip
