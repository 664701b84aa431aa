"""Tables as files: exact values, no formulas in text, and little memory (issue 27: CSV and XLSX with escaped formulas)."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.factories.people import NOW
from tradepost.market.base import table_files
from tradepost.market.base.table_files import Cell, write_csv, write_workbook

HEAD = ["Name", "Amount", "At", "Day", "Count"]
ROW: list[Cell] = ['青云 "A",\nB', Decimal("1234.50"), NOW, date(2026, 11, 30), 7]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


def test_csv_file_has_the_given_values() -> None:
    buffer = StringIO(newline="")
    assert write_csv(buffer, HEAD, [ROW, [None, None, None, None, 0]]) == 2
    text = buffer.getvalue()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(StringIO(text[1:], newline="")))
    assert rows[0] == HEAD
    assert rows[1][:2] == [ROW[0], "1234.50"]
    assert rows[1][2].endswith("+08:00")
    assert rows[1][3:] == ["2026-11-30", "7"]
    assert rows[2] == ["", "", "", "", "0"]


@pytest.mark.parametrize("text", FORMULAS, ids=repr)
def test_text_is_never_a_formula(tmp_path: Path, text: str) -> None:
    buffer = StringIO(newline="")
    write_csv(buffer, ["a"], [[text]])
    assert f"'{text}" in buffer.getvalue()
    write_workbook(tmp_path / "a.xlsx", ["a"], [[text]])
    [_head, [cell]] = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert str(cell).strip() == text.strip()
    assert b"<f>" not in _sheet(tmp_path / "a.xlsx")


def _sheet(path: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(path) as book:
        return book.read("xl/worksheets/sheet1.xml")


def test_workbook_has_the_given_values(tmp_path: Path) -> None:
    assert write_workbook(tmp_path / "a.xlsx", HEAD, iter([ROW]), name="orders") == 1
    sheet = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_name("orders").to_python()
    assert sheet[0] == HEAD
    assert sheet[1][0] == ROW[0]
    assert sheet[1][1] == 1234.5
    assert str(sheet[1][3])[:10] == "2026-11-30"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.xlsx"]


def test_workbook_refuses_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_WORKBOOK_ROWS", 2)
    with pytest.raises(ValueError, match="this many rows"):
        write_workbook(tmp_path / "a.xlsx", ["a"], [["1"], ["2"], ["3"]])
