"""Texts in a file: raw, inside ZIP and spreadsheets, and on the pages of a PDF."""

from __future__ import annotations

import base64
import binascii
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_STRING = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def texts_of(content: bytes) -> str:
    """Return all text in the file, and the names of the files in it."""
    return "\n".join(_texts(content))


def _texts(content: bytes) -> Iterator[str]:
    yield content.decode("utf-8", "replace")
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for entry in archive.infolist():
                yield entry.filename
                yield from _texts(archive.read(entry))
    if content.startswith(b"%PDF-"):
        for stream in (content, *map(_plain, _STREAM.findall(content))):
            strings = [_ESCAPE.sub(_unescaped, string) for string in _STRING.findall(stream)]
            yield "".join(string.decode("latin-1") for string in strings)
            yield "".join(string.decode("utf-16-be", "ignore") for string in strings)


def _plain(stream: bytes) -> bytes:
    """Return a stream of a PDF without its filters."""
    if stream.endswith(b"~>"):
        stream = base64.a85decode(stream.removesuffix(b"~>"))
    try:
        return zlib.decompress(stream)
    except (zlib.error, binascii.Error):
        return stream


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    if code[:1] in b"01234567":  # in a stream that is no text, an 8 or 9 may follow
        return bytes([int(code, 8) & 255])
    return _LETTERS.get(code, code)
