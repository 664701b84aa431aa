"""A statement as CSV and as a workbook: cells are text and numbers, and no formula runs (business-rules §8.4)."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from tests.market.settlement.settling import earned_statement
from tradepost.market.settlement.exports import Table, as_csv, as_workbook
from tradepost.market.web.settlement_tables import statement_file

TABLE = Table("JS2603", ["名称", "Amount"], [["=1+1", Decimal("-5.03")], ["+86", Decimal("0.10")]])


def test_formulas_are_exported_as_text() -> None:
    lines = list(csv.reader(io.StringIO(as_csv(TABLE).removeprefix("\ufeff"))))
    assert lines == [["名称", "Amount"], ["'=1+1", "-5.03"], ["'+86", "0.10"]]


def test_workbook_holds_only_text_and_numbers() -> None:
    with zipfile.ZipFile(io.BytesIO(as_workbook(TABLE))) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # ours
        names = book.namelist()
    space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    assert sheet.findall(".//s:f", space) == []
    assert [cell.text for cell in sheet.findall(".//s:c[@r='B2']/s:v", space)] == ["-5.03"]
    assert sheet.find(".//s:c[@r='A2']", space).get("t") == "s"  # type: ignore[union-attr]
    assert [name for name in names if "vba" in name.lower() or "external" in name.lower()] == []


@pytest.mark.django_db
def test_lines_of_a_statement_are_exported_with_all_inputs_of_their_fee() -> None:
    statement = earned_statement()
    answer = statement_file(statement, "csv")
    head, line = csv.reader(io.StringIO(answer.content.decode().removeprefix("\ufeff")))
    assert line[3:] == ["2026-03", "100.00", "0.00", "0.95", "0", "100.00", "5.00", "95.00", "CNY", ""], head
    assert answer["Content-Disposition"] == f'attachment; filename="{statement.number}.csv"'
    assert statement_file(statement, "xlsx").content[:2] == b"PK"
