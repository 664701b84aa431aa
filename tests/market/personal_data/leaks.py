"""Find a person's texts, in any spelling, in a dump of the database and in the files folder."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from tests import machine, waiting
from tests.market.file_texts import texts_of
from tradepost.market.base import sealed_rows
from tradepost.market.base.secrets import unseal

_COPY = re.compile(r"^COPY public\.(\w+) ")
_INSERT = re.compile(r'^INSERT INTO "(\w+)"')


def spellings(text: str) -> set[str]:
    """Return the spellings that programs use for a text: plain, in JSON, in an address, in HTML, in mails, and in
    base64 at any offset.
    """
    written = text.encode()
    variants = {
        text, json.dumps(text)[1:-1], quote(text), quote(text, safe=""), html.escape(text),
        "".join(f"&#{ord(letter)};" for letter in text), "".join(f"&#x{ord(letter):x};" for letter in text),
        "".join(f"={byte:02X}" for byte in written),
    }  # fmt: skip
    for before in range(3):
        coded = base64.b64encode(bytes(before) + written).decode()
        inner = coded[(before * 8 + 5) // 6 : (before + len(written)) * 8 // 6]
        variants |= {inner, inner.replace("+", "-").replace("/", "_")}
    return variants


def pattern_of(*texts: str, phone: str = "") -> re.Pattern[str]:
    """Return a pattern of every spelling of the texts. Phone numbers match with other blanks, dashes and brackets, with
    and without 86.
    """
    ways = {re.escape(form) for text in texts for form in spellings(text)}
    if phone:
        digits = re.sub(r"\D", "", phone)[-11:]
        ways |= {r"[\s().\-]*".join(digits), r"(?:%20|\+|&nbsp;)*".join(digits)}
        ways |= {re.escape(form) for form in spellings(digits) if form != digits}
    return re.compile("|".join(sorted(ways)), re.IGNORECASE)


def dumped_lines() -> Iterator[tuple[str, str]]:
    """Yield each line of a dump with its table; sealed values are opened."""
    yield from _postgres() if connection.vendor == "postgresql" else _sqlite()
    for model, column in sealed_rows.all_sealed():
        for batch in sealed_rows.batches(model, column):
            for _key, value in batch:
                yield from ((model._meta.db_table, unseal(text)) for text in sealed_rows.texts_in(value))


def _postgres() -> Iterator[tuple[str, str]]:
    """Yield the output of ``pg_dump``, which reads committed data."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    dump = subprocess.run(
        [machine.find_pg_dump(), "--no-owner", url], check=True, capture_output=True, timeout=waiting.PROGRAM_TIMEOUT
    )
    table = ""
    for line in dump.stdout.decode().split("\n"):
        table = header[1] if (header := _COPY.match(line)) else "" if line == "\\." else table
        yield table, line.replace("\\\\", "\\")


def _sqlite() -> Iterator[tuple[str, str]]:
    """Yield the statements of ``.dump``; line breaks within a text stay in its statement."""
    connection.ensure_connection()
    for statement in connection.connection.iterdump():
        insert = _INSERT.match(statement)
        yield insert[1] if insert else "", statement


def found_in_tables(pattern: re.Pattern[str]) -> dict[str, set[str]]:
    """Return the matches with some context, by table."""
    matches: dict[str, set[str]] = {}
    for table, line in dumped_lines():
        for hit in pattern.finditer(line):
            matches.setdefault(table, set()).add(line[max(hit.start() - 60, 0) : hit.end() + 20])
    return matches


def found_in_files(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    """Return the files that contain one of the texts: in names, bytes, contained files or pages of a PDF."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and (pattern.search(str(path)) or pattern.search(texts_of(path.read_bytes())))
    ]
