"""Search a text file, CSV or workbook for any of several texts."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from html import escape
from pathlib import Path
from typing import IO

PIECE_BYTES = 1_000_000
"""Bytes read at a time."""


def holds_any(path: Path, texts: Collection[str]) -> bool:
    """Return whether the file contains one of the texts, ignoring the case of Latin letters. A workbook is a ZIP of
    XML.

    Returns False if the file has been deleted."""
    forms = {form for text in texts for form in (text, escape(text), escape(text, quote=False))}
    needles = [form.encode().lower() for form in forms if form]
    if not needles:
        return False
    try:
        return any(text in piece for piece in _pieces(path, max(map(len, needles))) for text in needles)
    except FileNotFoundError:
        return False


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    """``overlap``: bytes repeated at the start of the next piece."""
    with path.open("rb") as file:
        yield from _read(file, overlap)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield from _read(member, overlap)


def _read(file: IO[bytes], overlap: int) -> Iterator[bytes]:
    tail = b""
    while piece := file.read(PIECE_BYTES):
        joined_text = tail + piece.lower()
        yield joined_text
        tail = joined_text[-overlap:]
