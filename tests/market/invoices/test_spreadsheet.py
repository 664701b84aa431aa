"""Reading spreadsheets within bounds: neither distant cells nor compressed data can exhaust the memory."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.spreadsheets import rows_xml, sheet_xml, spreadsheet
from tradepost.market.base.errors import Refused
from tradepost.market.base.spreadsheet import MAX_COLUMNS, MAX_ROWS, Unreadable, rows_of
from tradepost.market.invoices.batch_table import read_csv, read_xlsx

HEADING = ("申请编号", "发票号码", "文件名", "快递公司", "快递单号")


def test_lines_keep_their_row_and_numbers_have_no_decimal_point() -> None:
    rows = [
        (None, None),
        HEADING,
        ("FP1", "26512000000012345678", "数电票.pdf"),
        ("FP2", 12345678, None, "顺丰速运", "SF1"),
        (None,),
        ("FP3", 26512000000012345678),
    ]
    first, second, third = read_xlsx(spreadsheet(rows))
    assert (first.at, first.application, first.number, first.file) == (3, "FP1", "26512000000012345678", "数电票.pdf")
    assert (second.at, second.number, second.carrier, second.parcel) == (4, "12345678", "顺丰速运", "SF1")
    assert (third.at, bool(third.wrong)) == (6, True), "spreadsheets keep only fifteen digits of a number"
    assert (first.wrong, second.wrong) == ("", "")


def test_spreadsheet_and_csv_give_the_same_lines() -> None:
    csv_text = "\ufeff,\r\n申请编号,发票号码\r\nFP1,12345678\r\n\r\nFP2,12345679\r\n"
    rows = [(None,), ("申请编号", "发票号码"), ("FP1", 12345678), (None,), ("FP2", 12345679)]
    assert read_csv(csv_text.encode()) == read_xlsx(spreadsheet(rows))


def sheet_with_distant_cell(reference: str) -> str:
    return sheet_xml(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="{reference}"><v>1</v></c></row>')


REFUSED_FILES: dict[str, bytes] = {
    "no ZIP": b"application,number\n",
    "a ZIP of something else": spreadsheet(sheet="<html/>")[:-30],
    "locked by a password": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000,
    "a cell in the last corner": spreadsheet(sheet=sheet_with_distant_cell("XFD1048576")),
    "a column too far": spreadsheet(sheet=sheet_with_distant_cell("BM2")),
    "a row too far": spreadsheet(sheet=sheet_with_distant_cell(f"A{MAX_ROWS + 1}")),
    "its reference as numbers": spreadsheet(sheet=sheet_with_distant_cell("&#88;FD1048576")),
    "cells that say not where": spreadsheet(sheet=sheet_xml(f"<row>{'<c><v>1</v></c>' * (MAX_COLUMNS + 1)}</row>")),
    "rows that say not where": spreadsheet(sheet=sheet_xml("<row><c><v>1</v></c></row>" * (MAX_ROWS + 1))),
    "another prefix": spreadsheet(
        sheet='<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row>'
        '<x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    ),
    "in UTF-16": spreadsheet(sheet=sheet_with_distant_cell("XFD1048576").replace("UTF-8", "UTF-16").encode("utf-16")),
    "entities": spreadsheet(sheet='<!DOCTYPE a [<!ENTITY b "bb">]>' + sheet_xml("<row><c><v>&b;</v></c></row>")),
    "broken in the middle": spreadsheet(sheet=sheet_with_distant_cell("XFD1048576")[:-20]),
    "too much unpacked": spreadsheet(rows=[HEADING], zeros=b"\0" * 9_000_000),
}


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_dangerous_spreadsheet_is_refused_without_using_memory(case: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unreadable):
        rows_of(REFUSED_FILES[case])
    with pytest.raises(Refused) as error:
        read_xlsx(REFUSED_FILES[case])
    assert (error.value.code, error.value.field) == ("invoice_batch.table", "batch")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "memory growth in kilobytes"


def test_other_parts_of_the_file_are_ignored() -> None:
    assert rows_of(spreadsheet([HEADING], printerSettings1=b"\0\x01<c r=\xff"))[0] == list(HEADING)


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8), max_size=6), max_size=8
    )
)
def test_written_cells_are_read_back(rows: list[list[str]]) -> None:
    read_rows = rows_of(spreadsheet(sheet=sheet_xml(rows_xml(rows))))
    for index, row in enumerate(read_rows):
        expected = rows[index] if index < len(rows) else []
        assert [str(cell).strip() for cell in row][: len(expected)] == [text.strip() for text in expected[: len(row)]]


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_read(content: bytes) -> None:
    for data in (content, spreadsheet(sheet=content)):
        try:
            rows_of(data)
        except Unreadable:
            continue
